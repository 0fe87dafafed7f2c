"""What a hold, a review after the fact, an erasure and a policy are about is fixed by guards."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from approvals.guards import SPECS
from audit.specs import Refuse
from tests.approvals.desk import Desk
from tests.approvals.test_reconcile_damage import (
    AFTER,
    ERASURE,
    HOLD,
    LATER,
    OTHER_USER,
    POLICY,
    STAGING,
    changed,
    world,
)
from tests.registry.test_guards import sql

__all__ = ["world"]

REFUSED = [
    changed(POLICY, "name", "'Lax'"),
    changed(HOLD, "label_id", STAGING),
    changed(HOLD, "release_id", "(SELECT min(id) FROM registry_release)"),
    changed(HOLD, "opened_by_id", OTHER_USER),
    changed(HOLD, "opened_at", LATER),
    changed(AFTER, "label_id", STAGING),
    changed(AFTER, "release_id", "(SELECT min(id) FROM registry_release)"),
    changed(AFTER, "opened_by_id", OTHER_USER),
    changed(AFTER, "shortfalls", "'[]'"),
    changed(AFTER, "due_at", LATER),
    changed(ERASURE, "version_id", "(SELECT min(id) FROM registry_version)"),
    changed(ERASURE, "ticket", "'T-2'"),
    changed(
        ERASURE, "reason_id", "(SELECT min(digest) FROM audit_auditblob WHERE digest <> reason_id)"
    ),
    changed(ERASURE, "asked_by_id", OTHER_USER),
]


def test_update__what_an_open_row_is_about__is_refused(world: Desk) -> None:
    passed = [statement for statement in REFUSED if not _refused(statement)]
    assert passed == []


@pytest.mark.parametrize("table", [POLICY, HOLD, AFTER, ERASURE])
def test_guards__of_a_row_with_a_subject__fix_its_key(table: str) -> None:
    frozen = next(s for s in SPECS if isinstance(s, Refuse) and s.table == table)
    assert "NEW.public_id IS DISTINCT FROM OLD.public_id" in frozen.when


def _refused(statement: str) -> bool:
    try:
        with transaction.atomic():
            sql(statement)
    except IntegrityError as error:
        return "are fixed after creation" in str(error)
    return False
