"""A folder comes in byte for byte; what is wrong with one file stops no other."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from approvals.importing import candidates
from approvals.models import ApprovalRequest
from audit.ledger import head
from registry import permissions, roles
from registry.models import LabelPointer, Prompt, User, Version
from registry.services import grants, namespaces, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.importing.folder import LEAK, SUPPORT, put, run, stored, texts
from tests.people import MakePrompt
from tests.processes import on_embedded

pytestmark = pytest.mark.usefixtures("namespace", "author")


def test_import__files__become_prompts_named_by_their_paths(tmp_path: Path) -> None:
    for path in ("support/a.md", "support/deep/b.agent.txt", "support/c.jinja2", "support/d.yaml"):
        put(tmp_path, path, "Be kind.\n")

    told = run(tmp_path)

    names = Prompt.objects.order_by("name").values_list("name", flat=True)
    assert [*names] == ["support/a", "support/c", "support/deep/b.agent"]
    assert told.error == ""


@pytest.mark.parametrize(
    "text", ["one\r\ntwo\r\n", "\ufeffe\u0301 \u2028 👩🏽‍🔬", " \t\n\n", "no newline at the end"]
)
def test_import__any_text__is_stored_byte_for_byte(tmp_path: Path, text: str) -> None:
    put(tmp_path, SUPPORT, text)

    run(tmp_path)

    assert texts("support/refund") == [text]


def test_import__version__says_where_it_comes_from(tmp_path: Path, author: User) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")

    run(tmp_path)

    (version,) = stored("support/refund")
    digest = hashlib.sha256(b"Be kind.\n").hexdigest()
    assert version.provenance == {"import": {"source": "folder", "path": SUPPORT, "sha256": digest}}
    assert version.imported
    assert version.author == author


def test_import__no_label__makes_nothing_live(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")

    run(tmp_path)

    assert not LabelPointer.objects.exclude(version=None).exists()
    assert not ApprovalRequest.objects.exists()


def test_import__each_step__leaves_one_event_and_a_whole_ledger(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    before = head().size

    run(tmp_path)

    assert head().size == before + 2  # the prompt, the version
    call_command("audit_verify")


def test_import__second_run__changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    run(tmp_path)
    before = head().size

    told = run(tmp_path)

    assert head().size == before
    assert told.lines == [
        "1 file: 0 changed, 1 unchanged, 0 failed; 0 new prompts, 0 new versions, 0 steps on "
        "labels."
    ]


def test_import__text_changed_and_back__adds_a_version_each_time(tmp_path: Path) -> None:
    for text in ("One.\n", "Two.\n", "One.\n"):
        put(tmp_path, SUPPORT, text)
        run(tmp_path)

    assert texts("support/refund") == ["One.\n", "Two.\n", "One.\n"]


def test_import__proposed_elsewhere_since__stays_unchanged(tmp_path: Path, desk: Desk) -> None:
    put(tmp_path, "support/refunds.md", "Be kind.\n")
    run(tmp_path)
    steps.in_review(desk)

    told = run(tmp_path)

    assert "1 unchanged" in told.text


def test_import__template__has_the_format_of_its_suffix_or_none(tmp_path: Path) -> None:
    put(tmp_path, "support/good.jinja2", "Dear {{ name }},\n")
    put(tmp_path, "support/bad.jinja2", "Dear {{ name,\n")
    put(tmp_path, "support/plain.md", "Dear {{ name }},\n")

    told = run(tmp_path)

    formats = {v.prompt.name: v.template_format for v in Version.objects.all()}
    assert formats == {"support/good": "jinja2", "support/bad": "none", "support/plain": "none"}
    assert "1 as plain text, because the template does not parse" in told.text


def test_import__dry_run__prints_the_same_plan_and_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")
    put(tmp_path, "support/empty.md", "")
    before = head().size

    dry = run(tmp_path, dry_run=True)

    assert head().size == before
    assert dry.lines[-1] == "A dry run: nothing was changed."
    assert dry.lines[:-1] == run(tmp_path).lines


# -- what is wrong with a file --------------------------------------------------------------


def _link(root: Path) -> None:
    os.symlink(put(root.parent, "outside.md", "Secret.\n"), root / "support" / "bad.md")


def _linked_folder(root: Path) -> None:
    put(root.parent, "other/bad.md", "Secret.\n")
    os.symlink(root.parent / "other", root / "support" / "bad")


def _pipe(root: Path) -> None:
    os.mkfifo(root / "support" / "bad.md")


def _clash(root: Path) -> None:
    put(root, "support/bad.md", "One.\n")
    put(root, "support/bad.txt", "Two.\n")


def _case_clash(root: Path) -> None:
    put(root, "support/bad.md", "One.\n")
    put(root, "support/BAD.md", "Two.\n")


BROKEN = {
    "It is a link": _link,
    "bad: It is a link": _linked_folder,
    "It is not a plain file": _pipe,
    "Its name would also be that of “support/bad.txt”": _clash,
    "Its name would also be that of “support/BAD.md”": _case_clash,
    "Byte 4 is not UTF-8": lambda root: put(root, "support/bad.md", b"ab\n\xff"),
    "holds the character U+0000": lambda root: put(root, "support/bad.md", "a\0"),
    "The template is empty": lambda root: put(root, "support/bad.md", ""),
    "has 1,048,577 bytes": lambda root: put(root, "support/bad.md", b"x" * 1_048_577),
    "whoever can read the prompt can use it": lambda root: put(root, "support/bad.md", LEAK),
    "no namespace “elsewhere”": lambda root: put(root, "elsewhere/bad.md", "One.\n"),
    "no namespace “bad”": lambda root: put(root, "bad.md", "One.\n"),
    "The namespace is written “support”": lambda root: put(root, "SUPPORT/bad.md", "One.\n"),
    "begins or ends with a space": lambda root: put(root, "support/bad .md", "One.\n"),
    "not in the Unicode form NFC": lambda root: put(root, "support/e\u0301.md", "One.\n"),
    "is the control character U+000A": lambda root: put(root, "support/b\nad.md", "One.\n"),
    "is the lone surrogate U+DCFF": lambda root: put(root, os.fsdecode(b"support/\xff.md"), "A"),
}


@pytest.mark.parametrize("said", BROKEN)
def test_import__file_is_wrong__is_an_error_of_that_file_and_the_others_go_on(
    tmp_path: Path, said: str
) -> None:
    root = tmp_path / "root"
    put(root, SUPPORT, "Be kind.\n")
    BROKEN[said](root)

    planned = run(root, dry_run=True)
    told = run(root)

    assert said in told.text
    assert planned.lines[:-1] == told.lines
    assert "could not be imported as a whole" in told.error
    assert [*Prompt.objects.values_list("name", flat=True)] == ["support/refund"]


def test_import__odd_file_name__cannot_drive_the_terminal(tmp_path: Path) -> None:
    put(tmp_path, "support/\x1b[2J.md", "One.\n")

    assert "support/\\x1b[2J.md" in run(tmp_path).text


def test_import__case_clash_with_a_prompt__is_an_error(
    tmp_path: Path, make_prompt: MakePrompt
) -> None:
    make_prompt("support/Refund")
    put(tmp_path, SUPPORT, "Be kind.\n")

    assert "There is a prompt named “support/Refund” already" in run(tmp_path).text


def test_import__prompt_of_messages__is_an_error(tmp_path: Path, make_prompt: MakePrompt) -> None:
    make_prompt("support/refund", type="chat")
    put(tmp_path, SUPPORT, "Be kind.\n")

    assert "of type chat" in run(tmp_path, dry_run=True).text


def test_import__archived_prompt__is_an_error(
    tmp_path: Path, make_prompt: MakePrompt, author: User
) -> None:
    prompts.archive_prompt(make_prompt("support/refund"), actor=author)
    put(tmp_path, SUPPORT, "Be kind.\n")

    assert "This prompt is archived" in run(tmp_path, dry_run=True).text


# -- who ------------------------------------------------------------------------------------


def test_import__without_create_in_the_namespace__is_an_error(
    tmp_path: Path, outsider: User
) -> None:
    put(tmp_path, SUPPORT, "Be kind.\n")

    told = run(tmp_path, actor=outsider.username, dry_run=True)

    assert "This needs the permission to create prompts in support" in told.text


def test_import__without_propose_on_the_prompt__is_an_error(
    tmp_path: Path, make_prompt: MakePrompt, outsider: User
) -> None:
    make_prompt("support/refund")
    put(tmp_path, SUPPORT, "Be kind.\n")

    told = run(tmp_path, actor=outsider.username, dry_run=True)

    assert "This needs the permission to propose" in told.text


def test_import__confidential_prompt_of_others__is_answered_as_one_that_is_not_there(
    tmp_path: Path, make_prompt: MakePrompt, outsider: User, governance_owner: User
) -> None:
    hidden = make_prompt("support/refund", confidential=True)
    put(tmp_path, SUPPORT, "Be kind.\n")

    told = run(tmp_path, actor=outsider.username, dry_run=True)
    assert "This needs the permission to create prompts in support" in told.text

    grants.grant_on_namespace(
        hidden.namespace, permissions.CREATE, outsider, actor=governance_owner
    )
    told = run(tmp_path, actor=outsider.username, dry_run=True)
    assert "The name “support/refund” cannot be used here" in told.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"actor": "nobody"}, "no active account named “nobody”"),
        ({"label": "moon"}, "no label “moon”. Use one of: staging, production"),
    ],
)
def test_import__unknown_argument__ends_with_a_sentence(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    assert said in run(tmp_path, **options).error


def test_import__no_folder__ends_with_a_sentence(tmp_path: Path) -> None:
    assert "There is no folder" in run(tmp_path / "absent").error


# -- real prompts ---------------------------------------------------------------------------


@on_embedded
@pytest.mark.real
def test_import__real_prompts__are_stored_byte_for_byte(
    tmp_path: Path, real_data: Path, governance_owner: User
) -> None:
    with tarfile.open(real_data / "imports.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    authors = Group.objects.get(name=roles.AUTHORS)
    for folder in sorted((tmp_path / "imports").iterdir()):
        made = namespaces.create_namespace(folder.name, actor=governance_owner)
        grants.grant_on_namespace(made, permissions.CREATE, authors, actor=governance_owner)

    told = run(tmp_path / "imports")

    kept = {v.provenance["import"]["path"]: v.body["template"] for v in Version.objects.all()}
    assert len(kept) > 200
    for path, text in kept.items():
        assert (tmp_path / "imports" / path).read_bytes() == text.encode("utf-8")
    failed = [line for line in told.lines if line.startswith("error")]
    assert len(kept) + len(failed) == len(candidates(tmp_path / "imports"))
    assert all("Its name would also be" in line or "is empty" in line for line in failed)
