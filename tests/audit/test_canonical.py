"""Canonical text: the same value gives the same bytes, and what could not is refused."""

import pytest

from audit.canonical import CanonicalError, canonical, parse_canonical, sha256_hex


def test_write__keys_beyond_the_basic_plane__are_in_utf16_order() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    text = canonical(dict.fromkeys(keys, 0))
    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert text == "{" + ",".join(f'"{key}":0' for key in order) + "}"


def test_write__strings_and_literals_of_the_rfc__give_its_text() -> None:
    value = {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == expected


def test_write__nested_and_empty_values__have_no_spaces() -> None:
    assert canonical({"b": [], "a": {"d": {}, "c": [1, -2]}}) == '{"a":{"c":[1,-2],"d":{}},"b":[]}'


@pytest.mark.parametrize("value", [2**53 - 1, -(2**53) + 1, 0])
def test_write__integer_in_range__is_written_whole(value: int) -> None:
    assert canonical(value) == str(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, 1.5]}, r"\$\.a\[1\]: floats are not allowed"),
        ({"a": 1.0}, "floats are not allowed"),
        ({"a": float("nan")}, "floats are not allowed"),
        ({1: "a"}, "the key 1 is not text"),
        ({"a": (1, 2)}, "tuples are not allowed"),
        ({"a": b"x"}, "bytes is not allowed"),
        ({"a": {1}}, "set is not allowed"),
        ({"a": 2**53}, "beyond"),
        ({"a": -(2**53)}, "beyond"),
        ({"a": "x\x00y"}, r"\$\.a: U\+0000"),
        ({"a\x00": 1}, r"U\+0000"),
        ({"a": "\ud800"}, "lone surrogate at character 0"),
        ({"\udfff": 1}, "lone surrogate"),
    ],
)
def test_write__value_with_no_one_text__is_refused_by_place(value: object, words: str) -> None:
    with pytest.raises(CanonicalError, match=words):
        canonical(value)


def test_write__value_nested_too_deep__is_refused() -> None:
    value: object = 0
    for _ in range(70):
        value = [value]
    with pytest.raises(CanonicalError, match="nested deeper than 64"):
        canonical(value)


def test_read__canonical_text__gives_the_value() -> None:
    assert parse_canonical('{"a":[1,"\u00e9",null]}') == {"a": [1, "\u00e9", None]}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a":1.0}',
        '{"a":1e2}',
        '{"a":NaN}',
        '{"a":"\\u00e9"}',
        '{"a":1}\n',
        "[" * 100_000,
        "",
        "{",
    ],
)
def test_read__any_other_spelling__is_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        parse_canonical(text)


@pytest.mark.parametrize("data", ["abc", b"abc"])
def test_digest__known_input__gives_the_published_value(data: str | bytes) -> None:
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_hex(data) == published
