"""Doing what a plan says, by the verbs; each leaves its one event."""

from __future__ import annotations

from approvals import services
from approvals.importing.planning import PLACE, PROPOSE, Importer, Plan, Text, imports_of
from approvals.importing.worktree import Commit
from registry import documents
from registry.models import Label, LabelPointer, Prompt, User, Version
from registry.services import prompts

#: characters of a commit's first line that become a rationale
MOST_WORDS = 500


def apply(plan: Plan, importer: Importer) -> None:
    """Bring a planned file in; raises a Refusal where something changed since the plan."""
    if not plan.changes:
        return
    prompt = plan.prompt or prompts.create_prompt(plan.candidate.name, actor=importer.account)
    # What is to be proposed becomes a version by the proposal itself.
    alone = plan.texts[:-1] if plan.step == PROPOSE else plan.texts
    version = plan.newest
    for text in alone:
        version = services.import_version(
            prompt,
            text.document,
            actor=importer.account,
            provenance=text.provenance,
            committers=committers(text.commit, importer),
        )
    if plan.step == PROPOSE:
        text = plan.texts[-1] if plan.texts else _text_of(version, plan, importer)
        _propose(prompt, text, importer, _hands(prompt, text, plan, importer))
    elif plan.step == PLACE and version is not None:
        _place(prompt, version, plan, importer)


def committers(commit: Commit | None, importer: Importer) -> tuple[User, ...]:
    """The account of whoever wrote a commit, found by e-mail address; none where none has it."""
    if commit is None or not commit.email:
        return ()
    email = commit.email.lower()
    if email not in importer.people:
        importer.people[email] = tuple(User.objects.filter(email__iexact=email))
    return importer.people[email]


def _hands(prompt: Prompt, text: Text, plan: Plan, importer: Importer) -> tuple[User, ...]:
    """Everybody who wrote a commit that came in since what is live, now or by an import before."""
    commits = [each.commit for each in (*plan.texts, text)]
    found = {hand.pk: hand for commit in commits for hand in committers(commit, importer)}
    pointer = LabelPointer.objects.filter(prompt=prompt, label=_label(importer)).first()
    live = pointer.version.number if pointer and pointer.version else 0
    earlier = [v for v in imports_of(prompt, plan.candidate.path) if v.number > live]
    authors = {version.author_id: version.author for version in earlier}
    authors.pop(importer.account.pk, None)
    found.update(authors)
    found.update((hand.pk, hand) for hand in services.committers_of(earlier))
    return tuple(found.values())


def _propose(prompt: Prompt, text: Text, importer: Importer, hands: tuple[User, ...]) -> None:
    path = text.provenance["import"]["path"]
    why = f"Imported from {path}."
    if text.commit is not None:
        why = f"{text.commit.subject[:MOST_WORDS]}\n\n{why[:-1]}, commit {text.commit.sha}."
    services.propose(
        prompt,
        label=_label(importer),
        document=text.document,
        rationale=why.strip(),
        actor=importer.account,
        provenance=text.provenance,
        imported=True,
        committers=hands,
    )


def _place(prompt: Prompt, version: Version, plan: Plan, importer: Importer) -> None:
    if plan.report is not None:
        services.keep_scan(version, report=plan.report)
    services.place(prompt, version, _label(importer), actor=importer.account)


def _label(importer: Importer) -> Label:
    if importer.label is None:
        raise ValueError("a step on a label needs the label")
    return importer.label


def _text_of(version: Version | None, plan: Plan, importer: Importer) -> Text:
    """The text of a version that an earlier import added, to be proposed now."""
    if version is None:
        raise ValueError("a proposal needs a text")
    document = documents.build(
        type="text",
        template=version.body["template"],
        template_format=version.template_format,
    )
    commits = importer.tree.commits.get(plan.candidate.path, ()) if importer.tree else ()
    sha = version.provenance.get("source_commit")
    commit = next((commit for commit in commits if commit.sha == sha), None)
    return Text(document, version.provenance, commit, fell_back=False)
