"""The key of a post: the same post once more does nothing; one that says something else is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from approvals import services
from approvals.models import AfterReview, Hold, Policy
from registry.errors import Stale
from registry.models import LabelPointer
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk, text
from tests.approvals.documents_of import in_force, with_brand

pytestmark = pytest.mark.django_db

Post = Callable[[], Any]
KEY: dict[str, Any] = {"key": "one"}


def _ticket(number: int) -> dict[str, Any]:
    return {"provenance": {"change_ticket": f"CR-{number}"}}


def _propose(desk: Desk) -> tuple[Post, Post]:
    post = partial(steps.propose, desk, **KEY)
    return partial(post, **_ticket(1)), partial(post, **_ticket(2))


def _revise(desk: Desk) -> tuple[Post, Post]:
    change = steps.propose(desk)
    words: dict[str, Any] = {"document": text(SECOND), "rationale": "Warmer."}
    post = partial(services.revise, change.pk, actor=desk.author, **KEY, **words)
    return partial(post, **_ticket(1)), partial(post, **_ticket(2))


def _submit(desk: Desk) -> tuple[Post, Post]:
    post = partial(services.submit, steps.propose(desk).pk, actor=desk.author, **KEY)
    return post, partial(post, release_when_ready=True)


def _withdraw(desk: Desk) -> tuple[Post, Post]:
    post = partial(services.withdraw, steps.propose(desk).pk, actor=desk.author, **KEY)
    return partial(post, comment="Later."), partial(post, comment="Never.")


def _two_reasons(verb: Callable[..., Any], *about: Any, **given: Any) -> tuple[Post, Post]:
    post = partial(verb, *about, **KEY, **given)
    return partial(post, reason="Wrong number."), partial(post, reason="Wrong tone.")


def _rollback(desk: Desk) -> tuple[Post, Post]:
    _released_twice(desk)
    return _two_reasons(services.rollback, desk.prompt, desk.production, actor=desk.responder)


def _suspend(desk: Desk) -> tuple[Post, Post]:
    steps.released(desk)
    return _two_reasons(services.suspend, desk.prompt, desk.production, actor=desk.responder)


def _resume(desk: Desk) -> tuple[Post, Post]:
    steps.released(desk)
    services.suspend(desk.prompt, desk.production, reason="Wrong.", actor=desk.responder)
    return _two_reasons(services.resume, desk.prompt, desk.production, actor=desk.responder)


def _recall(desk: Desk) -> tuple[Post, Post]:
    version = steps.released(desk).version
    return _two_reasons(services.recall, version, actor=desk.responder)


def _lift_hold(desk: Desk) -> tuple[Post, Post]:
    _rolled_back(desk)
    return _two_reasons(services.lift_hold, Hold.objects.get().pk, actor=desk.responder)


def _close_review_after(desk: Desk) -> tuple[Post, Post]:
    _rolled_back(desk)
    row = AfterReview.objects.get()
    post = partial(services.close_review_after, row.pk, actor=desk.engineer, **KEY)
    return partial(post, comment="Fine."), partial(post, comment="Not fine.")


def _ask_erasure(desk: Desk) -> tuple[Post, Post]:
    _released_twice(desk)
    services.rollback(desk.prompt, desk.production, actor=desk.responder)
    live = LabelPointer.objects.get(prompt=desk.prompt, label=desk.production).version
    assert live is not None
    services.place(desk.prompt, live, desk.staging, actor=desk.author)
    second = desk.prompt.versions.get(number=2)
    owner = desk.governance_owner
    return _two_reasons(services.ask_erasure, second, actor=owner, ticket="T-1")


POSTS: dict[str, Callable[[Desk], tuple[Post, Post]]] = {
    "propose": _propose,
    "revise": _revise,
    "submit": _submit,
    "withdraw": _withdraw,
    "rollback": _rollback,
    "suspend": _suspend,
    "resume": _resume,
    "recall": _recall,
    "lift_hold": _lift_hold,
    "close_review_after": _close_review_after,
    "ask_erasure": _ask_erasure,
}


@pytest.mark.parametrize("verb", POSTS)
def test_verb__same_key_with_other_words__is_another_post(desk: Desk, verb: str) -> None:
    first, other = POSTS[verb](desk)
    done = first()
    assert first() == done
    with pytest.raises(Stale):
        other()


def _released_twice(desk: Desk) -> None:
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)


def _rolled_back(desk: Desk) -> None:
    """With a hold, and a review after the fact of what the brand never signed off."""
    _released_twice(desk)
    in_force(Policy.objects.get(name="Regulated"), with_brand(), by=desk.governance_owner)
    services.rollback(desk.prompt, desk.production, actor=desk.responder)
