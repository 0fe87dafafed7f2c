"""Addresses of the pages. No segment of a prompt's name is "-", so `/-/` ends a name."""

from django.urls import URLPattern, path

from approvals.views.access import access
from approvals.views.audit_log import audit_log
from approvals.views.change_sets import change_set_page
from approvals.views.conformance import conformance
from approvals.views.emergency import emergency
from approvals.views.incident import incident
from approvals.views.new_set import new_change_set
from approvals.views.passwords import new_password, own_password, password_link
from approvals.views.planning import plan
from approvals.views.prompts import prompt_page, prompts, version_page
from approvals.views.proposing import new_prompt, propose, revise
from approvals.views.rebasing import rebase
from approvals.views.requests import request_diff, request_live, request_page
from approvals.views.reviews import reviews
from approvals.views.several import several
from approvals.views.shadow import shadow_report

app_name = "approvals"
urlpatterns: list[URLPattern] = [
    path("", reviews, name="reviews"),
    path("audit/", audit_log, name="audit-log"),
    path("accounts/password/", own_password, name="password"),
    path("accounts/password/new/", new_password, name="new-password"),
    path("accounts/password/<str:uid>/<str:token>/", password_link, name="password-link"),
    path("requests/several/", several, name="several"),
    path("requests/<int:pk>/", request_page, name="request"),
    path("requests/<int:pk>/live", request_live, name="request-live"),
    path("requests/<int:pk>/diff", request_diff, name="request-diff"),
    path("requests/<int:pk>/revise", revise, name="revise"),
    path("requests/<int:pk>/plan", plan, name="plan"),
    path("requests/<int:pk>/emergency", emergency, name="emergency"),
    path("requests/<int:pk>/rebase", rebase, name="rebase"),
    path("conformance/", conformance, name="conformance"),
    path("shadow/", shadow_report, name="shadow"),
    path("change-sets/new/", new_change_set, name="new-change-set"),
    path("change-sets/<uuid:public_id>/", change_set_page, name="change-set"),
    path("prompts/", prompts, name="prompts"),
    path("prompts/-/new", new_prompt, name="new-prompt"),
    path("prompts/<path:name>/-/propose", propose, name="propose"),
    path("prompts/<path:name>/-/incident", incident, name="incident"),
    path("prompts/<path:name>/-/access/", access, name="access"),
    path("prompts/<path:name>/-/versions/<int:number>/", version_page, name="version"),
    path("prompts/<path:name>/", prompt_page, name="prompt"),
]
