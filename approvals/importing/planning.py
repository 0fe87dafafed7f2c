"""What an import would do for one file; reads and decides, and writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

from approvals import scanning
from approvals.errors import RiskTooHigh
from approvals.importing import reading
from approvals.importing.reading import Candidate
from approvals.importing.worktree import Commit, WorkTree, blob_of
from approvals.models import ApprovalRequest
from approvals.services._checks import no_critical_secret
from registry import documents, permissions
from registry.documents import Document
from registry.errors import (
    Archived,
    InvalidDocument,
    InvalidName,
    InvalidText,
    NameTaken,
    NotFound,
    Refusal,
    WrongState,
)
from registry.formats import format_by_suffix
from registry.models import Label, LabelPointer, Namespace, Prompt, User, Version
from registry.names import name_key, namespace_of
from registry.services.prompts import not_free

PLACE, PROPOSE = "place", "propose"


@dataclass(frozen=True)
class Importer:
    """Who imports what from where, and to which label; `people` remembers accounts by e-mail."""

    root: Path
    account: User
    label: Label | None = None
    tree: WorkTree | None = None
    people: dict[str, tuple[User, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """One version to add, and where it comes from."""

    document: Document
    provenance: dict[str, Any]
    commit: Commit | None
    fell_back: bool


@dataclass
class Plan:
    """What to do for one file: texts to add, then perhaps a step on a label; and what is wrong."""

    candidate: Candidate
    prompt: Prompt | None = None
    texts: list[Text] = field(default_factory=list)
    newest: Version | None = None
    step: str = ""
    report: scanning.Report | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.texts or self.step)

    def take_back(self) -> None:
        """Leave nothing to do: a file comes in as a whole or not at all."""
        self.texts.clear()
        self.step = ""

    def line(self, label: Label | None) -> str:
        """What would be done, in one line; a plan that changes nothing says so."""
        number = len(self.texts)
        told = [f"{number} version{'' if number == 1 else 's'}"] if number else []
        if self.step and label is not None:
            told.append(f"place on {label}" if self.step == PLACE else f"draft request for {label}")
        plain = sum(text.fell_back for text in self.texts)
        if plain:
            told.append(f"{plain} as plain text, because the template does not parse")
        word = "unchanged" if not self.changes else "add" if self.prompt else "create"
        return f"{word:9}  {self.candidate.name}  {', then '.join(told)}".rstrip()


def plan(candidate: Candidate, importer: Importer) -> Plan:
    """Work out what a file needs; a rule that stands against it is a problem of the plan."""
    found = Plan(candidate)
    try:
        if candidate.problem is not None:
            raise candidate.problem
        found.prompt = _prompt(candidate.name, importer.account)
        complete = _add_texts(found, importer)
        if complete and importer.label is not None:
            _add_step(found, importer.label)
    except Refusal as refusal:
        found.take_back()
        found.problems.append(refusal.sentence)
    return found


def _prompt(name: str, account: User) -> Prompt | None:
    """The prompt of that name, if the account may add to it; None where it may make one."""
    found = Prompt.objects.filter(name_key=name_key(name)).first()
    visible = permissions.visible_prompts(account)
    if found is None or not visible.filter(pk=found.pk).exists():
        # What an account may not see is answered as if it were not there, up to the name.
        _check_may_create(name, account)
        if found is not None:
            raise not_free(name, account)
        return None
    permissions.require(account, permissions.PROPOSE, found)
    if found.name != name:
        raise NameTaken(f"There is a prompt named “{found.name}” already. Rename the file.")
    if found.status == Prompt.Status.ARCHIVED:
        raise Archived("This prompt is archived; somebody who manages it can bring it back.")
    if found.type != Prompt.Type.TEXT:
        raise InvalidDocument(f"This prompt is of type {found.type}, and a file holds one text.")
    return found


def _check_may_create(name: str, account: User) -> None:
    first = namespace_of(name)
    namespace = Namespace.objects.filter(name_key=name_key(first)).first()
    if namespace is None:
        raise NotFound(f"There is no namespace “{first}”. A governance owner can make it.")
    if namespace.name != first:
        raise InvalidName(f"The namespace is written “{namespace.name}”. Rename the folder.")
    permissions.require_create(account, namespace)


def _add_texts(found: Plan, importer: Importer) -> bool:
    """Add what the prompt does not have yet; False when the newest text is one refused.

    A commit is known where its name is stored, or where a version from this path that is at
    least as new as that of the commit before it has the same text: a text that was imported first
    and committed later, or a commit that was written again. What lies there now comes last, and
    is compared to the newest version only: a text that was taken back is a new version again.
    """
    path = found.candidate.path
    known = imports_of(found.prompt, path)
    found.newest = known[-1] if known else None
    commits = importer.tree.commits.get(path, ()) if importer.tree else ()
    done, at = _done(commits, known)
    problem = None
    for commit in commits[done:]:
        text, problem = _read(found, importer, commit)
        if text is None:
            continue
        again = None if found.texts else _position(text, known[at:])
        if again is not None:
            at += again
        elif not found.texts or found.texts[-1].document.digest != text.document.digest:
            found.texts.append(text)
    data = reading.content(importer.root, path, settings.MAX_PROMPT_BYTES)
    clean = bool(commits) and blob_of(data, commits[-1].blob) == commits[-1].blob
    if clean and (problem or found.texts):
        return problem is None
    return _add_last(found, known, data, commits[-1] if clean else None)


def _done(commits: Sequence[Commit], known: Sequence[Version]) -> tuple[int, int]:
    """How many commits are stored by name, and the place of the newest one's version."""
    places = {version.provenance.get("source_commit"): at for at, version in enumerate(known)}
    stored = [number for number, commit in enumerate(commits) if commit.sha in places]
    return (stored[-1] + 1, places[commits[stored[-1]].sha]) if stored else (0, 0)


