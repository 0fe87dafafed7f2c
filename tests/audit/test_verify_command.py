"""`manage.py audit_verify`: what it prints and how it ends."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.report import EXIT_CODES
from tests.audit.samples import Run, append, sql
from tests.guards import lifted

pytestmark = pytest.mark.django_db


def test_command__whole_ledger__says_so_and_ends_with_0(verify_command: Run) -> None:
    [*_, last] = append(3)
    code, out = verify_command()
    assert code == 0
    assert out.splitlines()[0] == f"Audit log whole: 3 events, head {last.leaf.hex()}"


def test_command__damaged_ledger__names_the_first_bad_event(
    verify_command: Run, own_guards: None
) -> None:
    append(4)
    with lifted(connection):
        sql("UPDATE audit_auditevent SET actor = 'x' WHERE seq IN (1, 3)")
    code, out = verify_command()
    assert code == EXIT_CODES["derived"]
    assert out.splitlines() == [
        "First bad event: 1 (derived)",
        "derived: event 1: not what its payload says: actor",
        "derived: event 3: not what its payload says: actor",
        "Read: 4 events; problems: 2",
    ]


def test_command__json__prints_one_object(verify_command: Run) -> None:
    append(2)
    code, out = verify_command(json=True)
    value = json.loads(out)
    assert (code, value["ok"], value["events"], value["problems"]) == (0, True, 2, [])


def test_command__unknown_alias__is_refused() -> None:
    with pytest.raises(CommandError, match="no database 'elsewhere'"):
        call_command("audit_verify", database="elsewhere")


@pytest.mark.django_db(transaction=True)
def test_command__outside_a_transaction__ends_its_own_snapshot(
    verify_command: Run,
) -> None:
    append(2)
    assert verify_command()[0] == 0
    append(1)
    assert verify_command(json=True)[0] == 0
