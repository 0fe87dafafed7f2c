"""The rules for the names of prompts and namespaces, and what no name of anything may hold."""

from __future__ import annotations

import unicodedata

from registry.errors import InvalidName

MAX_LENGTH = 255
#: what Unicode lets a renderer leave out beside its format characters, and blanks that it counts
#: as letters or signs
_BLANKS = (
    *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065)),
    *((0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    (0xE0000, 0xE0FFF),
)
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_VIRAMA = 9  # the combining class of the sign behind which a joiner shows how letters join


def check_name(name: str) -> str:
    """Return `name` unchanged, or raise InvalidName with the rule it breaks and the fix."""
    if not name:
        raise InvalidName("The name is empty. Write one, such as support/refunds.")
    if len(name) > MAX_LENGTH:
        raise InvalidName(
            f"The name has {len(name)} characters and at most {MAX_LENGTH} are allowed. Shorten it."
        )
    _check_characters(name)
    for segment in name.split("/"):
        _check_segment(segment)
    if len(name_key(name)) > MAX_LENGTH:
        raise InvalidName(
            f"The name grows beyond {MAX_LENGTH} characters where case is ignored. Shorten it."
        )
    return name


def check_segment(name: str) -> str:
    """Return the name of a namespace unchanged, or raise InvalidName; it is one segment."""
    if "/" in name:
        raise InvalidName("The name of a namespace holds no “/”. Use its first part only.")
    return check_name(name)


def check_seen(field: str, text: str) -> str:
    """Return a name of anything unchanged; InvalidName for a character in it that nobody sees.

    Such a name looks like another one, or turns round what is written after it.
    """
    for index, character in enumerate(text):
        kind = unseen(text, index)
        if kind:
            raise InvalidName(
                f"Character {index + 1} of the {field.replace('_', ' ')} is the {kind} "
                f"U+{ord(character):04X}. Remove it.",
                field=field,
            )
    return text


def unseen(text: str, index: int) -> str:
    """Return what a character is that nobody sees, in words; "" for one that is seen.

    A joiner is seen where Arabic or Indic letters on its sides are written otherwise by it.
    """
    character = text[index]
    category = unicodedata.category(character)
    if category == "Cc":
        return "control character"
    if character in _TURNS:
        return "character that changes the direction of writing,"
    if character in _JOINERS:
        return "" if _joins(text, index) else "invisible character"
    if category in {"Zl", "Zp"}:
        return "line end"
    point = ord(character)
    if category == "Cf" or any(first <= point <= last for first, last in _BLANKS):
        return "invisible character"
    return ""


def namespace_of(name: str) -> str:
    """Return the first segment of a prompt's name: its namespace."""
    return name.split("/", 1)[0]


def name_key(name: str) -> str:
    """Return what is unique of a name: the same for names that differ in case only."""
    # Folding can leave a text that is not normalised, so two spellings of one name could differ.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _joins(text: str, index: int) -> bool:
    before, after = text[:index][-1:], text[index + 1 :][:1]
    if not before or not after:
        return False
    arabic = unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
    return arabic or unicodedata.combining(before) == _VIRAMA


def _check_characters(name: str) -> None:
    check_seen("name", name)
    for index, character in enumerate(name, start=1):
        if unicodedata.category(character) == "Cs":
            raise InvalidName(
                f"Character {index} of the name is the lone surrogate U+{ord(character):04X}. "
                "Remove it."
            )
        if character == "\\":
            raise InvalidName(
                f"Character {index} of the name is a backslash. Separate the parts with “/”."
            )
    if not unicodedata.is_normalized("NFC", name):
        raise InvalidName(
            "The name is not in the Unicode form NFC: a letter is written as several characters. "
            f"Write it as “{unicodedata.normalize('NFC', name)}”."
        )


def _check_segment(segment: str) -> None:
    if not segment:
        raise InvalidName("The name has an empty part. Remove the extra “/”.")
    if segment in {".", "..", "-"}:
        raise InvalidName(
            f"A part of the name is “{segment}”, which has a meaning of its own here. Rename it."
        )
    if segment != segment.strip():
        raise InvalidName("A part of the name begins or ends with a space. Remove the space.")
