"""The page about the engine: every case in its table is a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

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
