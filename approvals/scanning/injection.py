"""Phrases that try to defeat a model's instructions, and text that hides from its readers.

A phrase with a negation in front ("never reveal the system prompt") guards the prompt and is no
finding. Gaps between the words of a phrase are counted in words and bounded, so the time taken
grows with the length of the text and no faster.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import chain, islice

from approvals.scanning.findings import MOST_HITS, Context, Hit, Rule

_REMOVE = "Remove the phrase, or quote it inside clear delimiters if the prompt must discuss it."
_SHOW = "Remove the invisible characters, or write the text so that everybody can see it."

OVERRIDE = Rule(
    "injection.override", "high", 80, "override of instructions",
    "This asks the model to drop the instructions that were given to it before.", _REMOVE,
)  # fmt: skip
REVEAL = Rule(
    "injection.reveal_prompt", "high", 75, "request for the hidden prompt",
    "This asks the model to give away its system prompt or its hidden instructions.", _REMOVE,
)  # fmt: skip
PERSONA = Rule(
    "injection.jailbreak_persona", "high", 80, "jailbreak persona",
    "This gives the model a persona that is known for dropping its safeguards.", _REMOVE,
)  # fmt: skip
UNLIMITED = Rule(
    "injection.no_safeguards", "moderate", 65, "removal of safeguards",
    "This tells the model that rules, filters or ethics do not hold for it.", _REMOVE,
)  # fmt: skip
NO_REFUSAL = Rule(
    "injection.no_refusal", "moderate", 60, "ban on refusing",
    "This forbids the model to refuse or to warn, a way to talk safeguards away.", _REMOVE,
)  # fmt: skip
TURN_TOKEN = Rule(
    "injection.turn_token", "moderate", 60, "control token of a chat format",
    "This control token can end a message and begin one in another role.",
    "Use separate chat messages instead of writing their control tokens into a text.",
)  # fmt: skip
HIDDEN = Rule(
    "injection.hidden_characters", "moderate", 70, "invisible characters",
    "Invisible characters inside a word can hide text from the people who review it.", _SHOW,
)  # fmt: skip
HIDDEN_TEXT = Rule(
    "injection.hidden_text", "high", 90, "hidden text",
    "Tag characters or reversed text carry words that a model reads and people cannot see.", _SHOW,
)  # fmt: skip
ENCODED = Rule(
    "injection.encoded_phrase", "high", 85, "encoded phrase",
    "A base64 block decodes to a phrase that tries to defeat the model's instructions.",
    "Remove the block, or write out in plain text what it holds.",
)  # fmt: skip
RULES = (
    OVERRIDE, REVEAL, PERSONA, UNLIMITED, NO_REFUSAL, TURN_TOKEN, HIDDEN, HIDDEN_TEXT, ENCODED,
)  # fmt: skip


def _gap(most: int) -> str:
    """Up to so many words between two words of a phrase, within one sentence."""
    return (
        rf"(?:[ \t\r\n,'\"\u2019*_-]{{1,3}}[\w\u2019']{{1,15}}){{0,{most}}}[ \t\r\n,'\"*_:-]{{1,3}}"
    )


_GIVEN = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|commands?|orders|"
    r"programming|training|polic(?:y|ies)|safeguards|restrictions|constraints|messages?|context)\b"
)
_PHRASES = (
    (
        OVERRIDE,
        r"\b(?:ignore|disregard|forget|override|overrule|neglect|discard|bypass|abandon)"
        + _gap(3)
        + r"(?:previous|previously|prior|above|earlier|preceding|foregoing|former|initial|original|"
        r"system|existing|your|openai'?s?)" + _gap(3) + _GIVEN,
    ),
    (
        OVERRIDE,
        r"\b(?:ignore|disregard|forget)[ \t]{1,3}(?:everything|anything|all|what)"
        + _gap(2)
        + r"(?:above|before|previous(?:ly)?|so far|(?:been|were) told|i (?:said|told)|"
        r"you (?:know|were|have been))\b",
    ),
    (
        REVEAL,
        r"\b(?:reveal|show|print|output|repeat|display|leak|dump|disclose|expose|share|tell me|"
        r"give me|send me|recite|what (?:is|are|was|were))"
        + _gap(4)
        + r"(?:system[ -](?:prompt|message|instructions?)|"
        r"(?:initial|original|hidden|secret|internal|confidential|developer) "
        r"(?:prompt|instructions?|message|rules)|"
        r"(?:prompt|instructions|text|words) (?:above|before this|you were given))\b",
    ),
    (
        PERSONA,
        r"\b(?:you are (?:now )?|act as |become |pretend (?:to be |you are )|roleplay as |enable )"
        r"(?:an? |the |called |named )?(?:DAN\b|do anything now|STAN\b|DUDE\b|AIM\b|jailbroken|"
        r"(?:evil|unfiltered|unrestricted|uncensored|amoral|unethical|unbound|lawless)\b)",
    ),
    (PERSONA, r"\bdo anything now\b|\b(?:developer|jailbreak|god|dan|sudo) mode\b|\bjailbroken\b"),
    (
        UNLIMITED,
        r"\b(?:without|no|free (?:from|of)|not (?:bound|limited|restricted) by|unbound by|"
        r"not subject to|ignor(?:e|es|ing))"
        + _gap(2)
        + r"(?:(?:ethical|moral|legal|safety|content|openai'?s?) "
        r"(?:guidelines|restrictions|limitations|limits|constraints|boundaries|filters?|"
        r"polic(?:y|ies)|rules|concerns|considerations)|"
        r"censorship|(?:any )?(?:restrictions|filters) (?:or|and|what))",
    ),
    (
        NO_REFUSAL,
        r"\b(?:never|not allowed to|(?:must|can|will|do|should)(?: ?not|n'?t)|cannot)[ \t]{1,3}"
        r"(?:ever )?(?:refuse|decline|"
        r"say (?:that )?(?:you|it|i) (?:can'?t|cannot|can not|are unable)|"
        r"(?:give|include|add)[ \w]{0,12} (?:warnings?|disclaimers?) about)",
    ),
)
_COMPILED = tuple((rule, re.compile(regex, re.IGNORECASE)) for rule, regex in _PHRASES)
_TURN_TOKEN = re.compile(r"<\|(?:im_start|im_end|start_header_id|end_of_turn|endoftext|system)\|>")
# Said in front of a phrase, this makes it a guard against the very thing.
_GUARD = re.compile(
    r"(?:\b(?:not|never|don'?t|cannot|can'?t|won'?t|refuse to|avoid|without|decline to|"
    r"attempts? to|try(?:ing)? to|tries to|asks? (?:you |it )?to|asked to|requests? to|"
    r"if [\w ]{1,30})"
    r"|n['\u2019]t)(?:[ \t\"'\u201c]{1,3}\w{1,12}){0,2}[ \t\"'\u201c]{1,3}\Z",
    re.IGNORECASE,
)  # fmt: skip
_GUARDED = frozenset({OVERRIDE, REVEAL, PERSONA})


def _phrases(text: str) -> Iterator[Hit]:
    for rule, regex in _COMPILED:
        for match in regex.finditer(text):
            start = match.start()
            before = re.split(r"[.!?\n]", text[max(0, start - 50) : start])[-1]
            if not (rule in _GUARDED and _GUARD.search(before)):
                yield Hit(rule, *match.span())


def _turn_tokens(text: str) -> Iterator[Hit]:
    return (Hit(TURN_TOKEN, *match.span()) for match in _TURN_TOKEN.finditer(text))


_INVISIBLE = "\u00ad\u200b-\u200d\u2060-\u2064\ufeff"
_IN_WORD = re.compile(rf"(?<=[A-Za-z])[{_INVISIBLE}]{{1,200}}(?=[A-Za-z])|[{_INVISIBLE}]{{4,200}}")
_TAGS = re.compile("[\U000e0020-\U000e007f]{2,2000}")
_REVERSED = re.compile("[\u202d\u202e]")
_ZERO_WIDTH = re.compile(f"[{_INVISIBLE}]")


def _hidden(text: str) -> Iterator[Hit]:
    if text.isascii():
        return
    for match in _TAGS.finditer(text):
        # The flags of England, Scotland and Wales are a black flag with a few tags behind it.
        if text[match.start() - 1 : match.start()] != "\U0001f3f4":
            yield Hit(HIDDEN_TEXT, *match.span())
    for match in _REVERSED.finditer(text):
        yield Hit(HIDDEN_TEXT, *match.span())
    for match in _IN_WORD.finditer(text):
        # A soft hyphen between letters is ordinary typesetting.
        if match.group() != "\u00ad":
            yield Hit(HIDDEN, *match.span())


def _split_phrases(text: str) -> Iterator[Hit]:
    """Find the phrases that only show once invisible characters are taken out."""
    if text.isascii() or not _ZERO_WIDTH.search(text):
        return
    kept = [at for at, char in enumerate(text) if not _ZERO_WIDTH.match(char)]
    for hit in _phrases("".join(text[at] for at in kept)):
        start, end = kept[hit.start], kept[hit.end - 1] + 1
        if _ZERO_WIDTH.search(text, start, end):
            yield Hit(hit.rule, start, end)


_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}")


def _encoded(text: str) -> Iterator[Hit]:
    for match in _BASE64.finditer(text):
        block = match.group()[:8192]
        try:
            decoded = base64.b64decode(block[: len(block) // 4 * 4]).decode("utf-8", "ignore")
        except binascii.Error:
            continue
        if next(_phrases(decoded), None) is not None:
            yield Hit(ENCODED, *match.span())


def scan(text: str, context: Context) -> Iterator[Hit]:
    """Yield the injection phrases of a text, plain, split by invisible characters, or encoded."""
    found = chain(_limited(_phrases(text)), _limited(_split_phrases(text)))
    hidden = (_limited(find(text)) for find in (_turn_tokens, _hidden, _encoded))
    return chain(found, chain.from_iterable(hidden))


def _limited(hits: Iterator[Hit]) -> Iterator[Hit]:
    return islice(hits, MOST_HITS)
