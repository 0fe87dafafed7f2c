"""Every address of the product; each floor above registry brings its own."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from approvals.sign_in import SignInForm
from config.api import api
from config.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path(
        "accounts/login/",
        LoginView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True),
        name="login",
    ),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    # The admin's own form for it writes past the verb.
    path("admin/password_change/", RedirectView.as_view(pattern_name="approvals:password")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("", include("approvals.urls")),
]

#: Django answers 400 to a body too large to read; the pages say 413, limit and size
handler400 = "approvals.views.errors.bad_request"
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("config.demo.urls")))
