"""Personal data: written out in a text, or asked for by a template variable.

What cannot belong to a person is no finding: reserved domains, fictional telephone numbers, test
cards, private and documentation addresses. Numbers must pass their checksum where they have one.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice

from approvals.scanning.findings import MOST_HITS, Context, Hit, Rule
from approvals.scanning.iban import LENGTHS as IBAN_LENGTHS
from approvals.scanning.personal_names import asks_for
from approvals.scanning.words import words

_REMOVE = "Remove it or use made-up data, such as an address at example.com."


def _rule(name: str, severity: str, confidence: int, title: str, explanation: str) -> Rule:
    return Rule(f"pii.{name}", severity, confidence, title, explanation, _REMOVE)


EMAIL = _rule(
    "email", "moderate", 85, "e-mail address",
    "This looks like the e-mail address of a person.",
)  # fmt: skip
PHONE = _rule(
    "phone", "moderate", 70, "telephone number",
    "This looks like a telephone number that can be called.",
)  # fmt: skip
CARD = _rule(
    "card", "high", 90, "payment card number",
    "This number has the length, the first digits and the check digit of a payment card.",
)  # fmt: skip
IBAN = _rule(
    "iban", "high", 95, "bank account number",
    "This is an IBAN with a right length and checksum, so it may name a real account.",
)  # fmt: skip
SSN = _rule(
    "us_ssn", "high", 80, "social security number",
    "This has the form of a US social security number that can be issued.",
)  # fmt: skip
IP = _rule(
    "ip_address", "low", 60, "IP address",
    "This is a public IP address, which can point to a person's connection.",
)  # fmt: skip
BIRTH = _rule(
    "date_of_birth", "moderate", 75, "date of birth",
    "A date of birth is written out, which helps to tell who a person is.",
)  # fmt: skip
IDENTITY = _rule(
    "identity_number", "high", 70, "identity number",
    "The number of a passport, licence, patient or student record is written out.",
)  # fmt: skip
_MINIMISE = (
    "Ask for it only if the answer needs it and say why in the rationale; "
    "a first name is often enough."
)
VARIABLE = Rule(
    "pii.variable", "low", 80, "variable for personal data",
    "This variable asks the application for data about a person.", _MINIMISE,
)  # fmt: skip
SENSITIVE_VARIABLE = Rule(
    "pii.sensitive_variable", "moderate", 85, "variable for sensitive personal data",
    "This variable asks the application for an identifier or a health fact of a person.",
    "Ask for it only if the answer cannot do without it, and say in the rationale why.",
)  # fmt: skip
RULES = (
    EMAIL, PHONE, CARD, IBAN, SSN, IP, BIRTH, IDENTITY, VARIABLE, SENSITIVE_VARIABLE,
)  # fmt: skip

# RFC 2606 and RFC 6761, and names that documentation uses as if they were reserved.
_RESERVED_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example|test|invalid|localhost|local)\Z"
    r"|(?:.*\.)?(?:example|your[\w-]*|my-?company|company|domain|mydomain|website)\.[a-z]{2,8}\Z"
)
_NO_PERSON = words(
    "admin billing careers contact enquiries feedback git hello help hr info jobs legal mail "
    "marketing media news newsletter no-reply noreply office orders postmaster press privacy root "
    "sales security service support team user username webmaster you your name"
)
_FILE_ENDINGS = words("png jpg jpeg gif svg webp css js ts py md txt json html pdf")
_EMAIL_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")
_AT = re.compile(r"(?<=[A-Za-z0-9._%+-])@(?=[A-Za-z0-9])")
_ADDRESS = re.compile(r"://[^\s/]{0,100}\Z")
_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}\Z")


def _emails(text: str, context: Context) -> Iterator[Hit]:
    # From the at sign outwards: reading every word as a possible local part costs far more.
    for at in _AT.finditer(text):
        domain = _EMAIL_DOMAIN.match(text, at.end())
        local = _LOCAL.search(text[max(0, at.start() - 64) : at.start()])
        if domain is None or local is None:
            continue
        start = at.start() - len(local.group())
        # What stands before the at sign of a web address is a login there, not a mailbox.
        if _ADDRESS.search(text[max(0, start - 100) : start]):
            continue
        host, name = domain.group().lower(), local.group().lower().strip("'.")
        ending = host.rsplit(".", 1)[1]
        if not ending.isalpha() or len(ending) < 2 or ending in _FILE_ENDINGS:
            continue
        if name and name not in _NO_PERSON and not _RESERVED_DOMAIN.match(host):
            yield Hit(EMAIL, start, domain.end())


_PHONE = re.compile(
    r"(?<![\w.+/=-])(?:"
    r"\+\d{8,15}|\+\d{1,7}(?:[ .-]\d{2,9}){1,5}"
    r"|\+\d{1,3}[ .-]?\(\d{1,4}\)[ .-]?\d{2,8}(?:[ .-]\d{2,5}){0,3}"
    r"|(?:1[ .-])?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[.-])[2-9]\d{2}[ .-]\d{4}"
    r"|[2-9]\d{2} [2-9]\d{2} \d{4}"
    r")(?![\w/=]|[.-]\d)"
)
_CALLED = re.compile(
    r"\b(?:phone|tel|telephone|call|mobile|cell|fax|whatsapp|sms|text)\b[^\n\d]{0,20}"
    r"(?P<value>\+?\(?\d{1,5}\)?(?:[ .()-]{1,2}\d{2,5}){1,5}|\d{8,12})(?![\w/=])",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)\d\d[ .-]\d\d[ .-]\d\d\Z|\d\d[ .-]\d\d[ .-](?:19|20)\d\d\Z")
# Set aside for fiction in North America: 555-0100 to 555-0199, and the area code 555 is unassigned.
_FICTIONAL = re.compile(r"55501\d\d\Z|\A1?555\d{7}\Z")


def _spans(text: str, *regexes: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return the spans of all matches, in order; a regex with a group means that group."""
    return sorted(match.span(r.groups) for r in regexes for match in r.finditer(text))


