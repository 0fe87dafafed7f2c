"""The admin's front page and side menu: what there is in plain words, and what waits."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from approvals import mail, reads
from approvals.models import PolicyChange, UnprotectRequest
from registry import permissions
from registry.admin.steps import viewer_of

#: title of the group -> (words, admin page or address elsewhere, icon, sentence)
_GROUPS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "Prompts": (
        ("Prompts", "registry_prompt", "article", "Details, what each label serves, grants."),
        ("Namespaces", "registry_namespace", "folder", "Who may make prompts, and their grants."),
        ("Labels", "registry_label", "label", "The environments, and which are protected."),
        ("Versions", "registry_version", "history_edu", "Every content; recall and erase."),
        ("Moves of labels", "registry_release", "swap_horiz", "What was live, and since when."),
    ),
    "Changes": (
        ("Changes", "approvals_approvalrequest", "rate_review", "What each change still needs."),
        ("Holds", "approvals_hold", "front_hand", "Labels on hold after a rollback."),
        (
            "Reviews after the fact",
            "approvals_afterreview",
            "fact_check",
            "What a rollback skipped, to be looked at.",
        ),
        ("Erasures", "approvals_erasure", "ink_eraser", "Texts to be erased by a second person."),
    ),
    "Rules": (
        ("Policies", "approvals_policy", "gavel", "Which sign-offs a change needs."),
        (
            "Changes of policies",
            "approvals_policychange",
            "approval",
            "Proposed, and decided by another governance owner.",
        ),
        (
            "Un-protecting labels",
            "approvals_unprotectrequest",
            "lock_open",
            "Asked for, and decided by another governance owner.",
        ),
        ("Policy versions", "approvals_policyversion", "rule", "Every text a policy ever had."),
        (
            "Live, by today's policies",
            "approvals:conformance",
            "fact_check",
            "What went live under other rules, and what may stay until when.",
        ),
        (
            "Shadow report",
            "approvals:shadow",
            "visibility",
            "What policies that are only watched would have done.",
        ),
    ),
    "People": (
        ("People", "registry_user", "person", "Who signs in, their roles, service accounts."),
        ("Roles", "auth_group", "groups", "Who is in which role."),
        ("Teams", "registry_team", "diversity_3", "Teams that own namespaces and prompts."),
        ("Tokens", "registry_servicetoken", "key", "What applications and CI sign in with."),
    ),
    "Record": (
        ("Audit log", "audit_auditevent", "receipt_long", "What happened, by whom, provably."),
        ("Mail", "registry_outboxmail", "mail", "What was sent, waits, or was given up."),
    ),
}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the side menu; the front page shows the same with a sentence each."""
    return [
        {
            "title": title,
            "items": [
                {
                    "title": words,
                    "link": reverse(page if ":" in page else f"admin:{page}_changelist"),
                    "icon": icon,
                    "words": sentence,
                }
                for words, page, icon, sentence in pages
            ],
        }
        for title, pages in _GROUPS.items()
    ]


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the front page adds: what waits for somebody, with how many of it there are."""
    viewer = viewer_of(request)
    requests = reads.requests_for(viewer)
    waiting = [
        _waits(
            "approvals_approvalrequest",
            "state__exact=review",
            requests.filter(state="review"),
            "change is in review",
            "changes are in review",
        ),
        *(_decisions() if permissions.is_governance_owner(viewer) else []),
        _waits(
            "approvals_hold",
            "",
            reads.holds_for(viewer).filter(lifted_at=None),
            "label is on hold",
            "labels are on hold",
        ),
        _waits(
            "approvals_afterreview",
            "",
            reads.after_reviews_for(viewer),
            "review after the fact is open",
            "reviews after the fact are open",
        ),
        _waits(
            "approvals_erasure",
            "",
            reads.erasures_for(viewer).filter(done_at=None),
            "text is to be erased",
            "texts are to be erased",
        ),
        _waits(
            "registry_outboxmail",
            "standing=given-up",
            mail.failed(),
            "mail was given up",
            "mails were given up",
        ),
    ]
    return {**context, "title": "Governance", "waiting": [item for item in waiting if item]}


def _decisions() -> list[dict[str, str]]:
    """What governance owners decide on."""
    return [
        _waits(
            "approvals_policychange",
            "state__exact=review",
            PolicyChange.objects.filter(state="review"),
            "change of a policy is to be decided",
            "changes of policies are to be decided",
        ),
        _waits(
            "approvals_unprotectrequest",
            "state__exact=review",
            UnprotectRequest.objects.filter(state="review"),
            "label is asked to be un-protected",
            "labels are asked to be un-protected",
        ),
    ]


def _waits(page: str, query: str, rows: QuerySet[Any], one: str, many: str) -> dict[str, str]:
    count = rows.order_by().count()
    if not count:
        return {}
    url = reverse(f"admin:{page}_changelist")
    return {"words": f"{count} {one if count == 1 else many}", "url": f"{url}?{query}"}


def styles(request: HttpRequest) -> str:
    """The address of the admin's own styles."""
    return static("css/admin.css")


def favicon(request: HttpRequest) -> str:
    """The address of the product's icon."""
    return static("icon.svg")
