"""The words of the pages: plain ones everywhere, and a sentence for everything that happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from approvals.models import ApprovalRequest
from approvals.policies import Status
from approvals.words import MARKS, SENTENCES, STATES, Entry, tell

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def code_words() -> list[str]:
    """The words of the middle column of docs/words.md that are not on its left side too."""
    rows = [
        [cell.strip() for cell in line.strip("| \n").split(" | ")]
        for line in (ROOT / "docs" / "words.md").read_text().splitlines()
        if line.startswith("| ") and "`" in line
    ]
    plain = {word.lower() for row in rows for word in re.findall(r"[\w-]+", row[0])}
    found = [word for row in rows for word in re.findall(r"`([^`]+)`", row[1])]
    return [word for word in found if word.lower() not in plain]


def words_of(template: Path) -> str:
    """What a person reads of a template: no tags of Django, no markup but what is read aloud."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template.read_text(), flags=re.DOTALL)
    spoken = " ".join(re.findall(r'(?:title|placeholder|aria-label|alt)="([^"]*)"', text))
    return f"{re.sub(r'<[^>]*>', ' ', text, flags=re.DOTALL)} {spoken}"


def test_docs_words__table__has_the_code_words_that_templates_must_avoid() -> None:
    found = code_words()
    assert {"ApprovalRequest", "ledger", "payload", "break_glass", "consumers"} <= {*found}
    assert "Prompt" not in found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template__words__are_those_of_the_page(template: Path) -> None:
    shown = words_of(template)
    used = [word for word in code_words() if re.search(rf"(?i)\b{re.escape(word)}\b", shown)]
    assert used == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template__markup__marks_nothing_as_safe(template: Path) -> None:
    text = template.read_text()
    assert "|safe" not in text
    assert "autoescape off" not in text


def test_sentences__every_action_of_the_verbs__has_one() -> None:
    """Read from the verbs' own source: no action may reach the page without words."""
    recorded = set()
    for source in (ROOT / "approvals" / "services").rglob("*.py"):
        text = source.read_text()
        recorded |= {
            f"approvals.request.{w}" for w in re.findall(r'record\(\s*log,\s*"(\w+)"', text)
        }
        recorded |= set(re.findall(r'log\.record\(\s*"(approvals\.[\w.]+)"', text))
    assert len(recorded) > 15
    assert recorded - SENTENCES.keys() == set()


def test_sentences__every_action_of_the_registry__has_one() -> None:
    """Read from the source as well; an action with a part of its own is any that fits."""
    recorded = set()
    for source in (ROOT / "registry" / "services").rglob("*.py"):
        text = source.read_text()
        recorded |= set(re.findall(r'log\.record\(\s*f?"(registry\.[\w.{}]+)"', text))
    assert len(recorded) > 20
    for action in recorded:
        pattern = re.sub(r"\{\w+\}", r"\\w+", action.replace(".", r"\."))
        assert any(re.fullmatch(pattern, known) for known in SENTENCES), action


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_sentence__told__is_plain_and_carries_no_code_word(action: str) -> None:
    told = tell(Entry(action, who="Mara", label="production"))
    assert told.words
    used = [w for w in code_words() if re.search(rf"(?i)\b{re.escape(w)}\b", told.words)]
    assert used == []
    assert "_" not in told.words


def test_sentence__unknown_action__is_told_by_its_last_word() -> None:
    assert tell(Entry("approvals.thing.set_aside", who="Mara")).words == "set aside"


def test_states_and_marks__every_value_of_the_code__has_a_word() -> None:
    assert STATES.keys() == {*ApprovalRequest.State.values}
    assert MARKS.keys() == {str(status) for status in Status}
