"""A prompt with two versions live in turn, a token that reads them, and what stops them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from audit.ledger import recording
from registry.models import Label, Prompt, Recall, Release, ServiceToken, User, Version
from registry.services import versions
from tests.api import make_token
from tests.registry.steps import add_version, move

TEXT = "Thank {{name}}\r\nand  end here. \tÄ🙂é\n\n"


@dataclass
class Shop:
    """One prompt, two versions live in turn on production, and a token that reads them."""

    prompt: Prompt
    production: Label
    staging: Label
    author: User
    owner: User
    first: Version
    second: Version
    release: Release
    token: ServiceToken
    secret: str

    @property
    def path(self) -> str:
        return f"/prompts/{self.prompt.name}"


@pytest.fixture
def shop(
    prompt: Prompt, production: Label, staging: Label, author: User, governance_owner: User
) -> Shop:
    """`support/refunds` at v2 on production, v1 was there before."""
    first = add_version(prompt, TEXT, author=author)
    second = add_version(prompt, "Second", author=author)
    move(prompt, production, first, actor=author)
    release = move(prompt, production, second, actor=author)
    token, secret = make_token(governance_owner)
    return Shop(
        prompt=prompt,
        production=production,
        staging=staging,
        author=author,
        owner=governance_owner,
        first=first,
        second=second,
        release=release,
        token=token,
        secret=secret,
    )


def recall(shop: Shop, version: Version) -> None:
    with recording(actor=shop.author.ref) as log:
        reason = log.commit("It promised too much.")
        Recall.objects.create(version=version, account=shop.author, reason=reason, at=log.at)
        log.record(
            "tests.version.recalled",
            ("registry.version", version.public_id),
            blobs={"reason": reason},
        )


def erase(shop: Shop, version: Version) -> None:
    with recording(actor=shop.author.ref) as log:
        versions.erase(version, actor=shop.author, at=log.at)
        log.record("tests.version.erased", ("registry.version", version.public_id))


def stop(shop: Shop, label: Label, reason: str = "It promised too much.") -> Release:
    with recording(actor=shop.author.ref) as log:
        blob = log.commit(reason)
        log.record(
            "tests.reason.given", ("registry.prompt", shop.prompt.public_id), blobs={"r": blob}
        )
    return move(shop.prompt, label, None, actor=shop.author, kind="suspend", reason=blob)
