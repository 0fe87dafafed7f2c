"""The rules for names: each bad name is refused with the rule and the fix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidName
from registry.names import check_name, check_segment, name_key, namespace_of

GOOD = [
    "a",
    "support/refunds",
    "support/Refunds (EU)",
    "a b/c d",
    "a/b/c/d.e/..f/...",
    "größe/naïve/日本語",
    "x" * 255,
    "--/-a",
]
BAD = [
    ("", "empty. Write"),
    ("x" * 256, "256 characters"),
    ("/a", "empty part"),
    ("a/", "empty part"),
    ("a//b", "empty part"),
    ("./a", "“.”"),
    ("a/../b", "“..”"),
    ("a/-/b", "“-”"),
    ("-", "“-”"),
    ("a\\b", "backslash"),
    ("a\nb", "U\\+000A"),
    ("a\x00b", "U\\+0000"),
    ("a\x9fb", "U\\+009F"),
    (" a", "space"),
    ("a ", "space"),
    ("a /b", "space"),
    ("a/\u00a0b", "space"),
    ("e\u0301", "NFC"),
    ("a\u200bb", "invisible character U\\+200B"),
    ("a\u202eb", "U\\+202E"),
    ("a\ud800", "surrogate U\\+D800"),
    ("ŉ" * 255, "where case is ignored"),
]


@pytest.mark.parametrize("name", GOOD)
def test_check_name__good_name__comes_back_unchanged(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(("name", "words"), BAD)
def test_check_name__bad_name__names_the_rule(name: str, words: str) -> None:
    with pytest.raises(InvalidName, match=words):
        check_name(name)


def test_check_name__not_normalised__offers_the_normal_form() -> None:
    with pytest.raises(InvalidName) as refusal:
        check_name("cafe\u0301")
    assert "“café”" in refusal.value.sentence


def test_check_segment__slash__is_refused() -> None:
    with pytest.raises(InvalidName, match="namespace"):
        check_segment("a/b")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Support/A", "support/a"), ("Straße", "STRASSE"), ("ΣΑΣ", "σας"), ("ǰ", "J\u030c")],
)
def test_name_key__case_only__is_equal(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_name_key__other_letters__differs() -> None:
    assert name_key("support/a") != name_key("support/á")


@given(st.text(min_size=1, max_size=40))
def test_check_name__any_text__is_refused_or_storable(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert name.encode("utf-8").decode("utf-8") == name
    assert len(name_key(name)) <= 255
    assert name_key(name_key(name)) == name_key(name)
    assert namespace_of(name)
