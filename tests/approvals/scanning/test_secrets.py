"""Secrets: planted keys of own making are found, placeholders and ordinary prompts pass.

No key stands in this file as a whole: each is put together from pieces when the test runs.
"""

import time

import pytest

from approvals.scanning import secrets
from approvals.scanning.findings import Context
from tests.approvals.scanning.samples import matched, rules

# Looks random, belongs to nobody, and is cut to the length that a format wants.
TAIL = "".join(["q7Rm2Zx9", "Lw4TbK8v", "Nc3Yp6Hd", "J5sGf1Qa", "0eUiXoB2", "zMkWnVt7"])
HEX = "".join(["9f3a7c1e", "5b8d2046", "e7c09a3f", "1d6b48f2"])


def key(*pieces: str) -> str:
    return "".join(pieces)


PLANTED = [
    ("secrets.aws_access_key", key("AK", "IA", "Q7RM2ZX9LW4TBK8V")),
    ("secrets.github_token", key("gh", "p_", TAIL[:36])),
    ("secrets.github_token", key("github", "_pat_", TAIL[:22], "_", (TAIL + TAIL)[:59])),
    ("secrets.gitlab_token", key("gl", "pat-", TAIL[:20])),
    ("secrets.slack_token", key("xo", "xb-", "7391846205-", TAIL[:24])),
    ("secrets.slack_webhook", key("hooks.slack", ".com/services/T9Q7RM2ZX/B4TBK8VNC/", TAIL[:24])),
    ("secrets.stripe_key", key("sk_", "live_", TAIL[:24])),
    ("secrets.model_provider_key", key("sk", "-", TAIL[:48])),
    ("secrets.model_provider_key", key("sk-", "proj-", TAIL, "_", TAIL[:9])),
    ("secrets.google_key", key("AI", "za", TAIL[:35])),
    ("secrets.google_client_secret", key("GOC", "SPX-", TAIL[:28])),
    ("secrets.sendgrid_key", key("S", "G.", TAIL[:22], ".", TAIL[:43])),
    ("secrets.npm_token", key("np", "m_", TAIL[:36])),
    ("secrets.pypi_token", key("py", "pi-AgEI", TAIL, TAIL[:20])),
    ("secrets.hugging_face_token", key("h", "f_", TAIL[:34])),
    ("secrets.digitalocean_token", key("do", "p_v1_", HEX, HEX)),
    ("secrets.telegram_token", key("739184620", ":A", "A", TAIL[:33])),
    ("secrets.azure_account_key", key("Account", "Key=", (TAIL + TAIL)[:86], "==")),
    ("secrets.private_key", key("-----BEGIN ", "PRIVATE KEY-----\n", TAIL, TAIL, "\n-----END")),
    ("secrets.connection_string", key("postgres://", "app:", "t4Rq9", "@db.internal/orders")),
    ("secrets.jwt", key("ey", "J", TAIL[:20], ".ey", "J", TAIL[:30], ".", TAIL[:43])),
    ("secrets.authorization_header", key("Author", "ization: Bearer ", TAIL[:32])),
    ("secrets.assigned_value", key("billing_api", "_key = '", TAIL[:32], "'")),
    ("secrets.assigned_value", key('"client_', 'secret": "', HEX, '"')),
    ("secrets.assigned_password", key("DB_PASS", "WORD=Tulip", "-Rain7")),
]
CLEAN = [
    "Set OPENAI_API_KEY to your-api-key-here before the first run.",
    key("Use ", "sk", "-", "x" * 48, " where the real key goes."),
    key("AK", "IA", "IOSFODNN7EXAMPLE", " is the key that the manual prints."),
    "A key starts with sk- and is followed by many characters, as in sk-...",
    "Never print the password, a token or a secret of the customer.",
    "password: the customer's password must have at least twelve characters",
    "token = os.environ['SERVICE_TOKEN']",
    "max_tokens: 4096, token_budget: {{ token_budget }}, next_token: end_of_sentence",
    "api_key: ${API_KEY}\nsecret: <insert secret>\nclient_secret = process.env.CLIENT_SECRET",
    "-----BEGIN PRIVATE KEY----- marks the start of a key; ask people not to paste one.",
    "postgres://user:password@localhost/db and https://example.org:8080/path@version",
    "Commit 9f3a7c1e5b8d2046e7c09a3f1d6b48f2 fixed it; see 123e4567-e89b-42d3-a456-426614174000.",
    "secret: the-name-of-the-secret-in-the-vault",
    "secret: kv/team7/billing/service2024",
    "request_token: 7f3e4a67-e89b-42d3-a456-b26e14c7d090",
]


@pytest.mark.parametrize(
    ("rule", "text"), PLANTED, ids=[f"{n}-{r}" for n, (r, _) in enumerate(PLANTED)]
)
def test_scan__of_a_planted_secret__finds_it_inside_a_prompt(rule: str, text: str) -> None:
    assert rules(secrets.scan, f"You are a helpful agent.\n{text}\nAnswer in one line.") == [rule]


@pytest.mark.parametrize("text", CLEAN)
def test_scan__of_a_clean_text__finds_nothing(text: str) -> None:
    assert rules(secrets.scan, text) == []


def test_scan__of_an_assigned_value__spans_the_value_alone() -> None:
    assert matched(secrets.scan, f"api_key = '{TAIL[:32]}';") == [TAIL[:32]]


def test_scan__of_a_key_block__spans_the_block() -> None:
    block = key(
        "-----BEGIN RSA ",
        "PRIVATE KEY-----\n",
        TAIL,
        "\n",
        TAIL,
        "\n-----END RSA ",
        "PRIVATE KEY-----",
    )
    assert matched(secrets.scan, f"before\n{block}\nafter") == [block]


def test_scan__of_a_key_block_cut_short__spans_its_key_text() -> None:
    block = key("-----BEGIN ", "PRIVATE KEY-----\n", TAIL, "\n", TAIL)
    assert matched(secrets.scan, f"{block}\n\n** the end **")[0].strip() == block


def test_scan__of_a_provider_key_assigned_to_a_name__tells_it_once() -> None:
    assert rules(secrets.scan, key("api_key = '", "sk_", "live_", TAIL[:24], "'")) == [
        "secrets.stripe_key"
    ]


def test_scan__after_the_deadline__starts_no_rule() -> None:
    text = PLANTED[0][1]
    assert list(secrets.scan(text, Context(), deadline=time.monotonic() - 1)) == []


def test_rules__that_are_critical__are_provider_formats_and_key_blocks_only() -> None:
    milder = {rule.id for rule in secrets.RULES if rule.severity != "critical"}
    assert milder == {
        "secrets.connection_string",
        "secrets.jwt",
        "secrets.authorization_header",
        "secrets.assigned_value",
        "secrets.assigned_password",
    }


@pytest.mark.parametrize(
    "value", ["xxxxxxxxxxxxxxxx", "your-api-key-here", "<token>", "aaaabbbb", "${KEY}"]
)
def test_is_placeholder__of_a_stand_in__is_true(value: str) -> None:
    assert secrets.is_placeholder(value)


def test_is_placeholder__of_a_random_value__is_false() -> None:
    assert not secrets.is_placeholder(TAIL[:24])


def test_entropy__of_values__grows_with_their_variety() -> None:
    assert secrets.entropy("aaaa") == 0
    assert secrets.entropy("abab") == 1
    assert secrets.entropy(TAIL) > 4
