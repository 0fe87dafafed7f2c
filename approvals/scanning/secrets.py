"""Keys, tokens and passwords in clear: provider formats, key blocks, and values assigned to a name.

Every pattern starts at a literal or behind a boundary and repeats only up to a limit, so that the
time taken grows with the length of the text and no faster.
"""

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from approvals.scanning.findings import MOST_HITS, Context, Hit, Rule

_REMOVE = "Remove it here, revoke it at its provider, and pass it to the application at run time."


def _provider(name: str, title: str) -> Rule:
    return Rule(
        f"secrets.{name}",
        "critical",
        95,
        title,
        f"This has the form of a live {title}; whoever can read the prompt can use it.",
        _REMOVE,
    )


PRIVATE_KEY = Rule(
    "secrets.private_key",
    "critical",
    99,
    "private key",
    "This is a private key block; whoever can read the prompt can act in its owner's name.",
    "Remove the block, replace the key pair, and keep the private key out of prompts.",
)
CONNECTION = Rule(
    "secrets.connection_string",
    "high",
    85,
    "connection string",
    "This address carries a password; whoever can read the prompt can open the connection.",
    "Take the password out of the address and change it where it is used.",
)
JWT = Rule(
    "secrets.jwt",
    "high",
    85,
    "signed token",
    "This is a JSON Web Token; until it expires it signs its bearer in.",
    "Remove the token and end its session.",
)
HEADER = Rule(
    "secrets.authorization_header",
    "high",
    75,
    "authorisation header",
    "This header carries a credential; whoever can read the prompt can send it too.",
    "Remove the credential and let the application add the header.",
)
ASSIGNED = Rule(
    "secrets.assigned_value",
    "high",
    70,
    "assigned secret",
    "A name that means a secret is given a value that looks random.",
    "Remove the value; if it is only an example, write it so that it looks like one.",
)
PASSWORD = Rule(
    "secrets.assigned_password",
    "high",
    65,
    "password",
    "A password is written out in clear.",
    "Remove the password and change it where it is used.",
)

_PLACEHOLDERS = (
    "example", "your", "placeholder", "changeme", "change-me", "change_me", "xxxx", "dummy",
    "sample", "redacted", "insert", "replace", "fake", "todo", "abcdef", "012345", "123456",
    "...", "***", "…", "<", "{", "$(", "${",
)  # fmt: skip


def is_placeholder(value: str) -> bool:
    """Tell whether a value only stands for a secret, such as your-api-key-here or xxxx."""
    lowered = value.lower()
    return len(set(lowered)) < 5 or any(mark in lowered for mark in _PLACEHOLDERS)


