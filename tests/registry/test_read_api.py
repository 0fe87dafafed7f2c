"""What an application reads over HTTP, and what it is told when there is nothing to read."""

from __future__ import annotations

import pytest

from audit.ledger import recording
from registry import documents
from registry.models import Prompt, User
from registry.services import versions
from tests.api import body, call, code
from tests.people import MakePrompt
from tests.registry.shop import TEXT, Shop, erase, recall, stop
from tests.registry.steps import add_version, move

# -- what is served -------------------------------------------------------------------------


def test_read__no_selector__is_what_production_serves(shop: Shop) -> None:
    response = call(shop.secret, shop.path)
    assert response.status_code == 200
    assert body(response) == {
        "name": "support/refunds",
        "type": "text",
        "version": 2,
        "label": "production",
        "content_digest": shop.second.content_digest,
        "template": "Second",
        "template_format": "none",
        "variables": [],
        "model_settings": {},
        "tools": [],
        "response_format": None,
        "release": {
            "id": str(shop.release.public_id),
            "kind": "release",
            "generation": 2,
            "at": shop.release.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }


def test_read__label__is_what_that_label_serves(shop: Shop) -> None:
    move(shop.prompt, shop.staging, shop.first, actor=shop.author, kind="placed")
    found = body(call(shop.secret, f"{shop.path}?label=staging"))
    assert (found["version"], found["label"]) == (1, "staging")
    assert found["release"]["kind"] == "placed"


def test_read__version__is_one_once_live_with_its_newest_release(shop: Shop) -> None:
    again = move(shop.prompt, shop.production, shop.first, actor=shop.author, kind="rollback")
    found = body(call(shop.secret, f"{shop.path}?version=1"))
    assert (found["version"], found["label"]) == (1, None)
    assert found["release"]["id"] == str(again.public_id)


def test_read__content__is_what_the_author_gave(shop: Shop) -> None:
    assert body(call(shop.secret, f"{shop.path}?version=1"))["template"] == TEXT


def test_read__chat__is_a_list_of_messages(
    shop: Shop, make_prompt: MakePrompt, author: User
) -> None:
    prompt = make_prompt("support/chat", type="chat")
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]
    document = documents.build(
        type="chat",
        template=messages,
        template_format="mustache",
        model_settings={"temperature": 0.2, "max_tokens": 80},
        tools=[{"name": "look_up"}],
        response_format={"type": "json_object"},
    )
    with recording(actor=author.ref) as log:
        version = versions.add_version(
            prompt, document, author=author, provenance={}, imported=False, at=log.at, log=log
        )
        log.record(
            "tests.request.proposed",
            ("tests.request", version.public_id),
            related=[("registry.version", version.public_id)],
        )
    move(prompt, shop.production, version, actor=author)
    found = body(call(shop.secret, "/prompts/support/chat"))
    assert (found["type"], found["template"], found["variables"]) == ("chat", messages, ["q"])
    assert found["model_settings"] == {"temperature": 0.2, "max_tokens": 80}
    assert (found["tools"], found["response_format"]) == (
        [{"name": "look_up"}],
        {"type": "json_object"},
    )


def test_read__archived_prompt__is_served(shop: Shop) -> None:
    Prompt.objects.filter(pk=shop.prompt.pk).update(status="archived")
    assert call(shop.secret, shop.path).status_code == 200


def test_read__name_written_otherwise__is_the_same_prompt(shop: Shop) -> None:
    for name in ("support%2Frefunds", "Support/REFUNDS", "support/%72efunds"):
        assert body(call(shop.secret, f"/prompts/{name}"))["name"] == "support/refunds", name


def test_read__name_of_many_characters__is_found(
    shop: Shop, make_prompt: MakePrompt, author: User
) -> None:
    name = "support/Größe/a b/100%/🙂/[x]*?#"
    prompt = make_prompt(name)
    move(prompt, shop.production, add_version(prompt, "x", author=author), actor=author)
    path = "/prompts/support/Gr%C3%B6%C3%9Fe/a%20b/100%25/%F0%9F%99%82/[x]*%3F%23"
    assert body(call(shop.secret, path))["name"] == name


# -- what is not ----------------------------------------------------------------------------


