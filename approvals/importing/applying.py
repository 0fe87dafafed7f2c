"""Doing what a plan says, by the verbs; each leaves its one event."""

from __future__ import annotations

from approvals import services
from approvals.disclosure import refuse_secret
from approvals.errors import SecretFound
from approvals.importing.planning import PLACE, PROPOSE, Importer, Plan, Text, imports_of
from approvals.importing.worktree import Commit
from registry import documents
from registry.models import Label, LabelPointer, User, Version

#: characters of a commit's first line that become a rationale
MOST_WORDS = 500


def apply(plan: Plan, importer: Importer) -> None:
    """Bring a planned file in, as a whole; raises a Refusal where something changed since."""
    if not plan.changes:
        return
    # What is to be proposed becomes a version by the proposal itself.
    alone = plan.texts[:-1] if plan.step == PROPOSE else plan.texts
    services.bring_in(
        plan.candidate.name,
        [_incoming(text, committers(text.commit, importer)) for text in alone],
        actor=importer.account,
        prompt=plan.prompt,
        then=_then(plan, importer),
    )


def _then(plan: Plan, importer: Importer) -> services.Placing | services.Proposing | None:
    """The step on a label that the plan ends with."""
    if plan.step == PROPOSE:
        text = plan.texts[-1] if plan.texts else _text_of(plan.newest, plan, importer)
        return services.Proposing(
            _label(importer),
            _incoming(text, _hands(text, plan, importer)),
            _rationale(text),
        )
    if plan.step == PLACE and plan.report is not None:
        return services.Placing(_label(importer), plan.report, known=plan.newest)
    return None


def _incoming(text: Text, hands: tuple[User, ...]) -> services.Incoming:
    return services.Incoming(text.document, text.provenance, hands)


def committers(commit: Commit | None, importer: Importer) -> tuple[User, ...]:
    """The account of whoever wrote a commit, found by e-mail address; none where none has it."""
    if commit is None or not commit.email:
        return ()
    email = commit.email.lower()
    if email not in importer.people:
        importer.people[email] = tuple(User.objects.filter(email__iexact=email))
    return importer.people[email]


def _hands(text: Text, plan: Plan, importer: Importer) -> tuple[User, ...]:
    """Everybody who wrote a commit that came in since what is live, now or by an import before."""
    commits = [each.commit for each in (*plan.texts, text)]
    found = {hand.pk: hand for commit in commits for hand in committers(commit, importer)}
    pointer = LabelPointer.objects.filter(prompt=plan.prompt, label=_label(importer)).first()
    live = pointer.version.number if pointer and pointer.version else 0
    earlier = [v for v in imports_of(plan.prompt, plan.candidate.path) if v.number > live]
    authors = {version.author_id: version.author for version in earlier}
    authors.pop(importer.account.pk, None)
    found.update(authors)
    found.update((hand.pk, hand) for hand in services.committers_of(earlier))
    return tuple(found.values())


def _rationale(text: Text) -> str:
    """Why the text is proposed: what its commit says, where that may be shown, and its origin."""
    path = text.provenance["import"]["path"]
    if text.commit is None:
        return f"Imported from {path}."
    origin = f"Imported from {path}, commit {text.commit.sha}."
    subject = text.commit.subject[:MOST_WORDS].strip()
    try:
        refuse_secret("rationale", subject)
    except SecretFound:
        return f"{origin} What the commit says about itself is left out: it holds a secret."
    return f"{subject}\n\n{origin}".strip()


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
