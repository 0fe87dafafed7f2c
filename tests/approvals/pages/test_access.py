"""The page of who may do what on a prompt: who sees it reads it, who may grant there uses it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services
from approvals.errors import NotEligible
from approvals.models import ApprovalRequest
from audit.models import AuditEvent
from registry import permissions, roles
from registry.models import Prompt, User
from registry.services import grants, namespaces
from registry.services import people as people_verbs
from registry.services import prompts as prompt_verbs
from tests.approvals.desk import Desk, in_review
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.people import MakePrompt, make_person

pytestmark = pytest.mark.django_db

GIVE = "Give"
TAKE = "Take away now"


def address(prompt: Prompt) -> str:
    return reverse("approvals:access", kwargs={"name": prompt.name})


def role(name: str) -> Group:
    return Group.objects.get(name=name)


def lines(page: Page) -> dict[str, str]:
    """The words of each line of the list, by the name that it begins with."""
    rows = [row.split("Take away…")[0].strip() for row in page.words_in("tr")]
    return {row.partition(" ")[0]: row for row in rows}


def give(person: User, prompt: Prompt, **typed: Any) -> Page:
    client = signed_in(person)
    return press(client, look(client, address(prompt)), GIVE, address(prompt), **typed)


def take(person: User, prompt: Prompt, to: str, *may: str) -> Page:
    """Untick nothing, tick these, and press the button of one line."""
    client = signed_in(person)
    page = look(client, address(prompt))
    form = next(f for f in page.forms if f.buttons.get(TAKE) == ("do", f"take:{to}"))
    return press(client, page, TAKE, address(prompt), form=form, may=list(may))


def key(to: User | Group) -> str:
    return f"{'role' if isinstance(to, Group) else 'account'}:{to.pk}"


def grant_events() -> int:
    return AuditEvent.objects.filter(action__startswith="registry.grant.").count()


# -- who sees what --------------------------------------------------------------------------


def test_access__who_manages__reads_who_may_what_and_finds_the_forms(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RESPOND, desk.outsider, actor=desk.author)
    page = look(signed_in(desk.author), address(desk.prompt))
    said = lines(page)
    assert "review" in said["safety"]
    assert "1 person" in said["safety"]
    assert "respond" in said["Otto"]
    assert "manage" in said["Ada"]
    assert {GIVE, TAKE} <= page.buttons
    assert page.has("a", href=f"/prompts/{desk.prompt.name}/")


def test_access__governance_owner__finds_the_forms_and_the_way_to_the_table(desk: Desk) -> None:
    page = look(signed_in(desk.governance_owner), address(desk.prompt))
    assert GIVE in page.buttons
    table = f"/admin/registry/prompt/{desk.prompt.pk}/do/grants/"
    assert page.has("a", href=table)
    assert signed_in(desk.governance_owner).get(table).status_code == 200
    assert not look(signed_in(desk.author), address(desk.prompt)).has("a", href=table)


@pytest.mark.parametrize("who", ["safety_reviewer", "auditor", "outsider", "superuser"])
def test_access__who_may_not_grant__reads_the_list_and_finds_no_form(desk: Desk, who: str) -> None:
    page = look(signed_in(desk.people[who]), address(desk.prompt))
    assert page.status == 200
    assert "manage" in lines(page)["Ada"]
    assert not {GIVE, TAKE} & page.buttons
    assert "Ada authors or Gwen Owner can" in page.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_access__confidential_and_unseen__is_404_and_says_nothing(
    desk: Desk, make_prompt: MakePrompt, method: str
) -> None:
    secret = make_prompt("support/merger", confidential=True)
    for person in (desk.governance_owner, desk.superuser, desk.outsider):
        client = signed_in(person)
        token = look(client, "/prompts/").forms[0].value("csrfmiddlewaretoken")
        sent = {"do": "give", "who": "otto", "may": "view", "csrfmiddlewaretoken": token}
        answer = getattr(client, method)(address(secret), sent)
        assert answer.status_code == 404
        assert "merger" not in answer.content.decode().replace(address(secret), "")
    assert not permissions.may(desk.outsider, permissions.VIEW, secret)


def test_access__nothing_granted__says_so_and_who_could(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    namespaces.set_grant_template(desk.prompt.namespace, [], actor=desk.governance_owner)
    bare = make_prompt("support/bare")
    for permission in (permissions.VIEW, permissions.PROPOSE, permissions.MANAGE):
        grants.revoke(bare, permission, desk.author, actor=desk.author)
    page = look(signed_in(desk.governance_owner), address(bare))
    assert "Nobody holds a permission here yet" in page.text
    assert "Nobody manages this prompt. Gwen Owner can" in page.text


def test_access__role_without_people_and_deactivated_person__are_marked(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    people_verbs.deactivate(desk.outsider, actor=desk.governance_owner)
    said = lines(look(signed_in(desk.author), address(desk.prompt)))
    assert "nobody is in it" in said["brand"]
    assert "deactivated" in said["Otto"]


def test_access__more_people__takes_no_more_queries(desk: Desk) -> None:
    client = signed_in(desk.author)
    look(client, address(desk.prompt))
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            look(client, address(desk.prompt))
        counts.append(len(queries))
        for n in range(4):
            one = make_person(f"p{number}{n}", by=desk.governance_owner)
            grants.grant(desk.prompt, permissions.REVIEW, one, actor=desk.author)
    assert counts[0] == counts[1] <= 20


# -- the way there --------------------------------------------------------------------------


def test_prompt_page__who_may_grant__is_led_to_who_may_what(desk: Desk) -> None:
    for name, person in desk.people.items():
        page = look(signed_in(person), f"/prompts/{desk.prompt.name}/")
        led = page.has("a", href=address(desk.prompt))
        assert led == (name in ("author", "governance_owner")), name


def stuck(desk: Desk) -> int:
    """A change in review that nobody is left to sign for safety, though Otto is in the role."""
    people_verbs.join(desk.outsider, roles.SAFETY, actor=desk.governance_owner)
    change = in_review(desk)
    grants.revoke(desk.prompt, permissions.REVIEW, role(roles.SAFETY), actor=desk.author)
    return change.pk


def test_request_page__viewer_can_grant_what_is_missing__is_led_there(desk: Desk) -> None:
    change = stuck(desk)
    link = f"{address(desk.prompt)}?may=review#give"
    page = look(signed_in(desk.author), f"/requests/{change}/")
    assert "You can grant it." in page.text
    assert page.has("a", href=link)
    for name in ("governance_owner", "engineer"):
        page = look(signed_in(desk.people[name]), f"/requests/{change}/")
        assert f"{desk.author} can grant it." in page.text
        assert not page.has("a", href=link)


def test_reviews__viewer_can_grant_what_is_missing__is_led_there(desk: Desk) -> None:
    stuck(desk)
    link = f"{address(desk.prompt)}?may=review#give"
    assert look(signed_in(desk.author), "/").has("a", href=link)
    people_verbs.deactivate(desk.author, actor=desk.governance_owner)
    page = look(signed_in(desk.governance_owner), "/")
    assert "nobody left can sign, and you can grant it" in page.text
    assert page.has("a", href=link)


def test_reviews__nobody_else_in_the_role__governance_owner_is_told_of_the_role(
    desk: Desk,
) -> None:
    in_review(desk)
    people_verbs.deactivate(desk.safety_reviewer, actor=desk.governance_owner)
    page = look(signed_in(desk.governance_owner), "/")
    assert "nobody left can sign, and you can put somebody into the role" in page.text
    assert not page.has("a", href=f"{address(desk.prompt)}?may=review#give")


def test_access__led_there_for_a_review__has_it_ticked(desk: Desk) -> None:
    page = look(signed_in(desk.author), f"{address(desk.prompt)}?may=review")
    assert page.form_with(GIVE).values("may") == ["review"]
    assert page.has("section", id="give")


# -- give -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["otto", "OTTO@example.org", "otto nobody"])
def test_give__person_however_written__gets_each_with_an_event(desk: Desk, who: str) -> None:
    before = grant_events()
    page = give(desk.author, desk.prompt, who=who, may=["review", "release"])
    assert "Otto Nobody may review." in page.text
    assert "Otto Nobody may release." in page.text
    for permission in (permissions.REVIEW, permissions.RELEASE):
        assert permissions.may(desk.outsider, permission, desk.prompt)
    assert grant_events() == before + 2


def test_give__role__gets_it(desk: Desk) -> None:
    page = give(desk.governance_owner, desk.prompt, role=roles.AUDITORS, may=["view"])
    assert "auditors may view." in page.text
    assert permissions.may(desk.auditor, permissions.VIEW, desk.prompt)


def test_give__sent_twice_with_a_taking_between__is_done_once(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    typed: dict[str, Any] = {"who": "otto", "may": ["review"]}
    press(client, page, GIVE, address(desk.prompt), **typed)
    grants.revoke(desk.prompt, permissions.REVIEW, desk.outsider, actor=desk.author)
    again = press(client, page, GIVE, address(desk.prompt), **typed)
    assert "sent before" in again.text
    assert not permissions.may(desk.outsider, permissions.REVIEW, desk.prompt)


def test_give__same_form_for_somebody_else__is_another_post(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    for who in ("otto", "olga"):
        press(client, page, GIVE, address(desk.prompt), who=who, may=["view"])
    assert permissions.may(desk.auditor, permissions.VIEW, desk.prompt)


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ({"who": "nobody-known", "may": ["view"]}, 422, "No account has the user name"),
        ({"who": "a\0b", "may": ["view"]}, 422, "No account has the user name"),
        ({"who": "", "may": ["view"]}, 422, "Choose a role, or write who it is for."),
        ({"who": "otto", "role": "safety", "may": ["view"]}, 422, "not both"),
        ({"who": "otto", "may": None}, 422, "Tick what they may do."),
        ({"who": "otto", "may": ["delete"]}, 422, "is not a permission"),
        ({"role": "no-such-role", "may": ["view"]}, 404, "There is no role named"),
        ({"who": "ada", "may": ["review"]}, 403, "Nobody gives permissions to themselves"),
        ({"role": "authors", "may": ["review"]}, 403, "Nobody gives permissions to themselves"),
    ],
)
def test_give__refused__says_why_keeps_what_was_typed_and_changes_nothing(
    desk: Desk, typed: dict[str, Any], status: int, sentence: str
) -> None:
    before = AuditEvent.objects.count()
    page = give(desk.author, desk.prompt, **typed)
    assert page.status == status
    assert sentence in page.text
    assert "Nothing was changed." in page.text
    form = page.form_with(GIVE)
    assert form.value("who") == typed.get("who", "")
    known = [one for one in typed.get("may") or [] if one in permissions.WORDS]
    assert form.values("may") == known
    assert AuditEvent.objects.count() == before


def test_give__two_people_of_that_name__asks_for_the_user_name(desk: Desk) -> None:
    make_person("olga2", by=desk.governance_owner)
    for username in ("olga", "olga2"):
        User.objects.filter(username=username).update(display_name="Olga Berg")
    page = give(desk.author, desk.prompt, who="Olga Berg", may=["view"])
    assert page.status == 422
    assert "Several accounts are called" in page.text


@pytest.mark.parametrize("who", ["safety_reviewer", "outsider", "superuser"])
def test_post__without_manage__is_refused_and_keeps_what_was_typed(desk: Desk, who: str) -> None:
    sender = signed_in(desk.people[who])
    form = look(signed_in(desk.author), address(desk.prompt)).form_with(GIVE)
    token = look(sender, "/prompts/").forms[0].value("csrfmiddlewaretoken")
    form.fields = [(n, token if n == "csrfmiddlewaretoken" else v) for n, v in form.fields]
    page = Page(sender.get("/prompts/"))
    before = AuditEvent.objects.count()
    done = press(sender, page, GIVE, address(desk.prompt), form=form, who="olga", may=["release"])
    assert done.status == 403
    assert "needs the permission to manage this prompt" in done.text
    assert done.has("textarea", name="who")
    assert AuditEvent.objects.count() == before


def test_post__unknown_button__is_refused(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    form = page.form_with(GIVE)
    form.buttons["Do"] = ("do", "own:everything")
    assert press(client, page, "Do", address(desk.prompt), form=form).status == 422


def test_give__session_ended__comes_back_filled_in(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    client.session.flush()
    kept = press(client, page, GIVE, address(desk.prompt), who="otto", may=["review", "view"])
    assert kept.status == 403
    desk.author.set_password("paper lantern, 41 windows")
    desk.author.save()
    back = press(
        client,
        kept,
        "Sign in and go on",
        address(desk.prompt),
        username="ada",
        password="paper lantern, 41 windows",
    )
    form = back.form_with(GIVE)
    assert (form.value("who"), form.values("may")) == ("otto", ["view", "review"])
    assert not permissions.may(desk.outsider, permissions.REVIEW, desk.prompt)


# -- take away ------------------------------------------------------------------------------


def test_take__one_of_two__leaves_the_other(desk: Desk) -> None:
    page = take(desk.author, desk.prompt, key(role(roles.SAFETY)), "review")
    assert "safety may no longer review." in page.text
    assert not permissions.may(desk.safety_reviewer, permissions.REVIEW, desk.prompt)
    assert permissions.may(desk.safety_reviewer, permissions.VIEW, desk.prompt)


def test_take__holds_one_only__is_ticked_already(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RESPOND, desk.outsider, actor=desk.author)
    page = look(signed_in(desk.author), address(desk.prompt))
    forms = {f.buttons[TAKE][1]: f for f in page.forms if TAKE in f.buttons}
    assert forms[f"take:{key(desk.outsider)}"].values("may") == ["respond"]
    assert forms[f"take:{key(role(roles.SAFETY))}"].values("may") == []


def test_take__nothing_ticked__is_refused_and_the_line_stays_open(desk: Desk) -> None:
    page = take(desk.author, desk.prompt, key(role(roles.SAFETY)))
    assert page.status == 422
    assert "Tick what to take away." in page.text
    assert page.html.count("<details open") == 1


def test_take__last_who_sees_and_grants__is_refused_with_its_sentence(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    namespaces.set_grant_template(desk.prompt.namespace, [], actor=desk.governance_owner)
    secret = make_prompt("support/secret", confidential=True)
    for word, sentence in (
        ("view", "Nobody would see this confidential prompt any more."),
        ("manage", "Nobody who sees this confidential prompt could give"),
    ):
        page = take(desk.author, secret, key(desk.author), word)
        assert page.status == 409
        assert sentence in page.text
    assert permissions.may(desk.author, permissions.VIEW, secret)


def test_take__refused_in_the_middle__says_what_was_done_and_what_was_not(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    namespaces.set_grant_template(desk.prompt.namespace, [], actor=desk.governance_owner)
    secret = make_prompt("support/secret", confidential=True)
    page = take(desk.author, secret, key(desk.author), "view", "propose")
    assert page.status == 409
    assert "Ada authors may no longer propose." in page.text
    assert "Nothing was changed." not in page.text
    assert not permissions.may(desk.author, permissions.PROPOSE, secret)
    assert permissions.may(desk.author, permissions.VIEW, secret)


def test_take__everything_of_ones_own__takes_manage_last_and_leaves_the_list(desk: Desk) -> None:
    page = take(desk.author, desk.prompt, key(desk.author), "manage", "propose", "view")
    assert page.status == 200
    assert "may no longer manage." in page.text
    assert "Ada" not in lines(page)
    assert GIVE not in page.buttons


def test_take__own_view_of_a_confidential_prompt__ends_at_the_prompts(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    namespaces.set_grant_template(desk.prompt.namespace, [], actor=desk.governance_owner)
    secret = make_prompt("support/secret", confidential=True)
    for permission in (permissions.VIEW, permissions.MANAGE):
        grants.grant(secret, permission, desk.outsider, actor=desk.author)
    page = take(desk.author, secret, key(desk.author), "view")
    assert page.status == 200
    assert page.words_in("h1") == ["Prompts"]
    assert "may no longer view." in page.text


@pytest.mark.parametrize("to", ["role:999999", "account:x", "nonsense", "account:" + "9" * 30])
def test_take__crafted_line__is_refused(desk: Desk, to: str) -> None:
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    form = next(f for f in page.forms if TAKE in f.buttons)
    form.buttons["Craft"] = ("do", f"take:{to}")
    before = AuditEvent.objects.count()
    done = press(client, page, "Craft", address(desk.prompt), form=form, may=["view"])
    assert done.status == 404
    assert AuditEvent.objects.count() == before


def test_take__archived_prompt__still_can(desk: Desk) -> None:
    prompt_verbs.archive_prompt(desk.prompt, actor=desk.author)
    take(desk.author, desk.prompt, key(role(roles.SAFETY)), "review")
    assert not permissions.may(desk.safety_reviewer, permissions.REVIEW, desk.prompt)


# -- those who are named can ----------------------------------------------------------------


def test_submit__nobody_could_sign__whoever_is_named_grants_it_and_then_it_goes(
    desk: Desk,
) -> None:
    people_verbs.join(desk.outsider, roles.SAFETY, actor=desk.governance_owner)
    grants.revoke(desk.prompt, permissions.REVIEW, role(roles.SAFETY), actor=desk.author)
    client = signed_in(desk.author)
    form_at = f"/prompts/{desk.prompt.name}/-/propose"
    page = look(client, form_at)
    page = press(client, page, "Save and submit", form_at, template="Hello", rationale="Why")
    assert page.status == 422
    assert "Ada authors can grant review on this prompt to somebody in that role." in page.text
    assert page.has("a", href=f"{address(desk.prompt)}?may=review#give")
    give(desk.author, desk.prompt, who="otto", may=["review"])
    done = press(client, page, "Save and submit", page.form_with("Save and submit").action)
    assert "Submitted." in done.text


def test_review__no_permission__names_who_can_grant_it(desk: Desk) -> None:
    change = in_review(desk)
    said = refused(desk, desk.outsider, change.pk)
    assert said == "You hold no review permission on this prompt. Ada authors can grant it."
    people_verbs.deactivate(desk.author, actor=desk.governance_owner)
    assert refused(desk, desk.outsider, change.pk).endswith("Gwen Owner can grant it.")


def refused(desk: Desk, person: User, change: int) -> str:
    seen = ApprovalRequest.objects.get(pk=change).revision_digest
    with pytest.raises(NotEligible) as no:
        services.review(change, actor=person, role="safety", decision="approve", seen=seen)
    return no.value.sentence