def test_read__label_with_version__is_400(shop: Shop) -> None:
    response = call(shop.secret, f"{shop.path}?label=staging&version=1")
    assert code(response) == (400, "ambiguous_selector")


def test_read__version_only_ever_placed__is_404(shop: Shop, author: User) -> None:
    third = add_version(shop.prompt, "Third", author=author)
    move(shop.prompt, shop.staging, third, actor=author, kind="placed")
    assert code(call(shop.secret, f"{shop.path}?version=3")) == (404, "unknown_version")


def test_read__version_that_is_not_there__is_404(shop: Shop) -> None:
    assert code(call(shop.secret, f"{shop.path}?version=9")) == (404, "unknown_version")


def test_read__nothing_on_the_label__is_404(shop: Shop) -> None:
    assert code(call(shop.secret, f"{shop.path}?label=staging")) == (404, "nothing_served")


def test_read__unknown_label__is_404(shop: Shop) -> None:
    assert code(call(shop.secret, f"{shop.path}?label=prod")) == (404, "unknown_label")


def test_read__suspended__is_404_with_the_reason(shop: Shop) -> None:
    stop(shop, shop.production)
    response = call(shop.secret, shop.path)
    assert code(response) == (404, "suspended")
    assert "It promised too much." in body(response)["detail"]
    assert body(response)["generation"] == 3


def test_read__resumed__is_served_again(shop: Shop) -> None:
    stop(shop, shop.production)
    move(shop.prompt, shop.production, None, actor=shop.author, kind="resume")
    found = body(call(shop.secret, shop.path))
    assert (found["version"], found["release"]["kind"]) == (2, "resume")


@pytest.mark.parametrize("selector", ["", "?version=2"])
def test_read__recalled__is_410(shop: Shop, selector: str) -> None:
    recall(shop, shop.second)
    assert code(call(shop.secret, shop.path + selector)) == (410, "recalled")


@pytest.mark.parametrize("selector", ["?label=production", "?version=2"])
def test_read__erased__is_410(shop: Shop, selector: str) -> None:
    erase(shop, shop.second)
    assert code(call(shop.secret, shop.path + selector)) == (410, "erased")


def test_read__version_that_is_no_number_of_one__is_422(shop: Shop) -> None:
    for version in ("0", "-1", "abc", "1.5", "2147483648", "9" * 5000, ""):
        response = call(shop.secret, f"{shop.path}?version={version}")
        assert code(response) == (422, "invalid_request"), version
        assert "“version”" in body(response)["detail"]


def test_read__label_of_no_possible_form__is_422(shop: Shop) -> None:
    for label in ("", "%00", "a%00b", "production%0A", "ä", "x" * 37):
        response = call(shop.secret, f"{shop.path}?label={label}")
        assert code(response) == (422, "invalid_request"), label


def test_read__misspelt_selector__is_refused_instead_of_production(shop: Shop) -> None:
    response = call(shop.secret, f"{shop.path}?lable=staging")
    assert code(response) == (422, "unknown_parameter")


NO_NAMES = [
    "support/%00",
    "%00",
    "support/refunds%00",
    "support/refunds%0A",
    "support/refunds%0D",
    "support/refunds/",
    "support//refunds",
    "support/../support/refunds",
    "support/%FF%FE",
    "support/%ED%A0%80",
    "-/refunds/-/nowhere",
    "support/refunds/-/labels/staging",
    "a" * 3000,
    "%F4%8F%BF%BF",
    "' OR 1=1 --",
    "null,null",
]


def test_read__name_that_no_prompt_has__is_404(shop: Shop) -> None:
    for name in NO_NAMES:
        assert code(call(shop.secret, f"/prompts/{name}")) == (404, "not_found"), name


@pytest.mark.parametrize(
    "query",
    ["label=production&label=staging", "version=1&version=2", "label=staging&label=staging"],
)
def test_read__selector_given_twice__is_422_and_serves_neither(shop: Shop, query: str) -> None:
    answer = call(shop.secret, f"{shop.path}?{query}")
    assert code(answer) == (422, "repeated_parameter")
    assert f"“{query.partition('=')[0]}”" in body(answer)["detail"]
