"""What is said about a person, who may change it, and what the ledger keeps of it."""

import pytest

from audit.models import AuditBlob, AuditEvent
from audit.payload import read
from registry import roles
from registry.errors import BadInput, NotAllowed, OwnGrant
from registry.models import Namespace, User
from registry.services import details, namespaces, people
from tests.people import make_person


def last_event() -> AuditEvent:
    """The newest event."""
    return AuditEvent.objects.latest("seq")


# -- edit_person ----------------------------------------------------------------------------


def test_edit_person__name_and_zone__are_saved(author: User, governance_owner: User) -> None:
    details.edit_person(
        author, display_name=" Ada Lovelace ", time_zone="Europe/Berlin", actor=governance_owner
    )
    author.refresh_from_db()
    assert (author.display_name, author.time_zone) == ("Ada Lovelace", "Europe/Berlin")


def test_edit_person__one_field__leaves_the_other(author: User, governance_owner: User) -> None:
    details.edit_person(author, time_zone="Asia/Tokyo", actor=governance_owner)
    author.refresh_from_db()
    assert (author.display_name, author.time_zone) == ("Ada authors", "Asia/Tokyo")


def test_edit_person__event__commits_to_the_name_and_holds_none(
    author: User, governance_owner: User
) -> None:
    details.edit_person(
        author, display_name="Ada Lovelace", time_zone="Asia/Tokyo", actor=governance_owner
    )
    payload = read(last_event().payload)
    assert "lovelace" not in last_event().payload.lower()
    assert (payload["from"], payload["to"]) == (
        {"time_zone": "UTC"},
        {"time_zone": "Asia/Tokyo"},
    )
    assert payload["data"] == {"fields": ["display_name", "time_zone"]}
    blob = AuditBlob.objects.get(digest=payload["commitments"]["display_name"])
    assert blob.value == "Ada Lovelace"


def test_edit_person__oneself__is_allowed(governance_owner: User) -> None:
    details.edit_person(governance_owner, time_zone="Asia/Tokyo", actor=governance_owner)
    governance_owner.refresh_from_db()
    assert governance_owner.time_zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"display_name": "  "}, "name to show"),
        ({"display_name": "a\x00"}, "U\\+0000"),
        ({"display_name": "a" * 151}, "150"),
        ({"time_zone": "Mars/Base"}, "not a time zone"),
    ],
)
def test_edit_person__bad_field__says_which(
    author: User, governance_owner: User, fields: dict[str, str], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        details.edit_person(author, **fields, actor=governance_owner)


@pytest.mark.parametrize("who", ["author", "superuser", "outsider"])
def test_details__anybody_else__is_refused(
    request: pytest.FixtureRequest, author: User, namespace: Namespace, who: str
) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        details.edit_person(author, display_name="Mole", actor=actor)
    with pytest.raises(NotAllowed):
        details.change_email(author, "mole@example.org", actor=actor)
    with pytest.raises(NotAllowed):
        namespaces.edit_namespace(namespace, owner_team=None, actor=actor)


# -- change_email ---------------------------------------------------------------------------


def test_change_email__of_another__is_saved_with_a_commitment(
    author: User, governance_owner: User
) -> None:
    details.change_email(author, " lovelace@Example.ORG ", actor=governance_owner)
    author.refresh_from_db()
    assert author.email == "lovelace@example.org"
    payload = read(last_event().payload)
    assert payload["action"] == "registry.user.email_changed"
    assert "lovelace" not in last_event().payload
    assert AuditBlob.objects.get(digest=payload["commitments"]["email"]).value == author.email


def test_change_email__ones_own__is_refused(governance_owner: User) -> None:
    with pytest.raises(OwnGrant, match="their own"):
        details.change_email(governance_owner, "new@example.org", actor=governance_owner)


def test_change_email__of_another_governance_owner__is_saved(governance_owner: User) -> None:
    eva = make_person("eva", roles.GOVERNANCE_OWNERS, by=governance_owner)
    assert details.change_email(eva, "e@example.org", actor=governance_owner).email[0] == "e"


def test_change_email__only_its_case__is_saved(author: User, governance_owner: User) -> None:
    changed = details.change_email(author, "ADA@example.org", actor=governance_owner)
    assert changed.email == "ADA@example.org"


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("GWEN@example.org", "already uses this e-mail"),
        ("nonsense", "E-mail"),
        (" ", "e-mail address"),
        ("a\ud800@example.org", "surrogate"),
    ],
)
def test_change_email__bad_address__says_why(
    author: User, governance_owner: User, email: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        details.change_email(author, email, actor=governance_owner)


def test_change_email__service_account__is_refused(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(BadInput, match="service account"):
        details.change_email(robot, "ci@example.org", actor=governance_owner)


# -- edit_namespace -------------------------------------------------------------------------


def test_edit_namespace__another_team__is_saved(
    namespace: Namespace, governance_owner: User
) -> None:
    care = namespaces.create_team("Care", actor=governance_owner)
    namespaces.edit_namespace(namespace, owner_team=care, actor=governance_owner)
    namespace.refresh_from_db()
    assert namespace.owner_team == care
    payload = read(last_event().payload)
    assert (payload["from"], payload["to"]) == ({"team": None}, {"team": str(care.public_id)})
