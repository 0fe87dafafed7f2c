"""A git work tree comes in commit by commit, with who wrote each and when."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from django.core.management import call_command

from approvals.importing import worktree
from approvals.models import ApprovalRequest
from audit.ledger import head
from audit.models import AuditEvent
from registry.actors import System
from registry.errors import ContentTooLarge
from registry.models import Label, LabelPointer, Prompt, User
from tests.approvals.importing.folder import (
    LEAK,
    SUPPORT,
    commit,
    git,
    put,
    run,
    stored,
    texts,
)
from tests.registry.steps import move

pytestmark = pytest.mark.usefixtures("namespace", "author")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty work tree."""
    root = tmp_path / "tree"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    return root


def test_import__commits__become_versions_in_their_order(tree: Path) -> None:
    for text in ("One.\n", "Two.\r\n", "One.\n"):
        commit(tree, SUPPORT, text)

    told = run(tree)

    assert texts("support/refund") == ["One.\n", "Two.\r\n", "One.\n"]
    assert "create     support/refund  3 versions" in told.text
    call_command("audit_verify")


def test_import__commit__is_named_with_its_author_and_date(tree: Path) -> None:
    sha = commit(tree, SUPPORT, "One.\n")

    run(tree)

    (version,) = stored("support/refund")
    told = version.provenance["import"]
    assert version.provenance["source_commit"] == sha
    assert told["source"] == "git"
    assert told["author"] == hashlib.sha256(b"ada@example.org").hexdigest()
    assert told["date"] == git(tree, "log", "-1", "--format=%aI")


