"""import_version and keep_scan: one event each, none for a repeat, and no way around a rule."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals import scanning, services
from approvals.errors import SecretFound
from audit.ledger import head
from registry.errors import Archived, InvalidDocument, NotAllowed, NotFound
from registry.models import Version
from registry.services import prompts
from tests.approvals.desk import FIRST, SECOND, Desk, text
from tests.approvals.importing.folder import LEAK


def bring_in(desk: Desk, template: str = FIRST, **kwargs: Any) -> Version:
    given = {"actor": desk.author, "provenance": {}, **kwargs}
    return services.import_version(desk.prompt, text(template), **given)


def keep(version: Version) -> Any:
    return services.keep_scan(version, report=scanning.scan_document(version.body))


def test_import_version__changes_something__leaves_one_event_and_a_whole_ledger(
    desk: Desk,
) -> None:
    before = head().size

    bring_in(desk)

    assert head().size == before + 1
    call_command("audit_verify")


def test_import_version__posted_twice__makes_one_version(desk: Desk) -> None:
    first = bring_in(desk, key="k1")
    before = head().size

    assert bring_in(desk, key="k1") == first
    assert head().size == before


def test_import_version__without_propose__is_refused(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        bring_in(desk, actor=desk.outsider)


def test_import_version__confidential_prompt__is_not_found(desk: Desk) -> None:
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)

    with pytest.raises(NotFound):
        bring_in(desk, actor=desk.outsider)


def test_import_version__critical_secret__is_refused(desk: Desk) -> None:
    with pytest.raises(SecretFound):
        bring_in(desk, LEAK)


def test_import_version__archived__is_refused(desk: Desk) -> None:
    prompts.archive_prompt(desk.prompt, actor=desk.author)

    with pytest.raises(Archived):
        bring_in(desk)


def test_import_version__another_type__is_refused(desk: Desk) -> None:
    chat = prompts.create_prompt("support/chat", type="chat", actor=desk.author)

    with pytest.raises(InvalidDocument):
        services.import_version(chat, text(FIRST), actor=desk.author, provenance={})


def test_keep_scan__changes_something__leaves_one_event_and_a_whole_ledger(desk: Desk) -> None:
    version = bring_in(desk)
    before = head().size

    keep(version)

    assert head().size == before + 1
    call_command("audit_verify")


def test_keep_scan__of_the_same_content__leaves_none(desk: Desk) -> None:
    scan = keep(bring_in(desk))
    again = bring_in(desk)
    before = head().size

    assert keep(again) == scan
    assert head().size == before


def test_keep_scan__done__lets_the_version_be_placed(desk: Desk) -> None:
    version = bring_in(desk, SECOND)
    keep(version)

    services.place(desk.prompt, version, desk.staging, actor=desk.author)

    assert desk.prompt.pointers.get(label=desk.staging).version == version
