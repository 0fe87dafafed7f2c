"""The last two who see a confidential prompt, or may grant on it, go at the same moment: one of
them stays."""

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from audit.models import AuditHead
from registry import permissions, roles
from registry.models import Prompt, User
from registry.permissions import VIEW
from registry.services import grants, memberships, people, prompts
from tests.approvals.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def secret(prompt: Prompt, author: User, outsider: User, governance_owner: User) -> Prompt:
    """Confidential; Ada sees and manages it herself, Otto as the only one in brand."""
    for name in (roles.AUTHORS, *roles.REVIEW_ROLES, roles.RELEASE_MANAGERS, roles.RESPONDERS):
        if name != roles.BRAND:
            role = Group.objects.get(name=name)
            grants.revoke(prompt, VIEW, role, actor=author)
    people.join(outsider, roles.BRAND, actor=governance_owner)
    brand = Group.objects.get(name=roles.BRAND)
    grants.grant(prompt, permissions.MANAGE, brand, actor=author)
    return prompts.edit_prompt(prompt, confidential=True, actor=author)


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run all, none of which can end before each has come as far as it gets; what they said."""
    said: list[str] = []
    runs = threading.Thread(target=lambda: said.extend(together(*calls)))
    with transaction.atomic():
        # The last lock that a verb takes: with all its checks behind it.
        AuditHead.objects.select_for_update().get()
        runs.start()
        until = monotonic() + 20
        while waiting() < len(calls) and monotonic() < until:
            sleep(0.01)
    runs.join(60)
    return said


def waiting() -> int:
    """How many others wait for a lock; SQLite lets nobody begin while somebody writes."""
    if connection.vendor != "postgresql":
        return 99
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def test_revoke_and_leave__at_once__one_is_refused(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    said = at_once(
        lambda: grants.revoke(secret, VIEW, author, actor=author),
        lambda: memberships.leave(outsider, roles.BRAND, actor=governance_owner),
    )
    assert said == ["last_viewer", "ok"]


def test_revoke_of_manage_and_leave__at_once__one_is_refused(
    secret: Prompt, author: User, outsider: User, auditor: User, governance_owner: User
) -> None:
    grants.grant(secret, VIEW, auditor, actor=author)
    said = at_once(
        lambda: grants.revoke(secret, permissions.MANAGE, author, actor=author),
        lambda: memberships.leave(outsider, roles.BRAND, actor=governance_owner),
    )
    assert said == ["last_manager", "ok"]


def test_leave_and_becoming_confidential__at_once__one_is_refused(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    prompts.edit_prompt(secret, confidential=False, actor=author)
    grants.grant(secret, permissions.MANAGE, outsider, actor=author)
    grants.revoke(secret, VIEW, author, actor=author)
    said = at_once(
        lambda: prompts.edit_prompt(secret, confidential=True, actor=outsider),
        lambda: memberships.leave(outsider, roles.BRAND, actor=governance_owner),
    )
    # Who left first finds it open, and is then told that they would not see it themselves.
    assert said in (["last_viewer", "ok"], ["bad_input", "ok"])
