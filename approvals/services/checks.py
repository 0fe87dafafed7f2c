"""record_check: test evidence from outside, for exactly one content of one prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from approvals import queue
from approvals.models import ApprovalRequest, Check
from approvals.services import _common as common
from audit.canonical import canonical, sha256_hex
from audit.ledger import recording
from audit.payload import time_text
from registry import permissions, rules
from registry.actors import Actor
from registry.errors import BadInput, NotAllowed, NotFound
from registry.models import Prompt, ServiceToken, User, Version

#: whoever holds one of these on a prompt may post evidence as themselves
MAY_CHECK = (permissions.PROPOSE, permissions.REVIEW, permissions.MANAGE)
MAX_METRICS, MAX_METRIC, MAX_LINK, MAX_SOURCE = 50, 60, 300, 80
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def record_check(
    prompt: Prompt,
    *,
    content_digest: str,
    name: str,
    status: str,
    actor: Actor,
    metrics: Mapping[str, str] | None = None,
    link: str = "",
    key: str = "",
) -> Check:
    """Append one result; its source is the user name of the acting account, so nobody can lend it.

    Needs `propose`, `review` or `manage`, or a token with the scope `check`. `metrics` are decimal
    numbers as text. Raises NotAllowed, NotFound for a content that is not there, BadInput.
    """
    measured = dict(metrics or {})
    with recording(actor=actor.ref) as log:
        rules.hold_still()
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        subject = common.about(
            locked.public_id, content_digest, name, status, sorted(measured.items()), link
        )
        done = common.repeated(actor, key, "record_check", subject)
        if done is not None:
            return Check.objects.get(pk=done)
        account = _poster(locked, actor)
        common.in_scope(actor, "check", locked, log.at)
        _check_form(account, name, status, measured, link)
        _check_there(locked, content_digest, account)
        check = Check.objects.create(
            prompt=locked,
            content_digest=content_digest,
            name=name,
            source=account.username,
            status=status,
            metrics=measured,
            link=link,
            posted_by=account,
            at=log.at,
        )
        common.remember(actor, key, "record_check", subject, str(check.pk), log.at)
        log.record(
            "approvals.check.recorded",
            ("approvals.check", check.public_id),
            related=[("registry.prompt", locked.public_id)],
            data={"check": _told(check)},
        )
        _look_again(check)
        return check


def _poster(prompt: Prompt, actor: Actor) -> User:
    account = actor.account
    permissions.require_visible(account, prompt)
    if account is None:
        raise NotAllowed("A person or a token has to post this.")
    by_token = isinstance(actor, ServiceToken)
    if not by_token and not any(permissions.may(account, code, prompt) for code in MAY_CHECK):
        raise NotAllowed("You need the permission to propose, review or manage on this prompt.")
    return account


def _check_form(
    account: User, name: str, status: str, metrics: Mapping[str, str], link: str
) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput(
            "A check is named by 1 to 40 small letters, digits and hyphens, a letter first.",
            field="name",
        )
    if status not in Check.Status.values:
        raise BadInput(f"A status is one of: {', '.join(Check.Status.values)}.", field="status")
    if len(account.username) > MAX_SOURCE:
        raise BadInput(f"The user name of a source has at most {MAX_SOURCE} characters.")
    named = all(0 < len(metric) <= MAX_METRIC and metric.isprintable() for metric in metrics)
    if len(metrics) > MAX_METRICS or not named:
        raise BadInput(
            f"Give at most {MAX_METRICS} metrics, each named by 1 to {MAX_METRIC} printable "
            "characters.",
            field="metrics",
        )
    for metric, number in metrics.items():
        if not (isinstance(number, str) and _NUMBER.fullmatch(number)):
            raise BadInput(
                f"Give {metric} as a decimal number in text, such as “0.93”.", field="metrics"
            )
    if link and not _is_link(link):
        raise BadInput(
            f"A link begins with https:// or http:// and has at most {MAX_LINK} characters.",
            field="link",
        )


def _is_link(link: str) -> bool:
    if len(link) > MAX_LINK or not link.isascii() or not link.isprintable() or " " in link:
        return False
    try:
        parts = urlsplit(link)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _check_there(prompt: Prompt, content_digest: str, account: User) -> None:
    """NotFound where no version that this account may know of has the content."""
    hidden = ApprovalRequest.objects.filter(prompt=prompt, submitted_at=None).exclude(
        contributors__account=account
    )
    rows = Version.objects.filter(prompt=prompt, content_digest=content_digest)
    if not rows.exclude(revisions__request__in=hidden).exists():
        raise NotFound("No version of this prompt has this content. Check the digest.")


def _told(check: Check) -> dict[str, str]:
    """What verify holds the row against."""
    return {
        "id": str(check.public_id),
        "prompt": str(check.prompt.public_id),
        "content": check.content_digest,
        "name": check.name,
        "source": sha256_hex(check.source),
        "status": check.status,
        "metrics": sha256_hex(canonical(check.metrics)),
        "link": sha256_hex(check.link),
        "posted_by": check.posted_by.ref,
        "at": time_text(check.at),
    }


def _look_again(check: Check) -> None:
    asked = ApprovalRequest.objects.open().filter(
        prompt=check.prompt, version__content_digest=check.content_digest
    )
    for pk in asked.values_list("pk", flat=True):
        queue.later(queue.REASSESS, pk)
