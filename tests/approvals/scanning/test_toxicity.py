"""The word list: its words are found whole, and every finding says that it comes from a list."""

import pytest

from approvals.scanning import toxicity
from tests.approvals.scanning.samples import matched, rules

PLANTED = [
    ("toxicity.profanity", "This is bullshit."),
    ("toxicity.profanity", "Tell the BASTARD to wait."),
    ("toxicity.profanity", "what an asshole"),
    ("toxicity.insult", "Only an idiot would ask."),
    ("toxicity.insult", "You moron!"),
    ("toxicity.insult", "those scumbags"),
    ("toxicity.slur", "calls them retards"),
    ("toxicity.slur", "a wetback"),
    ("toxicity.threat", "Go kill yourself."),
    ("toxicity.threat", "I will murder you all."),
    ("toxicity.threat", "They deserve to die."),
]
CLEAN = [
    "Never use offensive language, slurs or threats.",
    "The cockpit of a Scunthorpe bus near Essex.",
    "Classic assessment of the assassin bug.",
    "Kill the process and restart the server.",
    "Fire retardant materials must be listed.",
    "The shiitake mushroom soup is on the menu.",
    "Shoot the photo, then cut the film yourself.",
    "The patient may die without treatment; say so kindly.",
    "Idiomatic English, please.",
]


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_scan__of_a_planted_word__finds_it(rule: str, text: str) -> None:
    assert rules(toxicity.scan, text) == [rule]


@pytest.mark.parametrize("text", CLEAN)
def test_scan__of_a_clean_text__finds_nothing(text: str) -> None:
    assert matched(toxicity.scan, text) == []


def test_rules__of_the_list__say_that_they_are_a_list_and_stay_below_high() -> None:
    assert all("word list" in rule.explanation for rule in toxicity.RULES)
    assert {rule.severity for rule in toxicity.RULES} == {"low", "moderate"}