def entropy(value: str) -> float:
    """Return the Shannon entropy of a value's characters, in bits for each character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def _classes(value: str) -> int:
    kinds = (str.islower, str.isupper, str.isdigit)
    found = sum(any(kind(char) for char in value) for kind in kinds)
    return found + any(not char.isalnum() for char in value)


def _random(value: str) -> bool:
    return not is_placeholder(value) and entropy(value) >= 3.0


def _random_with_digit(value: str) -> bool:
    return _random(value) and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _real_password(value: str) -> bool:
    return not is_placeholder(value) and value.lower() not in {
        "password",
        "passwd",
        "secret",
        "pass",
    }


_SHAPES = re.compile(
    r"https?://|[a-z]+(?:[_-][a-z]+)+\Z|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-"
    r"|[\w.-]+(?:/[\w.-]+)+\Z|(?:[A-Za-z]+\.)+[A-Za-z]+\Z",
    re.IGNORECASE,
)


def _assigned(value: str) -> bool:
    enough = entropy(value) >= 3.2 and len(value) >= 16
    return enough and _random_with_digit(value) and not _SHAPES.match(value)


def _assigned_password(value: str) -> bool:
    return _real_password(value) and _classes(value) >= 3 and not _SHAPES.match(value)


@dataclass(frozen=True)
class _Pattern:
    rule: Rule
    # One of these stands in every match: a text without any is not searched at all.
    hints: tuple[str, ...]
    regex: re.Pattern[str]
    accept: Callable[[str], bool] = _random


def _pattern(
    rule: Rule, hints: str, regex: str, accept: Callable[[str], bool] = _random, flags: int = 0
) -> _Pattern:
    return _Pattern(rule, tuple(hints.split()), re.compile(regex, flags), accept)


_END = r"(?![A-Za-z0-9])"
_START = r"(?<![A-Za-z0-9])"

_PROVIDERS = (
    _pattern(
        _provider("aws_access_key", "AWS access key"),
        "AKIA ASIA",
        _START + r"A[KS]IA[0-9A-Z]{16}" + _END,
    ),
    _pattern(
        _provider("github_token", "GitHub token"),
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        _START + r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})",
    ),
    _pattern(_provider("gitlab_token", "GitLab token"), "glpat-", _START + r"glpat-[\w-]{20,64}"),
    _pattern(
        _provider("slack_token", "Slack token"),
        "xox",
        _START + r"xox[abeoprs]-(?:\d{1,15}-){0,3}[A-Za-z0-9-]{10,200}",
    ),
    _pattern(
        _provider("slack_webhook", "Slack webhook"),
        "hooks.slack.com",
        r"hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,32}",
    ),
    _pattern(
        _provider("stripe_key", "Stripe key"),
        "k_live_",
        _START + r"[rs]k_live_[A-Za-z0-9]{16,250}",
    ),
    _pattern(
        _provider("model_provider_key", "model provider key"),
        "sk-",
        _START
        + r"sk-(?:(?:proj|svcacct|admin|or-v1|ant-(?:api|admin)\d\d)-[\w-]{20,250}"
        + r"|[A-Za-z0-9]{32,64}(?![\w-]))",
        _random_with_digit,
    ),
    _pattern(_provider("google_key", "Google API key"), "AIza", _START + r"AIza[\w-]{35}(?![\w-])"),
    _pattern(
        _provider("google_client_secret", "Google client secret"),
        "GOCSPX-",
        r"GOCSPX-[\w-]{28}(?![\w-])",
    ),
    _pattern(
        _provider("sendgrid_key", "SendGrid key"),
        "SG.",
        _START + r"SG\.[\w-]{22}\.[\w-]{43}(?![\w-])",
    ),
    _pattern(_provider("npm_token", "npm token"), "npm_", _START + r"npm_[A-Za-z0-9]{36}" + _END),
    _pattern(
        _provider("pypi_token", "PyPI token"),
        "pypi-AgEI",
        _START + r"pypi-AgEI[\w-]{50,250}",
    ),
    _pattern(
        _provider("hugging_face_token", "Hugging Face token"),
        "hf_",
        _START + r"hf_[A-Za-z0-9]{34}" + _END,
    ),
    _pattern(
        _provider("digitalocean_token", "DigitalOcean token"),
        "_v1_",
        _START + r"do[opr]_v1_[0-9a-f]{64}" + _END,
    ),
    _pattern(
        _provider("telegram_token", "Telegram bot token"),
        ":AA",
        r"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])",
    ),
    _pattern(
        _provider("azure_account_key", "Azure storage key"),
        "AccountKey=",
        r"AccountKey=(?P<value>[A-Za-z0-9+/]{86}==)",
    ),
    _pattern(
        PRIVATE_KEY,
        "PRIVATE",
        r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        # Long lines of key text only: a header that a prompt merely mentions is no key.
        r"(?=(?:[^-]|-(?!----)){0,400}(?P<value>[A-Za-z0-9+/=]{32}))",
    ),
)
_NAME = (
    r"(?:api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|secret|token|credential|bearer)"
)
_ASSIGN = r"[\w.\]-]{0,20}[\"'`]?[ \t]{0,5}(?:=>|:=|[:=])[ \t]{0,5}[\"'`]?"
_OTHERS = (
    _pattern(
        CONNECTION,
        "://",
        r"(?<=[a-z])://[^\s:/@\"'<>`]{0,100}:(?P<value>[^\s@/\"'<>`]{3,200})@[\w.-]",
        _real_password,
    ),
    _pattern(
        JWT,
        "eyJ",
        _START + r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}",
    ),
    _pattern(
        HEADER,
        "uthorization UTHORIZATION",
        r"authorization[\"'`]?[ \t]{0,3}[:=,][ \t]{0,3}[\"'`]?(?:bearer|basic|token)[ \t]{1,3}"
        r"(?P<value>[A-Za-z0-9+/=_.~-]{16,2000})",
        _random_with_digit,
        re.IGNORECASE,
    ),
    _pattern(
        ASSIGNED,
        "key KEY Key secret SECRET Secret token TOKEN Token credential CREDENTIAL bearer Bearer",
        _NAME + _ASSIGN + r"(?P<value>[A-Za-z0-9+/=_.!@#%^&*~-]{16,200})",
        _assigned,
        re.IGNORECASE,
    ),
    _pattern(
        PASSWORD,
        "pass PASS Pass pwd PWD Pwd",
        r"(?:password|passwd|pwd)" + _ASSIGN + r"(?P<value>[^\s\"'`,;<>{}()\[\]|]{8,100})",
        _assigned_password,
        re.IGNORECASE,
    ),
)
_PATTERNS = _PROVIDERS + _OTHERS
RULES = tuple(pattern.rule for pattern in _PATTERNS)


def scan(
    text: str, context: Context, *, critical_only: bool = False, deadline: float | None = None
) -> Iterator[Hit]:
    """Yield the secrets of a text, none twice; no rule starts after the deadline (monotonic)."""
    covered: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        if critical_only and pattern.rule.severity != "critical":
            continue
        if deadline is not None and time.monotonic() > deadline:
            return
        if not any(hint in text for hint in pattern.hints):
            continue
        for hit in islice(_hits(pattern, text), MOST_HITS):
            if not any(hit.start < end and start < hit.end for start, end in covered):
                covered.append((hit.start, hit.end))
                yield hit


def _hits(pattern: _Pattern, text: str) -> Iterator[Hit]:
    for match in pattern.regex.finditer(text):
        group = "value" if pattern.regex.groups else 0
        if not pattern.accept(match.group(group)):
            continue
        if pattern.rule is PRIVATE_KEY:
            yield Hit(PRIVATE_KEY, match.start(), _end_of_block(text, match.end()))
        else:
            yield Hit(pattern.rule, *match.span(group))


def _end_of_block(text: str, start: int) -> int:
    """A key block ends at its closing line, or else where its lines of key text stop."""
    closing = text.find("-----END", start, start + 20_000)
    if closing >= 0:
        line_end = text.find("-----", closing + 8, closing + 60)
        return line_end + 5 if line_end >= 0 else closing + 8
    body = re.compile(r"[A-Za-z0-9+/=\s\\]{0,20000}").match(text, start)
    return body.end() if body else start
