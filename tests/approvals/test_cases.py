"""The page about the engine: every case in its tables is a test that is there, its example true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.approvals.desk import Desk, in_review
from tests.approvals.several_of import approve, last_vote

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "approvals.md").read_text(encoding="utf-8")


def test_page__each_case__names_a_test_that_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) >= 19
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    missing = [name for name in named if f"def {name}(" not in sources]
    assert missing == []


@pytest.mark.django_db
def test_page__example_of_one_of_several__is_what_the_audit_log_says(desk: Desk) -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    approve(desk, in_review(desk))
    said = json.loads(example)
    assert {name: last_vote()[name] for name in said} == said
