"""What an import would do for one file; reads and decides, and writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
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
    NotAllowed,
    NotFound,
    Refusal,
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
        # A file comes in as a whole or not at all.
        found.texts.clear()
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
    if not permissions.can_create(account, namespace):
        raise NotAllowed(
            f"This needs the permission to create prompts in {namespace}. "
            "A governance owner can grant it."
        )


def _add_texts(found: Plan, importer: Importer) -> bool:
    """Add what the prompt does not have yet; False when the newest text is one refused."""
    path = found.candidate.path
    known = imports_of(found.prompt, path)
    found.newest = known[-1] if known else None
    last = found.newest.content_digest if found.newest else ""
    complete = True
    for data, commit in _sources(path, importer, known):
        try:
            text = _text(path, data, commit)
        except Refusal as refusal:
            where = f"commit {commit.sha}: " if commit else ""
            found.problems.append(where + refusal.sentence)
            complete = False
            continue
        complete = True
        if text.document.digest != last:
            found.texts.append(text)
            last = text.document.digest
    return complete


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


def _sources(
    path: str, importer: Importer, known: list[Version]
) -> Iterator[tuple[bytes | Refusal, Commit | None]]:
    """The states of a file that are not imported yet: those of commits, then what lies there."""
    limit = settings.MAX_PROMPT_BYTES
    data = reading.content(importer.root, path, limit)
    commits = importer.tree.commits.get(path, ()) if importer.tree else ()
    shas = {version.provenance.get("source_commit") for version in known}
    done = max((n for n, commit in enumerate(commits, start=1) if commit.sha in shas), default=0)
    for commit in commits[done:]:
        assert importer.tree is not None  # noqa: S101  # it is where the commits come from
        try:
            yield importer.tree.content(commit.blob, limit), commit
        except Refusal as refusal:
            yield refusal, commit
    if commits and blob_of(data, commits[-1].blob) == commits[-1].blob:
        return
    imported = known[-1].provenance["import"].get("sha256") if known else None
    if imported != hashlib.sha256(data).hexdigest() or done < len(commits):
        yield data, None


def _text(path: str, data: bytes | Refusal, commit: Commit | None) -> Text:
    """The version that a file's bytes make; raises what a rule says against it."""
    if isinstance(data, Refusal):
        raise data
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
    if is_live and pointer is not None and not pointer.suspended:
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
