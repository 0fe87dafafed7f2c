"""`manage.py audit_verify --database-file`: a copied ledger, read without touching it."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from audit.copies import COPY_ALIAS, opened_copy
from audit.report import EXIT_CODES
from tests.audit.samples import Run, append, append_text

pytestmark = pytest.mark.usefixtures("file_access")


@pytest.fixture
def copy_of_file(file_ledger: Path, file_alias: str, tmp_path: Path) -> Path:
    """A copied ledger file with three events, one of them with a text."""
    append(2, using=file_alias)
    append_text("warmer", using=file_alias)
    connections[file_alias].close()
    return Path(shutil.copy(file_ledger, tmp_path / "a copy.sqlite3"))


def damage(path: Path, statement: str) -> None:
    """Change a database file as its owner can: guards dropped first."""
    with sqlite3.connect(path) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        texts = database.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
        for (text,) in texts:
            database.execute(text)
    database.close()


def test_command__copied_file__is_verified_instead_of_the_installation(
    verify_command: Run, copy_of_file: Path
) -> None:
    code, out = verify_command(database_file=copy_of_file, json=True)
    assert (code, json.loads(out)["events"]) == (0, 3)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE audit_auditevent SET payload = replace(payload, 'moved', 'mover')", "leaf"),
        ("DELETE FROM audit_auditevent WHERE seq = 1", "sequence"),
        ("DELETE FROM audit_auditevent WHERE seq = 2", "head"),
        ("UPDATE audit_auditblob SET value = 'colder'", "blob_altered"),
        ("UPDATE audit_auditevent SET actor = 'system:nobody' WHERE seq = 1", "derived"),
    ],
)
def test_command__damaged_copy__ends_with_the_code_of_the_damage(
    verify_command: Run, copy_of_file: Path, statement: str, code: str
) -> None:
    damage(copy_of_file, statement)
    assert verify_command(database_file=copy_of_file)[0] == EXIT_CODES[code]


def test_command__copy_lacks_a_guard__ends_with_its_code(
    verify_command: Run, copy_of_file: Path
) -> None:
    with sqlite3.connect(copy_of_file) as database:
        database.execute("DROP TRIGGER guard_audit_auditevent_update")
    assert verify_command(database_file=copy_of_file)[0] == EXIT_CODES["guard"]


def test_command__copied_file__is_left_as_it_was(verify_command: Run, copy_of_file: Path) -> None:
    before = (copy_of_file.read_bytes(), sorted(copy_of_file.parent.iterdir()))
    verify_command(database_file=copy_of_file)
    assert (copy_of_file.read_bytes(), sorted(copy_of_file.parent.iterdir())) == before
    assert COPY_ALIAS not in connections.settings


def test_open__copied_file__takes_no_write(copy_of_file: Path) -> None:
    with (
        opened_copy(copy_of_file) as alias,
        connections[alias].cursor() as cursor,
        pytest.raises(OperationalError, match="readonly"),
    ):
        cursor.execute("CREATE TABLE more (id integer)")


def test_command__copy_with_its_log_of_changes__reads_both(
    verify_command: Run, copy_of_file: Path, tmp_path: Path
) -> None:
    database = sqlite3.connect(copy_of_file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("DROP TRIGGER guard_audit_auditevent_update")
    database.commit()
    folder = tmp_path / "taken while in use"
    folder.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{copy_of_file}{end}", folder)
    database.close()
    assert verify_command(database_file=folder / copy_of_file.name)[0] == EXIT_CODES["guard"]


def test_command__file_is_no_database__ends_unreadable(verify_command: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, " * 100)
    assert verify_command(database_file=path)[0] == EXIT_CODES["unreadable"]


def test_command__file_has_no_ledger__ends_unreadable(verify_command: Run, tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite3"
    sqlite3.connect(path).close()
    path.touch()
    assert verify_command(database_file=path)[0] == EXIT_CODES["unreadable"]


def test_command__no_such_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("audit_verify", database_file=tmp_path / "gone.sqlite3")
