"""The harness itself: guards stay on, and what it empties it refills."""

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase

from audit import ledger
from audit.guards import all_missing
from audit.models import AuditEvent, AuditHead
from tests import database
from tests.processes import MANAGE, PYTHON, bare_environ, run_environ


@pytest.mark.django_db(transaction=True)
def test_database__while_a_test_runs__has_every_guard() -> None:
    assert all_missing() == []


@pytest.mark.django_db(transaction=True)
def test_restore__after_a_commit__puts_back_rows_and_guards() -> None:
    origin = AuditHead.objects.get().origin
    with ledger.recording(actor="system:test") as log:
        log.record("tests.thing.done", ("tests.thing", uuid4()))
    database.restore(TransactionTestCase())
    assert not AuditEvent.objects.exists()
    assert AuditHead.objects.values_list("origin", "size").get() == (origin, 0)
    assert all_missing() == []


@pytest.mark.django_db(transaction=True)
def test_head__raw_delete__is_refused_with_guards_on() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_audithead")


@pytest.mark.django_db(transaction=True)
def test_run_environ__another_process__sees_the_same_database() -> None:
    code = "from audit.models import AuditHead; print(AuditHead.objects.get().origin)"
    done = subprocess.run(
        [*MANAGE, "shell", "--no-imports", "-c", code],
        env=run_environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == AuditHead.objects.get().origin, done.stderr


def test_group__of_many_tests_on_two_workers__stays_on_one(tmp_path: Path) -> None:
    """What a group shares (a running demo, a replay) is made once for it."""
    (tmp_path / "test_group.py").write_text(
        "import pytest\n"
        "@pytest.mark.xdist_group('one')\n"
        "@pytest.mark.parametrize('n', range(8))\n"
        "def test_it(n, worker_id):\n"
        "    open(f'{worker_id}.ran', 'w').close()\n"
    )
    command = [PYTHON, "-m", "pytest", "-p", "no:django", "-n", "2", "--dist", "loadgroup"]
    done = subprocess.run(
        command, cwd=tmp_path, env=bare_environ(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    assert len([*tmp_path.glob("*.ran")]) == 1
