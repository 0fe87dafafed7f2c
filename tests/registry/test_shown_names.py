"""No name holds what nobody sees, or what turns its text round: by whichever verb it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from registry.errors import InvalidName
from registry.models import Namespace, User
from registry.names import check_seen
from registry.services import details, namespaces, people, prompts, tokens
from tests.registry.desk_of_admin import maker, signed_in

UNSEEN = {
    "zero width space": ("Ada\u200bLove", "invisible character U+200B"),
    "right-to-left override": ("Ada\u202eLove", "U+202E"),
    "isolate": ("Ada\u2066Love", "U+2066"),
    "mark of direction": ("Ada\u200fLove", "U+200F"),
    "line end": ("Ada\nLove", "control character U+000A"),
    "line separator": ("Ada\u2028Love", "U+2028"),
    "byte order mark": ("\ufeffAda", "Character 1 "),
    "soft hyphen": ("Ada\u00adLove", "U+00AD"),
    "tag": ("Ada\U000e0041", "U+E0041"),
    "filler that counts as a letter": ("Ada\u3164", "U+3164"),
    "variation selector": ("Ada\ufe0f", "U+FE0F"),
    "joiner between Latin letters": ("Ada\u200dLove", "U+200D"),
    "non-joiner at the end": ("علی\u200c", "U+200C"),
}
SEEN = [
    "Ada Lovelace",
    "می\u200cشود",
    "श्री",
    "क्\u200dष",
    "José 李 🙂",
    "שרה",
    "O'Neil-Ünal, Ph.D.",
]


@pytest.mark.parametrize("case", UNSEEN)
def test_check_seen__character_that_nobody_sees__is_named(case: str) -> None:
    text, words = UNSEEN[case]
    with pytest.raises(InvalidName) as refused:
        check_seen("display_name", text)
    assert words in refused.value.sentence
    assert refused.value.sentence.endswith("Remove it.")
    assert "display name" in refused.value.sentence
    assert refused.value.extra["field"] == "display_name"


@pytest.mark.parametrize("text", SEEN)
def test_check_seen__name_as_people_write_it__passes(text: str) -> None:
    check_seen("display_name", text)


BAD = "ev\u200bil"
Verb = Callable[[User, User], Any]
DOORS: dict[str, Verb] = {
    "create_person": lambda gwen, ada: people.create_person(
        "nina", email="nina@example.org", display_name=BAD, actor=gwen
    ),
    "create_person, user name": lambda gwen, ada: people.create_person(
        "nina\u3164", email="nina@example.org", display_name="Nina", actor=gwen
    ),
    "create_service_account": lambda gwen, ada: people.create_service_account(
        "bot", display_name=BAD, actor=gwen
    ),
    "edit_person": lambda gwen, ada: details.edit_person(ada, display_name=BAD, actor=gwen),
    "create_team": lambda gwen, ada: namespaces.create_team(BAD, actor=gwen),
    "rename_team": lambda gwen, ada: namespaces.rename_team(
        namespaces.create_team("Good", actor=gwen), BAD, actor=gwen
    ),
    "create_namespace": lambda gwen, ada: namespaces.create_namespace(BAD, actor=gwen),
    "create_prompt": lambda gwen, ada: prompts.create_prompt(f"support/{BAD}", actor=ada),
    "create_prompt, a tag": lambda gwen, ada: prompts.create_prompt(
        "support/good", tags=["tone", BAD], actor=ada
    ),
    "create_token": lambda gwen, ada: tokens.create_token(
        people.create_service_account("bot", actor=gwen), name=BAD, scopes=["read"], actor=gwen
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_verb__name_with_what_nobody_sees__is_refused(
    governance_owner: User, author: User, namespace: Namespace, door: str
) -> None:
    with pytest.raises(InvalidName, match=r"U\+(200B|3164)"):
        DOORS[door](governance_owner, author)


def test_change_email__of_somebody_with_an_older_name__is_saved(
    governance_owner: User, author: User
) -> None:
    """What was there before the rule stands in no way of what is changed now."""
    User.objects.filter(pk=author.pk).update(display_name=BAD)
    assert details.change_email(author, "new@example.org", actor=governance_owner).email


def test_create_token__by_its_command__names_the_character(governance_owner: User) -> None:
    people.create_service_account("bot", actor=governance_owner)
    with pytest.raises(CommandError, match="U\\+200B"):
        call_command("create_token", BAD, account="bot", scopes=["read"], actor="gwen")


def test_add_person__in_the_admin__shows_it_at_the_field(governance_owner: User) -> None:
    typed = {"username": "nina", "email": "nina@example.org", "display_name": BAD}
    answer = signed_in(governance_owner).post(maker(User, "person"), {**typed, "time_zone": "UTC"})
    assert answer.status_code == 422
    assert "invisible character U+200B" in answer.content.decode()
    assert not User.objects.filter(username="nina").exists()