def _phones(text: str, context: Context) -> Iterator[Hit]:
    reached = -1
    found = (
        (m.start(g), m.end(g)) for r, g in ((_PHONE, 0), (_CALLED, 1)) for m in r.finditer(text)
    )
    for start, end in sorted(found):
        digits = re.sub(r"\D", "", text[start:end])
        plain = start < reached or _DATE.match(text[start:end])
        if plain or not 8 <= len(digits) <= 15 or len(set(digits)) < 4:
            continue
        if not _FICTIONAL.search(digits) and digits not in {"1234567890", "11234567890"}:
            reached = end
            yield Hit(PHONE, start, end)


_CARD = re.compile(r"(?<![\w.+-])[2-6](?:[ -]?\d){12,18}(?![\w]|[.-]\d)")
_CARD_START = re.compile(
    r"4|5[1-5]|2(?:2[2-9]|[3-6]\d|7[01]|720)|3[47]|3(?:0[0-5]|[68])|35|6(?:011|5|4[4-9]|2)"
)
# Numbers that payment providers publish for tests.
_TEST_CARDS = words(
    "4242424242424242 4000056655665556 5555555555554444 2223003122003222 378282246310005 "
    "371449635398431 6011111111111117 4012888888881881 5105105105105100"
)


def luhn(digits: str) -> bool:
    """Tell whether a string of digits ends in the check digit of ISO/IEC 7812."""
    doubled = "0246813579"
    total = sum(int(d) for d in digits[-1::-2]) + sum(int(doubled[int(d)]) for d in digits[-2::-2])
    return total % 10 == 0


def _cards(text: str, context: Context) -> Iterator[Hit]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        issued = len(set(digits)) > 2 and digits not in _TEST_CARDS and _CARD_START.match(digits)
        if issued and luhn(digits):
            yield Hit(CARD, *match.span())


_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?=[ A-Z0-9])")


def _ibans(text: str, context: Context) -> Iterator[Hit]:
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match.group()[:2], 0)
        end, kept = match.start(), ""
        while len(kept) < length and end < len(text):
            char = text[end]
            if char.isascii() and (char.isdigit() or char.isupper()):
                kept += char
            elif char != " " or text[end - 1] == " ":
                break
            end += 1
        whole = length > 0 and len(kept) == length and not text[end : end + 1].isalnum()
        if whole and int("".join(str(int(c, 36)) for c in kept[4:] + kept[:4])) % 97 == 1:
            yield Hit(IBAN, match.start(), end)


