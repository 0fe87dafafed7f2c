"""One list of what a change still needs: the page, the API and the command say the same words."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from approvals.models import ApprovalRequest
from registry import roles
from tests.api import body
from tests.approvals.ci import Ci, preview
from tests.approvals.desk import SECOND, Desk, approved, at_state, in_review, released
from tests.approvals.pages.browsing import look, signed_in
from tests.people import make_person


def explain(request: int | str, *flags: str) -> tuple[int, str]:
    """The exit code and what is printed."""
    out = StringIO()
    try:
        call_command("explain", str(request), *flags, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def on_the_page(desk: Desk, request: ApprovalRequest) -> list[str]:
    """Every line of the list as somebody reads it who is named in none of them."""
    page = look(signed_in(desk.auditor), f"/requests/{request.pk}/")
    marks = ("✓ ", "○ ", "\N{EN DASH} ", "! ")
    return sorted(words[2:] for words in page.words_in("li") if words.startswith(marks))


def in_the_api(ci: Ci, request: ApprovalRequest) -> list[str]:
    listed = body(preview(ci.secret, request, "requirements"))["requirements"]
    keys = ("title", "word", "sentence", "can", "cannot")
    told = [[*(one[key] for key in keys), *one["notes"]] for one in listed]
    return sorted(" ".join(part for part in parts if part) for parts in told)


def by_the_command(request: ApprovalRequest) -> list[str]:
    lines, found = explain(request.pk)[1].splitlines(), list[list[str]]()
    for line in lines:
        if line.startswith("    ") and found:
            found[-1].append(line.strip())
        elif line.startswith("  "):
            title, _, word = line[4:].rpartition(" — ")
            found.append([title, word])
    return sorted(" ".join(parts) for parts in found)


@pytest.mark.parametrize("state", ["scanning", "review", "approved"])
def test_explain__any_open_state__page_api_and_command_agree_word_for_word(
    desk: Desk, ci: Ci, state: str
) -> None:
    request = at_state(desk, state)
    page = on_the_page(desk, request)
    assert len(page) > 8
    assert in_the_api(ci, request) == page
    assert by_the_command(request) == page


def test_explain__in_review__names_who_can_sign_and_who_cannot(desk: Desk) -> None:
    wrote = make_person("sid", roles.SUPPORT, by=desk.governance_owner)
    _, said = explain(in_review(desk, committers=[wrote]).pk)
    assert f"{desk.safety_reviewer} can sign." in said
    assert f"Not {wrote}, who wrote the commit." in said


def test_explain__json__is_the_body_of_the_api(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    told = json.loads(explain(request.pk, "--json")[1])
    assert told == body(preview(ci.secret, request, "requirements"))


def test_explain__approved_and_met__ends_with_0(desk: Desk) -> None:
    code, said = explain(approved(desk).pk)
    assert (code, said.splitlines()[-1]) == (0, "A release may happen now.")


@pytest.mark.parametrize("state", ["draft", "scanning", "review", "released", "rejected"])
def test_explain__no_release_may_happen__ends_with_1(desk: Desk, state: str) -> None:
    code, said = explain(at_state(desk, state).pk)
    assert (code, said.splitlines()[-1]) == (1, "No release may happen now.")


def test_explain__approved_but_something_else_went_live__ends_with_1(desk: Desk) -> None:
    request = approved(desk)
    released(desk, SECOND)
    assert explain(request.pk)[0] == 1


@pytest.mark.parametrize("number", ["999999", "0", "-1", str(2**70), "refunds"])
@pytest.mark.django_db
def test_explain__unknown__ends_with_2_and_says_so(number: str) -> None:
    code, said = explain(number)
    assert code == 2
    assert number in said
