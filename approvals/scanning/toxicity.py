"""Offensive language, by a word list and no more than that.

A list cannot tell a quotation, a reclaimed word or a warning from abuse, and it misses abuse in
polite words. Each finding says so, none weighs more than moderate, and a person decides.
"""

import re
from collections.abc import Iterator

from approvals.scanning.findings import Context, Hit, Rule
from approvals.scanning.words import words

_LIST = "It was found by a word list, which cannot see what is meant."

PROFANITY = Rule(
    "toxicity.profanity", "low", 50, "profanity",
    f"This word is on the list of swear words. {_LIST}",
    "Use a plainer word, or keep it where the prompt quotes or filters such language.",
)  # fmt: skip
INSULT = Rule(
    "toxicity.insult", "low", 50, "insult",
    f"This word is on the list of insults. {_LIST}",
    "Describe the behaviour, not the person, or keep it where the prompt quotes it.",
)  # fmt: skip
SLUR = Rule(
    "toxicity.slur", "moderate", 60, "slur",
    f"This word is on the list of slurs against groups of people. {_LIST}",
    "Remove the word unless the prompt needs it to recognise abuse.",
)  # fmt: skip
THREAT = Rule(
    "toxicity.threat", "moderate", 60, "threat",
    f"This phrase is on the list of threats and calls to self-harm. {_LIST}",
    "Remove the phrase unless the prompt needs it to recognise abuse.",
)  # fmt: skip
RULES = (PROFANITY, INSULT, SLUR, THREAT)

_WORDS: dict[str, Rule] = {
    **dict.fromkeys(
        words(
            "fuck fucks fucked fucker fuckers fucking motherfucker motherfucking shit shits shitty "
            "bullshit asshole assholes bastard bastards bitch bitches bitching cunt cunts dickhead "
            "dickheads wanker wankers twat twats slut sluts whore whores"
        ),
        PROFANITY,
    ),
    **dict.fromkeys(
        words(
            "idiot idiots idiotic moron morons moronic imbecile imbeciles cretin cretins scumbag "
            "scumbags dumbass dumbasses dipshit halfwit halfwits lowlife lowlifes subhuman "
            "subhumans"
        ),
        INSULT,
    ),
    **dict.fromkeys(
        words(
            "nigger niggers nigga niggas faggot faggots fag fags tranny trannies kike "
            "kikes spic spics chink chinks gook gooks wetback wetbacks paki pakis raghead ragheads "
            "towelhead towelheads retard retards retarded coon coons"
        ),
        SLUR,
    ),
}
_WORD = re.compile(r"[A-Za-z]+")
_THREATS = re.compile(
    r"\b(?:kill|hang|shoot|cut) ?your ?sel(?:f|ves)\b|\bkys\b|\bgo (?:and )?die\b"
    r"|\b(?:i|we)(?:'ll| will| am going to|'m going to| are going to|'re going to) "
    r"(?:kill|murder|rape|hurt|beat|shoot|stab|hang) (?:you|him|her|them|those|these|all)\b"
    r"|\b(?:deserves? to|should all) (?:die|be killed|be shot|be hanged)\b",
    re.IGNORECASE,
)


def scan(text: str, context: Context) -> Iterator[Hit]:
    """Yield the words and phrases of a text that stand on the lists."""
    for match in _WORD.finditer(text):
        rule = _WORDS.get(match.group().lower())
        if rule is not None:
            yield Hit(rule, *match.span())
    for match in _THREATS.finditer(text):
        yield Hit(THREAT, *match.span())
