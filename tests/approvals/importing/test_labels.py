"""An import with a label: placed where anything may be tried, a draft where people must sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from approvals import services
from approvals.importing import Importer, apply, candidates, plan
from approvals.models import ApprovalRequest, RiskScan
from audit.ledger import head
from registry.errors import LabelIsProtected
from registry.models import Label, LabelPointer, Prompt, User
from registry.services import grants, labels
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.importing.folder import SUPPORT, put, run, stored

pytestmark = pytest.mark.usefixtures("namespace", "author")


def test_import__unprotected_label__places_the_scanned_version(
    tmp_path: Path, staging: Label
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")

    told = run(tmp_path, label="staging")

    pointer = LabelPointer.objects.get(prompt__name="support/refund", label=staging)
    assert pointer.version == stored("support/refund")[0]
    assert RiskScan.objects.get().content_digest == stored("support/refund")[0].content_digest
    assert "create     support/refund  1 version, then place on staging" in told.text
    call_command("audit_verify")


def test_import__unprotected_label_again__changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    run(tmp_path, label="staging")
    before = head().size

    assert "1 unchanged" in run(tmp_path, label="staging").text
    assert head().size == before


def test_import__label_after_an_import_without__places_the_version_that_is_there(
    tmp_path: Path,
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    run(tmp_path)

    run(tmp_path, label="staging")

    assert len(stored("support/refund")) == 1
    assert LabelPointer.objects.get(label__name="staging").version == stored("support/refund")[0]


def test_import__protected_label__opens_a_draft_that_people_must_review(
    tmp_path: Path, production: Label, author: User
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")

    told = run(tmp_path, label="production")

    request = ApprovalRequest.objects.with_parts().get()
    assert (request.state, request.label, request.author) == ("draft", production, author)
    assert request.version == stored("support/refund")[0]
    assert request.version.imported
    assert request.rationale.value == f"Imported from {SUPPORT}."
    assert not LabelPointer.objects.exclude(version=None).exists()
    assert "draft request for production" in told.text


def test_import__protected_label_again__changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    run(tmp_path, label="production")
    before = head().size

    assert "1 unchanged" in run(tmp_path, label="production").text
    assert head().size == before


def test_import__protected_label_serves_the_text__opens_nothing(tmp_path: Path, desk: Desk) -> None:
    put(tmp_path, "support/refunds.md", "Be kind.\n")
    run(tmp_path, label="production")
    draft = ApprovalRequest.objects.with_parts().get()
    services.submit(draft.pk, actor=desk.author)
    steps.approve(desk, steps.route(steps.scan(draft)))
    services.release(draft.pk, actor=desk.author)
    before = head().size

    assert "1 unchanged" in run(tmp_path, label="production").text
    assert head().size == before


def test_apply__step_on_the_label_refused__brings_nothing_of_the_file_in(
    tmp_path: Path, desk: Desk, governance_owner: User
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    importer = Importer(tmp_path, desk.author, desk.staging)
    (found,) = candidates(tmp_path)
    planned = plan(found, importer)
    # What was free when the file was looked at is protected when it comes in.
    labels.protect_label(desk.staging, actor=governance_owner)
    before = head().size

    with pytest.raises(LabelIsProtected):
        apply(planned, importer)

    assert not Prompt.objects.filter(name="support/refund").exists()
    assert head().size == before


def test_import__label_suspended_for_the_prompt__says_so_before_anything(
    tmp_path: Path, desk: Desk
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    run(tmp_path, label="staging")
    (prompt,) = Prompt.objects.filter(name="support/refund")
    grants.grant(prompt, "respond_prompt", desk.responder, actor=desk.author)
    services.suspend(prompt, desk.staging, reason="Look at it.", actor=desk.responder)
    put(tmp_path, SUPPORT, "Be kinder.\n")

    told = run(tmp_path, label="staging", dry_run=True)

    assert "staging is suspended for this prompt" in told.text
    assert "1 failed" in told.text
