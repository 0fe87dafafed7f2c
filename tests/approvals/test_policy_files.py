"""Policies as a file in git: what is written is read back, and what is wrong is named."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals.models import Policy, PolicyChange
from approvals.policies import UnreadablePolicy, files, ready_policies, rules_of
from tests.approvals.desk import Desk
from tests.approvals.documents_of import ready, sign_off, stages

ROWS = [(d["title"], rules_of(d)) for d in ready_policies()]


def test_dump__ready_policies__load_gives_them_back() -> None:
    assert [(p.name, rules_of(p.document)) for p in files.load(files.dump(ROWS))] == [
        (name, rules.model_copy(update={"name": rules.title})) for name, rules in ROWS
    ]


FULL: dict[str, Any] = {
    "checks": [
        {
            "name": "evals",
            "title": "Evaluations",
            "source": "ci",
            "thresholds": [{"metric": "accuracy", "at_least": "0.95"}],
        }
    ],
    "freezes": [
        {"title": "Friday", "time_zone": "Europe/Berlin", "days": ["fri"], "after": "16:00",
         "before": "23:59"},
        {"title": "Holidays", "time_zone": "UTC", "start": "2026-12-20T00:00",
         "end": "2027-01-03T00:00"},
    ],
    "ticket": {"pattern": "[A-Z]+-[0-9]+", "link": "https://tracker.example/{ticket}"},
    "signature": {"minutes": 10, "from_level": "moderate"},
    "expires_days": 30,
    "threads_resolved": True,
}  # fmt: skip


def test_dump__every_field__load_gives_it_back() -> None:
    rules = rules_of(ready("Standard", stages=stages([sign_off("support")]), **FULL))
    assert rules_of(files.load(files.dump([("Full", rules)]))[0].document) == rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policies: [", "line 1"),
        ("policies: []", "at least one policy"),
        ("other: 1", "one key, policies"),
        ("policies:\n- &a {name: A}\n- *a", "line 3, column 3: write it out"),
        ("policies:\n- {name: A, name: B}", "“name” stands twice"),
        ("policies:\n- {name: A, 1: B}", "a key has to be a text"),
        ("policies:\n- {name: A, schema: 2, title: A}", r"policies\[0\] \(A\): scope"),
        ("policies:\n- !!python/object:os.system {}", "line 2"),
        ("policies:\n- {title: A}", r"policies\[0\].name: a text is needed"),
        ("x" * 1_100_000, "larger than"),
    ],
)
def test_load__something_wrong__is_named(text: str, said: str) -> None:
    with pytest.raises(UnreadablePolicy, match=said):
        files.load(text)


def test_load__same_name_twice__is_named() -> None:
    with pytest.raises(UnreadablePolicy, match="stands twice"):
        files.load(files.dump([ROWS[0], ROWS[0]]))


def test_export__then_propose__only_what_differs_is_proposed(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    call_command("policies", "export", str(path), stdout=StringIO())
    regulated = Policy.objects.get(name="Regulated")
    edited = path.read_text().replace("due_hours: 48", "due_hours: 40", 1)
    assert edited != path.read_text()
    path.write_text(edited)
    said = StringIO()
    args = ("policies", "propose", str(path), "--as", "gwen", "--why", "Quicker.")
    call_command(*args, "--dry-run", stdout=said)
    assert not PolicyChange.objects.exists()
    call_command(*args, stdout=said)
    changes = PolicyChange.objects.select_related("proposed_policy__policy")
    assert [str(change.proposed_policy) for change in changes] == ["Light 2"]
    assert "unchanged  Regulated" in said.getvalue()
    assert Policy.objects.get(pk=regulated.pk).current == regulated.current


def test_propose__somebody_who_governs_nothing__is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(files.dump([("New", ROWS[2][1])]))
    with pytest.raises(CommandError, match="A governance owner has to do this"):
        call_command("policies", "propose", str(path), "--as", "otto", "--why", "So.")