_SSN = re.compile(r"(?<![\w.-])(?!000|666)[0-8]\d{2}-(?!00)\d{2}-(?!0000)\d{4}(?![\w]|[.-]\d)")
_SSN_NAMED = re.compile(
    r"\b(?:ssn|social security)\b[^\d\n]{0,20}"
    r"(?P<value>(?!000|666)[0-8]\d{2}[ .-]?(?!00)\d{2}[ .-]?(?!0000)\d{4})(?![\w]|[.-]\d)",
    re.IGNORECASE,
)
# Printed on sample cards and forms, and never issued.
_VOID_SSN = frozenset({"078051120", "219099999", "123456789"})


def _ssns(text: str, context: Context) -> Iterator[Hit]:
    reached = -1
    found = (
        (m.start(g), m.end(g)) for r, g in ((_SSN, 0), (_SSN_NAMED, 1)) for m in r.finditer(text)
    )
    for start, end in sorted(found):
        if start >= reached and re.sub(r"\D", "", text[start:end]) not in _VOID_SSN:
            reached = end
            yield Hit(SSN, start, end)


_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_NETWORK_WORDS = re.compile(
    r"\b(?:ip|ipv4|address|host|server|client|login|logged|log in|signed|user|visitor|from)\b", re.I
)


def _addresses(text: str, context: Context) -> Iterator[Hit]:
    for match in _IPV4.finditer(text):
        try:
            public = ipaddress.IPv4Address(match.group()).is_global
        except ValueError:
            continue
        before = text[max(0, match.start() - 60) : match.start()].rsplit("\n", 1)[-1]
        if public and _NETWORK_WORDS.search(before) and "version" not in before.lower():
            yield Hit(IP, *match.span())


_BIRTH = re.compile(
    r"\b(?:date of birth|birth ?date|dob|d\.o\.b\.|born(?: on)?)\b[^\w\n]{0,5}(?:is |was |on )?"
    r"(?P<value>\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}(?:st|nd|rd|th)? [A-Z][a-z]{2,8},? \d{4}"
    r"|[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?,? \d{4})",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"\b(?:passport|driver'?s?'? licen[cs]e|mrn|medical record|patient|student|national id)\b"
    r"(?: (?:number|no\.?|id|identifier))?[^\w\n]{0,5}(?:is |number )?"
    r"(?P<value>(?=[A-Z-]{0,4}\d)[A-Z0-9-]{6,18})(?![\w-])",
    re.IGNORECASE,
)


def _named(rule: Rule, regex: re.Pattern[str]) -> Callable[[str, Context], Iterator[Hit]]:
    def find(text: str, context: Context) -> Iterator[Hit]:
        for match in regex.finditer(text):
            if len(set(re.sub(r"\D", "", match.group("value")))) > 2:
                yield Hit(rule, *match.span("value"))

    return find


_TAGGED = re.compile(r"\{\{[{#^/&~-]{0,2}\s{0,20}(?P<value>[^\W\d][\w.-]{0,80})")
_FIELD = re.compile(r"(?<!\{)\{(?P<value>[^\W\d]\w{0,80})")


def _variables(text: str, context: Context) -> Iterator[Hit]:
    regex = _FIELD if context.template_format == "f-string" else _TAGGED
    seen: set[str] = set()
    for match in regex.finditer(text):
        name = match.group("value").rstrip("-.")
        seen.update((name, name.split(".", 1)[0]))
        yield from _variable(name, match.start("value"))
    # A variable can also stand in a condition or a loop, where no tag begins with it.
    for name in context.variables:
        if name not in seen and asks_for(name):
            match_ = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
            if match_ is not None:
                yield from _variable(name, match_.start())


def _variable(name: str, start: int) -> Iterator[Hit]:
    weight = asks_for(name)
    if weight:
        rule = SENSITIVE_VARIABLE if weight == "sensitive" else VARIABLE
        yield Hit(rule, start, start + len(name))


_FINDERS = (
    _emails, _phones, _cards, _ibans, _ssns, _addresses,
    _named(BIRTH, _BIRTH), _named(IDENTITY, _IDENTITY), _variables,
)  # fmt: skip


def scan(text: str, context: Context) -> Iterator[Hit]:
    """Yield the personal data of a text and the variables that ask for it."""
    return chain.from_iterable(islice(find(text, context), MOST_HITS) for find in _FINDERS)