def test_import__commit_of_a_known_person__names_that_account(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <SAM@example.org>")

    run(tree)

    event = AuditEvent.objects.get(action="approvals.version.imported")
    assert str(safety_reviewer.public_id) in event.payload


def test_import__committer_of_a_draft__may_not_sign_it_off(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <sam@example.org>", subject="Be brief")

    run(tree, label="production")

    request = ApprovalRequest.objects.with_parts().get()
    assert request.contributors.filter(account=safety_reviewer, role="committer").exists()
    assert (request.rationale.value or "").startswith("Be brief\n")


def test_import__wrote_an_earlier_commit_of_the_draft__may_not_sign_it_off_either(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <sam@example.org>")
    commit(tree, SUPPORT, "One.\n\n", author="Bot <bot@example.org>")

    run(tree, label="production")

    request = ApprovalRequest.objects.get()
    assert request.contributors.filter(account=safety_reviewer, role="committer").exists()


def test_import__wrote_a_commit_of_an_import_before_the_draft__may_not_sign_it_off_either(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <sam@example.org>")
    run(tree)
    commit(tree, SUPPORT, "One.\n\n", author="Bot <bot@example.org>")

    run(tree, label="production")

    request = ApprovalRequest.objects.get()
    assert request.contributors.filter(account=safety_reviewer, role="committer").exists()


def test_import__wrote_a_commit_that_is_live_by_now__may_sign_the_next_one_off(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <sam@example.org>")
    run(tree)
    prompt = Prompt.objects.get()
    move(prompt, Label.objects.get(name="production"), prompt.versions.get(), actor=System("test"))
    commit(tree, SUPPORT, "One.\n\n", author="Bot <bot@example.org>")

    run(tree, label="production")

    request = ApprovalRequest.objects.get()
    assert not request.contributors.filter(account=safety_reviewer).exists()


def test_import__protected_label__proposes_the_newest_text_only(tree: Path) -> None:
    for text in ("One.\n", "Two.\n"):
        commit(tree, SUPPORT, text)

    run(tree, label="production")

    assert [r.version.number for r in ApprovalRequest.objects.all() if r.version] == [2]


def test_import__protected_label_after_an_import_without__proposes_as_its_committer(
    tree: Path, safety_reviewer: User
) -> None:
    commit(tree, SUPPORT, "One.\n", author="Somebody <sam@example.org>")
    run(tree)

    run(tree, label="production")

    request = ApprovalRequest.objects.get()
    assert request.contributors.filter(account=safety_reviewer, role="committer").exists()
    assert texts("support/refund") == ["One.\n", "One.\n"]


def test_import__second_run__changes_nothing(tree: Path) -> None:
    for text in ("One.\n", "Two.\n", "One.\n"):
        commit(tree, SUPPORT, text)
    run(tree)
    before = head().size

    assert "1 unchanged" in run(tree).text
    assert head().size == before


def test_import__new_commits__add_only_what_is_new(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    run(tree)
    commit(tree, SUPPORT, "Two.\n")

    told = run(tree)

    assert "add        support/refund  1 version" in told.text
    assert texts("support/refund") == ["One.\n", "Two.\n"]


def test_import__text_that_is_not_committed__comes_last_without_a_commit(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    put(tree, SUPPORT, "Two.\n")

    run(tree)

    assert texts("support/refund") == ["One.\n", "Two.\n"]
    assert "source_commit" not in stored("support/refund")[1].provenance


def test_import__text_committed_since__adds_nothing(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    put(tree, SUPPORT, "Two.\n")
    run(tree)
    commit(tree, SUPPORT, "Two.\n")

    assert "1 unchanged" in run(tree).text
    assert texts("support/refund") == ["One.\n", "Two.\n"]


def test_import__committed_after_it_was_imported__stays_known_behind_a_later_text(
    tree: Path,
) -> None:
    commit(tree, SUPPORT, "One.\n")
    run(tree)
    put(tree, SUPPORT, "Two.\n")
    run(tree)
    commit(tree, SUPPORT, "Two.\n")
    run(tree)
    put(tree, SUPPORT, "Three.\n")
    run(tree)

    assert "1 unchanged" in run(tree).text
    assert texts("support/refund") == ["One.\n", "Two.\n", "Three.\n"]


@pytest.mark.parametrize("label", [None, "staging", "production"])
def test_import__back_to_the_last_commit__makes_its_text_the_newest_again(
    tree: Path, label: str | None
) -> None:
    sha = commit(tree, SUPPORT, "One.\n")
    run(tree, label=label)
    put(tree, SUPPORT, "Two.\n")
    run(tree, label=label)
    put(tree, SUPPORT, "One.\n")

    told = run(tree, label=label)

    assert "1 changed" in told.text
    assert texts("support/refund") == ["One.\n", "Two.\n", "One.\n"]
    assert stored("support/refund")[2].provenance["source_commit"] == sha
    assert "1 unchanged" in run(tree, label=label).text


def test_import__commit_taken_back__makes_the_text_before_it_the_newest(tree: Path) -> None:
    for text in ("One.\n", "Two.\n"):
        commit(tree, SUPPORT, text)
    run(tree, label="staging")
    git(tree, "reset", "--quiet", "--hard", "HEAD~1")

    run(tree, label="staging")

    pointer = LabelPointer.objects.get(label__name="staging")
    assert pointer.version == stored("support/refund")[2]
    assert texts("support/refund")[2] == "One.\n"
    assert "1 unchanged" in run(tree, label="staging").text


def test_import__commits_written_again__add_nothing(tree: Path) -> None:
    for text in ("One.\n", "Two.\n"):
        commit(tree, SUPPORT, text)
    run(tree)
    git(tree, "update-ref", "-d", "HEAD")
    for text in ("One.\n", "Two.\n"):
        commit(tree, SUPPORT, text, author="Bot <bot@example.org>")

    assert "1 unchanged" in run(tree).text
    assert len(stored("support/refund")) == 2


def test_import__secret_in_what_a_commit_says__proposes_without_those_words(tree: Path) -> None:
    sha = commit(tree, SUPPORT, "One.\n", subject=LEAK)

    told = run(tree, label="production")

    request = ApprovalRequest.objects.with_parts().get()
    assert not told.error
    assert request.rationale.value == (
        f"Imported from {SUPPORT}, commit {sha}. "
        "What the commit says about itself is left out: it holds a secret."
    )


def test_import__folder_below_the_top__is_named_from_that_folder(tree: Path) -> None:
    commit(tree, f"shelf/{SUPPORT}", "One.\n")
    commit(tree, "support/other.md", "Another.\n")

    run(tree / "shelf")

    assert [*Prompt.objects.values_list("name", flat=True)] == ["support/refund"]
    assert stored("support/refund")[0].provenance["import"]["path"] == SUPPORT


def test_import__odd_file_name__keeps_its_history(tree: Path) -> None:
    for text in ("One.\n", "Two.\n"):
        commit(tree, 'support/ä "b" .c.md', text)

    run(tree)

    assert texts('support/ä "b" .c') == ["One.\n", "Two.\n"]


def test_import__file_was_a_link_once__takes_only_the_plain_file(tree: Path) -> None:
    (tree / "support").mkdir()
    os.symlink("elsewhere", tree / SUPPORT)
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "A link")
    (tree / SUPPORT).unlink()
    commit(tree, SUPPORT, "One.\n")

    run(tree)

    assert texts("support/refund") == ["One.\n"]


def test_import__commit_with_a_secret__is_left_out_and_named(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    sha = commit(tree, SUPPORT, LEAK)
    commit(tree, SUPPORT, "Two.\n")

    told = run(tree)

    assert f"error      {SUPPORT}: commit {sha}: " in told.text
    assert LEAK.split()[3] not in told.text
    assert texts("support/refund") == ["One.\n", "Two.\n"]


def test_import__newest_text_refused__takes_no_step_on_the_label(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    commit(tree, SUPPORT, LEAK)

    told = run(tree, label="production")

    assert "1 failed" in told.text
    assert not ApprovalRequest.objects.exists()


def test_import__nothing_committed_yet__reads_the_folder(tree: Path) -> None:
    put(tree, SUPPORT, "One.\n")

    run(tree)

    assert stored("support/refund")[0].provenance["import"]["source"] == "folder"


def test_import__configuration_of_the_work_tree__runs_nothing(tree: Path, tmp_path: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    trap = put(tmp_path, "trap.sh", f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    put(tree, ".gitattributes", "*.md diff=trap filter=trap\n")
    for key in ("core.fsmonitor", "core.pager", "diff.trap.textconv", "diff.trap.command",
                "filter.trap.clean", "filter.trap.smudge", "diff.external"):  # fmt: skip
        git(tree, "config", key, str(trap))

    run(tree)

    assert not (tmp_path / "sprung").exists()
    assert texts("support/refund") == ["One.\n"]


def test_import__work_tree_that_git_will_not_read__ends_with_what_git_said(tree: Path) -> None:
    commit(tree, SUPPORT, "One.\n")
    put(tree, ".git/config", "not a configuration\n")

    told = run(tree)

    assert "git cannot read" in told.error
    assert not Prompt.objects.exists()


def test_content__too_large__is_refused_and_the_next_is_read(tree: Path) -> None:
    commit(tree, "a.md", "x" * 200_000)
    commit(tree, "b.md", "short\n")

    with worktree.opened(tree) as found:
        assert found is not None
        with pytest.raises(ContentTooLarge):
            found.content(found.commits["a.md"][0].blob, 100_000)
        assert found.content(found.commits["b.md"][0].blob, 100_000) == b"short\n"
