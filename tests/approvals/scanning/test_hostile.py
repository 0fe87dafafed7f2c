"""Hostile text: a megabyte of what makes patterns run away ends within seconds."""

import time

import pytest

from approvals.scanning import injection, pii, secrets, template, toxicity
from approvals.scanning.findings import Context
from tests.approvals.scanning.samples import Scan

SIZE = 1_000_000
KEY = "-----BEGIN " + "PRIVATE KEY-----"
SEEDS = [
    "a", "1 ", "\n", "{{", "{{a}}", "{{a.__b__}}", "a@a.", "+1111111111", "4 4-", "://a:b", "eyJa.",
    "sk-" + "ant-api03-", "token: ", KEY + ("a" * 31 + "-") * 12, "ignore all the of your a b ",
    "reveal the your a b c ", "a\u200b", "${",
]  # fmt: skip
MORE_SEEDS = [
    "1", " ", "{", "{%if a%}", "<a@", "@", "1-", "+1", "(415) ", "1.1.", "GB82", "://", "sk-",
    "api_key", "password=", "authorization: bearer ", KEY, "ignore ", "ignore previous ",
    "without any ", "never refuse ", "you are ", "i will kill ", "\u200b", "\U000e0041", "aB3",
    "<%", "#set($", "[[1*", "ssn ", "born on ", "call 1 ",
]  # fmt: skip
ALL = [*SEEDS, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in MORE_SEEDS)]


@pytest.mark.parametrize(
    "scan",
    [pii.scan, secrets.scan, injection.scan, template.scan, toxicity.scan],
    ids=["pii", "secrets", "injection", "template", "toxicity"],
)
@pytest.mark.parametrize("seed", ALL, ids=[repr(seed[:24]) for seed in (*SEEDS, *MORE_SEEDS)])
def test_scan__of_a_hostile_megabyte__ends_soon(scan: Scan, seed: str) -> None:
    text = (seed * (SIZE // len(seed) + 1))[:SIZE]
    started = time.process_time()
    found = list(scan(text, Context("none", ())))
    assert time.process_time() - started < 5
    assert len(found) < 1_000
