"""What is live moves by an appended row of the next generation; versions are numbered."""

import pytest
from django.db import IntegrityError

from audit.canonical import sha256_hex
from audit.ledger import recording
from registry import documents, releases
from registry.errors import (
    Archived,
    BadInput,
    Erased,
    InvalidDocument,
    LabelIsProtected,
    NameTaken,
    NotAllowed,
    Recalled,
    Stale,
    UnknownLabel,
    WrongState,
)
from registry.models import Label, LabelPointer, Prompt, Recall, Release, User, Version
from registry.permissions import BOOTSTRAP
from registry.services import labels, prompts, versions
from tests.people import MakePrompt
from tests.registry.steps import add_version, move


@pytest.fixture
def first(prompt: Prompt, author: User) -> Version:
    """The first version of the prompt."""
    return add_version(prompt, "Be polite.", author=author)


def pointer(prompt: Prompt, label: Label) -> LabelPointer:
    """A pointer as it is in the database."""
    return LabelPointer.objects.get(prompt=prompt, label=label)


# -- versions -------------------------------------------------------------------------------


def test_add_version__second__has_the_next_number_and_its_digests(
    prompt: Prompt, author: User, first: Version
) -> None:
    second = add_version(prompt, "Be warm.", author=author, source_commit="abc")
    assert (first.number, second.number) == (1, 2)
    assert second.document is not None
    assert second.content_digest == sha256_hex(second.document)
    assert second.provenance_digest == sha256_hex('{"source_commit":"abc"}')
    assert (second.template_format, second.body["template"]) == ("none", "Be warm.")


def test_add_version__history__holds_no_content(first: Version, author: User) -> None:
    history = Version.history.get(id=first.pk)
    assert (history.history_user, history.history_change_reason) == (author, "add_version")
    assert not hasattr(history, "document")


def test_add_version__archived_prompt__is_refused(prompt: Prompt, author: User) -> None:
    prompts.archive_prompt(prompt, actor=author)
    with pytest.raises(Archived):
        add_version(prompt, "Be polite.", author=author)


def test_add_version__content_of_another_type__is_refused(
    make_prompt: MakePrompt, author: User
) -> None:
    chat = make_prompt("support/chat", type="chat")
    with pytest.raises(InvalidDocument, match="type chat"):
        add_version(chat, "Be polite.", author=author)


def test_add_version__provenance_with_a_float__is_refused(prompt: Prompt, author: User) -> None:
    document = documents.build(type="text", template="x", template_format="none")
    with pytest.raises(InvalidDocument, match="provenance"), recording(actor=author.ref) as log:
        versions.add_version(
            prompt,
            document,
            author=author,
            provenance={"score": 0.5},
            imported=False,
            at=log.at,
            log=log,
        )


def erase(version: Version, actor: User) -> None:
    """Erase a version as the floor above does."""
    with recording(actor=actor.ref) as log:
        versions.erase(version, actor=actor, at=log.at)
        log.record(
            "tests.version.erased",
            ("registry.version", version.public_id),
            after={"digest": version.content_digest, "erased": True},
        )


def recall(version: Version, actor: User) -> None:
    """Recall a version as the floor above does."""
    with recording(actor=actor.ref) as log:
        reason = log.commit("It promised refunds.")
        Recall.objects.create(version=version, account=actor, reason=reason, at=log.at)
        log.record(
            "tests.version.recalled",
            ("registry.version", version.public_id),
            blobs={"reason": reason},
        )


def test_erase__whole_version__keeps_its_digest(first: Version, governance_owner: User) -> None:
    digest = first.content_digest
    erase(first, governance_owner)
    first.refresh_from_db()
    assert (first.document, first.content_digest, first.body) == (None, digest, {})
    assert first.erased_at is not None


def test_erase__second_time__is_refused(first: Version, governance_owner: User) -> None:
    erase(first, governance_owner)
    with pytest.raises(Erased):
        erase(first, governance_owner)


# -- moves ----------------------------------------------------------------------------------