def _position(text: Text, known: Sequence[Version]) -> int | None:
    same = (n for n, version in enumerate(known) if version.content_digest == text.document.digest)
    return next(same, None)


def _read(found: Plan, importer: Importer, commit: Commit) -> tuple[Text | None, str | None]:
    """The text of a commit, or what a rule says against it, which is noted in the plan."""
    assert importer.tree is not None  # noqa: S101  # it is where the commits come from
    try:
        data = importer.tree.content(commit.blob, settings.MAX_PROMPT_BYTES)
        return _text(found.candidate.path, data, commit), None
    except Refusal as refusal:
        found.problems.append(f"commit {commit.sha}: {refusal.sentence}")
        return None, refusal.sentence


def _add_last(found: Plan, known: Sequence[Version], data: bytes, commit: Commit | None) -> bool:
    """Add what lies there now, unless it is the newest text already; False for one refused."""
    told = known[-1].provenance["import"].get("sha256") if known else None
    if not found.texts and told == hashlib.sha256(data).hexdigest():
        return True
    try:
        text = _text(found.candidate.path, data, commit)
    except Refusal as refusal:
        found.problems.append(refusal.sentence)
        return False
    newest = found.texts[-1].document.digest if found.texts else ""
    if not found.texts and found.newest is not None:
        newest = found.newest.content_digest
    if text.document.digest != newest:
        found.texts.append(text)
    return True


def imports_of(prompt: Prompt | None, path: str) -> list[Version]:
    """The versions that came from this path, oldest first."""
    if prompt is None:
        return []
    return [
        version
        for version in prompt.versions.select_related("author").order_by("number").defer("document")
        if version.provenance.get("import", {}).get("path") == path
        and version.provenance["import"].get("source") in {"folder", "git"}
    ]


def _text(path: str, data: bytes, commit: Commit | None) -> Text:
    """The version that a file's bytes make; raises what a rule says against it."""
    try:
        template = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidText(f"Byte {error.start + 1} is not UTF-8. Save the file as UTF-8.") from None
    limit = settings.MAX_PROMPT_BYTES
    declared, fell_back = format_by_suffix(PurePosixPath(path).suffix, template)
    document = documents.build(
        type="text", template=template, template_format=declared, max_bytes=limit
    )
    no_critical_secret(documents.load(document.text))
    told = {"path": path, "sha256": hashlib.sha256(data).hexdigest()}
    if commit is None:
        return Text(document, {"import": {"source": "folder", **told}}, None, fell_back)
    origin = {"source": "git", **told, "author": commit.author, "date": commit.date}
    return Text(document, {"source_commit": commit.sha, "import": origin}, commit, fell_back)


def _add_step(found: Plan, label: Label) -> None:
    """Add the step on the label where it is not done yet; raises RiskTooHigh for placing."""
    text = _newest_text(found)
    if text is None:
        return
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    pointer = LabelPointer.objects.filter(prompt=found.prompt, label=label).first()
    live = pointer.version if pointer is not None else None
    is_live = live is not None and live.content_digest == digest
    if label.protected:
        found.step = "" if is_live or _is_proposed(found, label, digest) else PROPOSE
        return
    if pointer is not None and pointer.suspended:
        raise WrongState(
            f"{label} is suspended for this prompt; somebody with release or respond can resume it."
        )
    if is_live:
        return
    report = scanning.scan_document(documents.load(text))
    if report.level == "critical":
        raise RiskTooHigh("The scan found something critical; it goes nowhere.")
    found.report, found.step = report, PLACE


def _newest_text(found: Plan) -> str | None:
    """The canonical text that the file has now; None where its version is erased."""
    if found.texts:
        return found.texts[-1].document.text
    return found.newest.document if found.newest is not None else None


def _is_proposed(found: Plan, label: Label, digest: str | None) -> bool:
    """Whether an import already opened a request for this text, whatever became of it."""
    if found.prompt is None:
        return False
    requests = ApprovalRequest.objects.filter(
        prompt=found.prompt, label=label, version__content_digest=digest, version__imported=True
    )
    return any(
        request.version is not None
        and request.version.provenance.get("import", {}).get("path") == found.candidate.path
        for request in requests.select_related("version")
    )
