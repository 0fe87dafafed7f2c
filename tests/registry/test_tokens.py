"""Tokens: only a hash is stored; they expire, are revoked, and act within their scopes."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from audit.models import AuditEvent
from registry.errors import BadInput, NotAllowed
from registry.models import ServiceToken, User
from registry.services import people, tokens


@pytest.fixture
def robot(governance_owner: User) -> User:
    """The service account of CI."""
    return people.create_service_account("ci", actor=governance_owner)


def make(robot: User, actor: User, **fields: object) -> tuple[ServiceToken, str]:
    """Make a token that may read."""
    options = {"name": "build", "scopes": ["read"], **fields}
    return tokens.create_token(robot, actor=actor, **options)  # type: ignore[arg-type]  # loose parts


def test_create_token__secret__is_stored_nowhere(robot: User, governance_owner: User) -> None:
    token, secret = make(robot, governance_owner)
    random = secret.removeprefix(f"cs_{token.prefix}_")
    assert len(random) >= 40
    with connection.cursor() as cursor:
        for table in ("registry_servicetoken", "audit_auditevent", "audit_auditblob"):
            cursor.execute(f"SELECT * FROM {table}")
            assert random not in repr(cursor.fetchall())


def test_find_token__its_secret__acts_as_the_account(robot: User, governance_owner: User) -> None:
    token, secret = make(robot, governance_owner)
    found = tokens.find_token(secret)
    assert found == token
    assert found is not None
    assert (found.account, found.ref) == (robot, f"token:{token.public_id}")


@pytest.mark.parametrize(
    "wrong", ["", "cs_", "cs_00000000_x", "cs_\ud800", "cs_\x00", "x" * 10_000]
)
def test_find_token__any_other_text__is_none(
    robot: User, governance_owner: User, wrong: str
) -> None:
    make(robot, governance_owner)
    assert tokens.find_token(wrong) is None


def test_find_token__one_character_off__is_none(robot: User, governance_owner: User) -> None:
    _, secret = make(robot, governance_owner)
    assert tokens.find_token(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None


def test_find_token__expired__is_none(robot: User, governance_owner: User) -> None:
    now = timezone.now()
    _, secret = make(robot, governance_owner, expires_at=now + timedelta(hours=1))
    with time_machine.travel(now + timedelta(minutes=59), tick=False):
        assert tokens.find_token(secret) is not None
    with time_machine.travel(now + timedelta(minutes=61), tick=False):
        assert tokens.find_token(secret) is None


def test_find_token__revoked__is_none(robot: User, governance_owner: User) -> None:
    token, secret = make(robot, governance_owner)
    tokens.revoke_token(token, actor=governance_owner)
    assert tokens.find_token(secret) is None


def test_find_token__account_deactivated__is_none(robot: User, governance_owner: User) -> None:
    _, secret = make(robot, governance_owner)
    people.deactivate(robot, actor=governance_owner)
    assert tokens.find_token(secret) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": []},
        {"scopes": ["read", "admin"]},
        {"name": "  "},
        {"name": "n" * 101},
        {"labels": []},
        {"names": [""]},
        {"names": ["x" * 256]},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"expires_at": timezone.now().replace(tzinfo=None) + timedelta(days=1)},
    ],
)
def test_create_token__bad_field__is_refused(
    robot: User, governance_owner: User, fields: dict[str, object]
) -> None:
    with pytest.raises(BadInput):
        make(robot, governance_owner, **fields)


def test_create_token__for_a_person__is_refused(outsider: User, governance_owner: User) -> None:
    with pytest.raises(BadInput, match="service account"):
        make(outsider, governance_owner)


def test_create_token__for_a_deactivated_account__is_refused(
    robot: User, governance_owner: User
) -> None:
    people.deactivate(robot, actor=governance_owner)
    with pytest.raises(BadInput, match="deactivated"):
        make(robot, governance_owner)


@pytest.mark.parametrize("who", ["author", "release_manager", "superuser"])
def test_create_token__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, robot: User, who: str
) -> None:
    with pytest.raises(NotAllowed):
        make(robot, request.getfixturevalue(who))


def test_revoke_token__not_a_governance_owner__is_refused(
    robot: User, governance_owner: User, superuser: User
) -> None:
    token, _ = make(robot, governance_owner)
    with pytest.raises(NotAllowed):
        tokens.revoke_token(token, actor=superuser)


def test_touch__within_a_minute__writes_once(robot: User, governance_owner: User) -> None:
    token, _ = make(robot, governance_owner)
    start = timezone.now()
    for seconds, expected in [(0, 0), (59, 0), (61, 61)]:
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            tokens.touch(token)
        token.refresh_from_db()
        assert token.last_used_at == start + timedelta(seconds=expected)


def test_touch__any__leaves_no_event(robot: User, governance_owner: User) -> None:
    token, _ = make(robot, governance_owner)
    events = AuditEvent.objects.count()
    tokens.touch(token)
    assert AuditEvent.objects.count() == events


# -- the command ----------------------------------------------------------------------------


def run(*args: str) -> str:
    """Run `create_token` and return what it prints."""
    out = StringIO()
    call_command("create_token", *args, stdout=out)
    return out.getvalue()


def test_create_token_command__good__prints_the_secret_alone(
    robot: User, governance_owner: User
) -> None:
    out = run(
        "build", "--account", "ci", "--scope", "read", "--scope", "place", "--label", "staging",
        "--names", "support/*", "--days", "30", "--as", "gwen",
    )  # fmt: skip
    token = tokens.find_token(out.strip())
    assert token is not None
    assert out == f"{out.strip()}\n"
    assert (token.scopes, token.labels, token.names) == (
        ["read", "place"],
        ["staging"],
        ["support/*"],
    )
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--account", "nobody", "--as", "gwen"], "no active account named “nobody”"),
        (["--account", "ci", "--as", "nobody"], "no active account named “nobody”"),
        (["--account", "gwen", "--as", "gwen"], "service account"),
        (["--account", "ci", "--as", "ci"], "governance owner"),
        (["--account", "ci", "--as", "gwen", "--days", "0"], "--days"),
    ],
)
def test_create_token_command__bad_argument__says_what(
    robot: User, governance_owner: User, args: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        run("build", "--scope", "read", *args)
    assert not ServiceToken.objects.exists()