def test_move__release__serves_it_from_the_next_generation(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    row = move(prompt, production, first, actor=author)
    live = pointer(prompt, production)
    assert (live.version, live.generation, live.suspended) == (first, 1, False)
    assert (row.version, row.from_version, row.generation) == (first, None, 1)
    assert (row.actor, row.account) == (author.ref, author)


def test_move__second_release__names_what_was_live(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    second = add_version(prompt, "Be warm.", author=author)
    move(prompt, production, first, actor=author)
    row = move(prompt, production, second, actor=author, kind=Release.Kind.ROLLBACK)
    assert (row.from_version, row.generation) == (first, 2)


def test_move__another_generation_expected__is_stale_and_leaves_nothing(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    move(prompt, production, first, actor=author, expected_generation=0)
    with pytest.raises(Stale) as refusal:
        move(prompt, production, first, actor=author, expected_generation=0)
    assert refusal.value.extra["generation"] == 1
    assert Release.objects.count() == 1


def test_move__recalled__is_refused(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    recall(first, author)
    with pytest.raises(Recalled):
        move(prompt, production, first, actor=author)


def test_move__erased__is_refused(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    older = Version.objects.get(pk=first.pk)
    erase(first, author)
    with pytest.raises(Erased):
        move(prompt, production, older, actor=author)


def test_move__placed_on_a_protected_label__is_refused(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    with pytest.raises(LabelIsProtected):
        move(prompt, production, first, actor=author, kind=Release.Kind.PLACED)


def test_move__version_of_another_prompt__is_refused(
    prompt: Prompt, make_prompt: MakePrompt, production: Label, first: Version, author: User
) -> None:
    other = make_prompt("support/other")
    with pytest.raises(ValueError, match="own prompt"):
        move(other, production, first, actor=author)


def test_move__suspend_and_resume__keep_the_version(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    move(prompt, production, first, actor=author)
    move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)
    stopped = pointer(prompt, production)
    move(prompt, production, first, actor=author, kind=Release.Kind.RESUME)
    served = pointer(prompt, production)
    assert (stopped.version, stopped.generation, stopped.suspended) == (first, 2, True)
    assert (served.version, served.generation, served.suspended) == (first, 3, False)


def test_move__release_while_suspended__serves_again(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    move(prompt, production, first, actor=author)
    move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)
    move(prompt, production, first, actor=author)
    assert not pointer(prompt, production).suspended


def test_move__suspend_recalled__is_allowed_and_resume_is_not(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    move(prompt, production, first, actor=author)
    recall(first, author)
    move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)
    with pytest.raises(Recalled):
        move(prompt, production, None, actor=author, kind=Release.Kind.RESUME)


@pytest.mark.parametrize("kind", [Release.Kind.SUSPEND, Release.Kind.RESUME])
def test_move__switch_of_an_empty_label__is_refused(
    prompt: Prompt, production: Label, author: User, kind: str
) -> None:
    with pytest.raises(WrongState, match="serves nothing"):
        move(prompt, production, None, actor=author, kind=kind)


def test_move__suspend_twice__is_refused(
    prompt: Prompt, production: Label, first: Version, author: User
) -> None:
    move(prompt, production, first, actor=author)
    move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)
    with pytest.raises(WrongState, match="suspended already"):
        move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)


def test_move__without_its_release_row__is_refused_by_the_database(
    prompt: Prompt, production: Label, first: Version
) -> None:
    live = pointer(prompt, production)
    live.version, live.generation = first, 1
    with pytest.raises(IntegrityError, match="moves only with the Release row"):
        live.save()


def test_lock_pointer__missing__is_made_empty(
    prompt: Prompt, role_groups: None, author: User
) -> None:
    """As when a prompt and a label were made at the same moment."""
    label = Label.objects.create(name="canary")
    with recording(actor=author.ref):
        assert releases.lock_pointer(prompt, label.pk).generation == 0


def test_lock_pointer__no_such_label__is_unknown(prompt: Prompt, author: User) -> None:
    with pytest.raises(UnknownLabel), recording(actor=author.ref):
        releases.lock_pointer(prompt, 1_000_000)


# -- labels ---------------------------------------------------------------------------------


def test_create_label__prompts_there__gives_each_an_empty_pointer(
    prompt: Prompt, governance_owner: User
) -> None:
    label = labels.create_label("canary", actor=governance_owner)
    assert pointer(prompt, label).generation == 0


@pytest.mark.parametrize("name", ["", "Production", "a b", "-", "a--b", "a/b", "x" * 37])
def test_create_label__bad_name__is_refused(db: None, name: str) -> None:
    with pytest.raises(BadInput):
        labels.create_label(name, actor=BOOTSTRAP)


def test_create_label__same_name__is_taken(production: Label) -> None:
    with pytest.raises(NameTaken):
        labels.create_label("production", actor=BOOTSTRAP)


@pytest.mark.parametrize("who", ["author", "superuser"])
def test_create_label__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, who: str
) -> None:
    with pytest.raises(NotAllowed):
        labels.create_label("canary", actor=request.getfixturevalue(who))


def test_protect_label__unprotected__is_protected_for_good(
    staging: Label, governance_owner: User
) -> None:
    assert labels.protect_label(staging, actor=governance_owner).protected
    assert Label.history.filter(id=staging.pk, history_change_reason="protect_label").exists()


@pytest.mark.parametrize("who", ["release_manager", "superuser"])
def test_protect_label__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, staging: Label, who: str
) -> None:
    with pytest.raises(NotAllowed):
        labels.protect_label(staging, actor=request.getfixturevalue(who))


def test_reorder_label__another_order__moves_it_in_the_lists_and_keeps_what_it_was(
    staging: Label, production: Label, governance_owner: User
) -> None:
    labels.reorder_label(staging, 30, actor=governance_owner)
    assert list(Label.objects.values_list("name", flat=True)) == ["production", "staging"]
    kept = staging.history.latest()
    assert (kept.history_change_reason, kept.prev_record.order) == ("reorder_label", 10)


@pytest.mark.parametrize("order", [-1, 32768])
def test_reorder_label__number_out_of_range__says_which_there_are(
    staging: Label, governance_owner: User, order: int
) -> None:
    with pytest.raises(BadInput, match="from 0 to 32767") as no:
        labels.reorder_label(staging, order, actor=governance_owner)
    assert no.value.extra["field"] == "order"
    staging.refresh_from_db()
    assert staging.order == 10


@pytest.mark.parametrize("who", ["release_manager", "superuser"])
def test_reorder_label__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, staging: Label, who: str
) -> None:
    with pytest.raises(NotAllowed):
        labels.reorder_label(staging, 30, actor=request.getfixturevalue(who))
