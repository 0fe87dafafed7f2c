"""The colours of the pages: readable in the light and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[3] / "static" / "css"
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (CSS / "tokens.css").read_text()
    )
}
#: text and what it stands on
TEXTS = [
    *[(ink, on) for ink in ("ink", "muted", "accent") for on in ("bg", "surface", "sunk")],
    *[("ink", on) for on in ("add", "add-word", "del", "del-word")],
    *[("muted", on) for on in ("add", "del")],
    *[(word, on) for word in ("good", "warn", "bad") for on in ("surface", f"{word}-bg")],
    *[("ink", f"{word}-bg") for word in ("good", "warn", "bad")],
    *[("good", "add"), ("bad", "del"), ("accent-ink", "accent")],
]
#: lines that show where a field or the focus is
LINES = [("edge", "surface"), ("edge", "bg"), ("focus", "surface"), ("focus", "bg")]


def ratio(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 counts it, from 1 to 21."""
    lights = sorted((_light(one), _light(other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "on"), TEXTS)
def test_text__on_its_ground__has_the_contrast_of_aa(ink: str, on: str, scheme: int) -> None:
    assert ratio(TOKENS[ink][scheme], TOKENS[on][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "on"), LINES)
def test_line__around_a_field__can_be_seen(line: str, on: str, scheme: int) -> None:
    assert ratio(TOKENS[line][scheme], TOKENS[on][scheme]) >= 3


def test_css__colours__come_from_the_tokens_only() -> None:
    for name in ("base", "parts", "diff"):
        sheet = (CSS / f"{name}.css").read_text()
        assert re.findall(r"(?i):[^;{}]*(#[0-9a-f]{3,8}\b)", sheet) == [], name
