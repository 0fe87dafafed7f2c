"""Real prompts of others: hardly any may be flagged, and none as a critical secret."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from approvals.scanning import scan_text

VARIABLES = {"pii.variable", "pii.sensitive_variable"}


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as packed:
        return [json.loads(line) for line in packed]


@pytest.mark.real
def test_scan__of_real_harmless_prompts__flags_few_and_none_as_critical(real_data: Path) -> None:
    reports = [scan_text(row["text"]) for row in rows(real_data / "benign.jsonl.gz")]
    assert [r for r in reports if r.level == "critical"] == []
    for category in ("pii", "secrets", "injection", "toxicity", "template"):
        # A variable that asks for personal data is rightly found: it is there.
        flagged = sum(
            any(f.category == category and f.rule not in VARIABLES for f in r.findings)
            for r in reports
        )
        assert flagged / len(reports) < 0.02, category


@pytest.mark.real
def test_scan__of_real_histories__refuses_fewer_than_two_in_a_hundred(
    real_data: Path,
) -> None:
    texts = [
        v["content"] for row in rows(real_data / "histories.jsonl.gz") for v in row["versions"]
    ]
    critical = sum(scan_text(text).level == "critical" for text in texts)
    assert critical / len(texts) < 0.02
