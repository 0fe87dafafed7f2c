"""Addresses of the demo, included only when settings.DEMO."""

from django.urls import path

from config.demo.views import cheat, switch

app_name = "demo"
urlpatterns = [
    path("switch/", switch, name="switch"),
    path("cheat/", cheat, name="cheat"),
]
