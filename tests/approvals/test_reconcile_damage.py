"""What is changed, added or taken away past the verbs is named by `audit_verify`, by raw SQL."""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction

from approvals import services
from approvals.models import AfterReview, ApprovalRequest, Policy
from approvals.reconcile import reconciler as approvals_reconciler
from audit.guards import all_specs, uninstall
from audit.models import AuditEvent
from registry.reconcile import reconciler as registry_reconciler
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk
from tests.approvals.documents_of import in_force, second_owner, with_brand
from tests.people import make_person
from tests.registry.test_guards import copy_of, sql

WITH_FINDING = f"{SECOND}Write to ada.lovelace@gmail.com.\n"
OTHER_USER = "(SELECT id FROM registry_user WHERE username = 'otto')"
STAGING = "(SELECT id FROM registry_label WHERE name = 'staging')"


THREAD, REMARK, LIFT = "approvals_thread", "approvals_remark", "approvals_lift"

#: what people said and lifted: what the guards let through, what they refuse, what they append
TALK_WITH_GUARDS_ON = [
    (f"UPDATE {THREAD} SET answered_at = '2031-01-01 00:00:00+00:00'", "thread"),
    (f"UPDATE {THREAD} SET resolved_at = NULL, resolved_by_id = NULL", "thread"),
    ("UPDATE approvals_approvalrequest SET waiting_since = '2031-01-01 00:00:00+00:00'", "request"),
]
TALK_GUARDED = [
    (f"UPDATE {THREAD} SET line = line + 1", "thread"),
    (f"UPDATE {THREAD} SET path = 'tools'", "thread"),
    (f"UPDATE {THREAD} SET question = NOT question", "thread"),
    (f"UPDATE {THREAD} SET opened_by_id = {OTHER_USER}", "thread"),
    (f"UPDATE {REMARK} SET author_id = {OTHER_USER}", "remark"),
    (f"UPDATE {REMARK} SET suggestion_id = text_id", "remark"),
    (f"UPDATE {LIFT} SET account_id = {OTHER_USER}", "lift"),
    (f"UPDATE {LIFT} SET reason_id = (SELECT max(text_id) FROM {REMARK})", "lift"),
    (f"DELETE FROM {LIFT}", "lift"),
    (f"DELETE FROM {REMARK}", "remark"),
    ("UPDATE approvals_contributor SET role = 'author' WHERE role = 'suggester'", "request"),
    ("UPDATE approvals_review SET decision = 'approve' WHERE decision = 'take_back'", "vote"),
]


@pytest.fixture
def talked(desk: Desk) -> Desk:
    """Threads open, answered and resolved; a vote taken back, a refusal lifted, an edit applied."""
    services.apply_suggestion(talking.with_suggestion(desk).pk, actor=desk.author, seen=None)
    make_person("sia", "safety", by=desk.governance_owner)
    change = talking.again_in_review(desk, ApprovalRequest.objects.get())
    steps.approve(desk, change, "engineer")
    services.take_back(change.pk, actor=desk.engineer, seen=None)
    thread = talking.ask(desk, change, path="", line=0)
    services.reply(thread.pk, actor=desk.author, text="It is not.")
    talking.ask(desk, change, path="", line=0)
    vote = talking.refuse(desk, change, actor=desk.support_reviewer, role="support")
    services.lift_refusal(vote.pk, actor=desk.governance_owner, reason="Settled by phone.")
    return desk


@pytest.fixture
def world(desk: Desk) -> Desk:
    """A row in every table: two releases, a rollback with its traces, a recall, an erasure."""
    steps.released(desk, FIRST)
    steps.released(desk, WITH_FINDING)
    change = steps.submit(desk, THIRD, rationale="Kinder.")
    in_force(
        Policy.objects.get(name="Regulated"),
        with_brand(),
        by=desk.governance_owner,
    )
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm.")
    assert AfterReview.objects.exists()
    assert change.version is not None
    services.recall(change.version, actor=desk.responder, reason="Harmful.")
    services.ask_erasure(
        change.version, actor=desk.governance_owner, reason="A name is in it.", ticket="T-1"
    )
    return desk


def codes() -> set[str]:
    """The codes of what the reconcilers of both floors find."""
    found = set()
    for replay in (registry_reconciler("default"), approvals_reconciler("default")):
        for text in AuditEvent.objects.order_by("seq").values_list("payload", flat=True):
            replay.feed(json.loads(text))
        found |= {problem.code for problem in replay.finish()}
    return found


def lift() -> None:
    """Take the guards off, as the owner could; the end of the test's transaction restores them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which changes no table with checks left to do
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    uninstall(all_specs(), connection)


def changed(table: str, column: str, value: str, where: str = "") -> str:
    """Return the UPDATE of one column of one row, the newest unless `where` says another."""
    # Of the requests, one for a prompt: a change of a policy has no label to be given another.
    of = " WHERE kind = 'prompt_release'" if table == REQUEST else ""
    where = where or f"id = (SELECT max(id) FROM {table}{of})"
    return f"UPDATE {table} SET {column} = {value} WHERE {where}"


def test_reconcile__everything_by_verbs__finds_nothing(world: Desk) -> None:
    services.lift_hold(_id("approvals_hold"), actor=world.release_manager, reason="Mended.")
    services.close_review_after(
        _id("approvals_afterreview"), actor=world.support_reviewer, comment="Fine."
    )
    other = second_owner(world.governance_owner)
    services.erase_content(_id("approvals_erasure"), actor=other)
    assert codes() == set()


def _id(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(id) FROM {table}")
        return int(cursor.fetchone()[0])


REQUEST, HOLD, AFTER = "approvals_approvalrequest", "approvals_hold", "approvals_afterreview"
REVISION, HAND, POLICY = "approvals_revision", "approvals_contributor", "approvals_policy"
SCAN, FINDING, RULES = "approvals_riskscan", "approvals_finding", "approvals_policyversion"
ERASURE, RECALL, VOTE = "approvals_erasure", "registry_recall", "approvals_review"
OLD_SCAN = "(SELECT min(id) FROM approvals_riskscan)"
OLD_RATIONALE = f"(SELECT rationale_id FROM {REQUEST} ORDER BY id LIMIT 1)"
REGULATED = "name = 'Regulated'"
OF_POLICY = "approvals_policyversion AS v WHERE v.policy_id = approvals_policy.id"
LATER = "'2031-01-01 00:00:00+00:00'"

#: what the guards let through, so that only the replay can tell
WITH_GUARDS_ON = [
    (changed(POLICY, "current_id", f"(SELECT min(v.id) FROM {OF_POLICY})", REGULATED), "policy"),
    (changed(POLICY, "current_id", "NULL"), "policy"),
    (changed(POLICY, "position", "position + 1"), "policy"),
    (changed(REQUEST, "version_id", "(SELECT min(id) FROM registry_version)"), "request"),
    (changed(REQUEST, "release_when_ready", "NOT release_when_ready"), "request"),
    (changed(REQUEST, "automatic", "NOT automatic"), "request"),
    (changed(REQUEST, "rationale_id", OLD_RATIONALE), "request"),
    (changed(REQUEST, "revision", "revision + 1"), "request"),
    (changed(REQUEST, "base_generation", "9"), "request"),
    (changed(REQUEST, "policy_id", "(SELECT max(id) FROM approvals_policyversion)"), "request"),
    (changed(REQUEST, "scan_id", OLD_SCAN), "request"),
    (changed(REQUEST, "state", "'withdrawn'"), "request"),
    (f"UPDATE {HOLD} SET lifted_at = {LATER}, lifted_by_id = {OTHER_USER}", "hold"),
    (f"UPDATE {AFTER} SET closed_at = {LATER}, closed_by_id = {OTHER_USER}", "after_review"),
    (f"UPDATE {ERASURE} SET done_at = {LATER}, done_by_id = {OTHER_USER}", "erasure"),
]

#: what a guard refuses, done by the owner of the database
GUARDED = [
    (changed(POLICY, "name", "'Lax'", REGULATED), "policy"),
    (changed(REQUEST, "author_id", OTHER_USER), "request"),
    (changed(REQUEST, "label_id", STAGING), "request"),
    (changed(HAND, "account_id", OTHER_USER), "request"),
    (f"DELETE FROM {HAND} WHERE id = (SELECT max(id) FROM {HAND})", "request"),
    (changed(REVISION, "author_id", OTHER_USER), "revision"),
    (changed(REVISION, "version_id", "(SELECT min(id) FROM registry_version)"), "revision"),
    (changed(REVISION, "number", "7"), "revision"),
    (f"DELETE FROM {REVISION}", "revision"),
    (changed(VOTE, "decision", "'reject'"), "vote"),
    (changed(RULES, "document", "'{}'"), "policy_version"),
    (changed(RULES, "number", "number + 5"), "policy_version"),
    (changed(RULES, "made_by_id", OTHER_USER), "policy_version"),
    (changed(SCAN, "level", "'critical'"), "scan"),
    (changed(SCAN, "score", "score + 1"), "scan"),
    (changed(SCAN, "breakdown", "'[]'"), "scan"),
    (changed(SCAN, "breakdown", "'7'"), "scan"),
    (changed(SCAN, "content_digest", "'x'"), "scan"),
    (changed(FINDING, "severity", "'low'"), "scan"),
    (f"DELETE FROM {FINDING}", "scan"),
    (changed(HOLD, "label_id", STAGING), "hold"),
    (changed(HOLD, "release_id", "(SELECT min(id) FROM registry_release)"), "hold"),
    (changed(HOLD, "opened_by_id", OTHER_USER), "hold"),
    (f"DELETE FROM {HOLD}", "hold"),
    (changed(AFTER, "label_id", STAGING), "after_review"),
    (changed(AFTER, "release_id", "(SELECT min(id) FROM registry_release)"), "after_review"),
    (changed(AFTER, "opened_by_id", OTHER_USER), "after_review"),
    (changed(AFTER, "shortfalls", "'[]'"), "after_review"),
    (changed(AFTER, "due_at", LATER), "after_review"),
    (f"DELETE FROM {AFTER}", "after_review"),
    (changed(ERASURE, "version_id", "(SELECT min(id) FROM registry_version)"), "erasure"),
    (changed(ERASURE, "asked_by_id", OTHER_USER), "erasure"),
    (f"DELETE FROM {ERASURE}", "erasure"),
    (changed(RECALL, "version_id", "(SELECT min(id) FROM registry_version)"), "recall"),
    (changed(RECALL, "account_id", OTHER_USER), "recall"),
    (f"DELETE FROM {RECALL}", "recall"),
]

#: the floor below: what its events only commit to, and what they say of versions and moves
BELOW = [
    (changed("registry_prompt", "name", "'support/other'"), "prompt"),
    (changed("registry_prompt", "name_key", "'support/other'"), "prompt"),
    (changed("registry_prompt", "description", "'Harmless.'"), "prompt"),
    (changed("registry_namespace", "name", "'billing'"), "namespace"),
    (changed("registry_user", "username", "'ottilie'", "username = 'otto'"), "user"),
    (changed("registry_user", "email", "'x@example.org'", "username = 'otto'"), "user"),
    (changed("registry_user", "display_name", "'Ada'", "username = 'otto'"), "user"),
    (changed("registry_version", "template_format", "'none'"), "version"),
    (changed("registry_version", "imported", "NOT imported"), "version"),
    (changed("registry_version", "author_id", OTHER_USER), "version"),
    (changed("registry_version", "interface_digest", "'x'"), "version"),
    (changed("registry_version", "settings_digest", "'x'"), "version"),
    (changed("registry_release", "cause_type", "'approvals.place'"), "release"),
    (changed("registry_release", "cause_id", "(SELECT public_id FROM registry_prompt)"), "release"),
    (changed("registry_release", "account_id", OTHER_USER), "release"),
    (changed("registry_release", "reason_id", "NULL"), "release"),
]


#: rows that the guards let anybody append
APPENDED: list[tuple[str, dict[str, str], str]] = [
    (HAND, {"role": "'token'"}, "request"),
    (REVISION, {"number": "number + 10"}, "revision"),
    (POLICY, {"position": "position + 500", "name": "'Forged'"}, "policy"),
    (RULES, {"number": "number + 10"}, "policy_version"),
    (SCAN, {"template_format": "'jinja'"}, "scan"),
    (FINDING, {"position": "position + 10"}, "scan"),
    (HOLD, {"release_id": "(SELECT min(id) FROM registry_release)"}, "hold"),
    (AFTER, {"release_id": "(SELECT min(id) FROM registry_release)"}, "after_review"),
    (ERASURE, {"version_id": "(SELECT min(id) FROM registry_version)"}, "erasure"),
    (RECALL, {"version_id": "(SELECT min(id) FROM registry_version)"}, "recall"),
    (VOTE, {"role": "'brand'"}, "vote"),
    (REQUEST, {}, "request"),
]


def test_reconcile__row_changed_that_no_guard_holds__is_named(world: Desk) -> None:
    assert told(WITH_GUARDS_ON) == wanted("approvals", WITH_GUARDS_ON)


def test_reconcile__row_appended_past_the_verbs__is_named(world: Desk) -> None:
    inserts = [(copied(table, values), noun) for table, values, noun in APPENDED]
    assert told(inserts) == wanted("approvals", inserts)


def test_reconcile__guarded_row_changed_by_the_owner__is_named(world: Desk) -> None:
    lift()
    assert told(GUARDED) == wanted("approvals", GUARDED)


def test_reconcile__row_of_the_registry_changed__is_named(world: Desk) -> None:
    lift()
    assert told(BELOW) == wanted("registry", BELOW)


def test_reconcile__talk_by_verbs__finds_nothing(talked: Desk) -> None:
    assert codes() == set()


def test_reconcile__talk_changed_or_added_past_the_verbs__is_named(talked: Desk) -> None:
    appended = [
        (copied(THREAD, {"line": "1"}), "thread"),
        (copied(REMARK, {"thread_id": f"(SELECT min(id) FROM {THREAD})"}), "remark"),
    ]
    damages = [*TALK_WITH_GUARDS_ON, *appended]
    assert told(damages) == wanted("approvals", damages)


def test_reconcile__guarded_talk_changed_by_the_owner__is_named(talked: Desk) -> None:
    lift()
    assert told(TALK_GUARDED) == wanted("approvals", TALK_GUARDED)


def told(damages: list[tuple[str, str]]) -> dict[str, set[str]]:
    """Do each damage by itself and return what is found of it; the world is dear to make."""
    found = {}
    for statement, _ in damages:
        with transaction.atomic():
            assert sql(statement) > 0, statement
            found[statement] = codes()
            transaction.set_rollback(True)
    return found


def wanted(floor: str, damages: list[tuple[str, str]]) -> dict[str, set[str]]:
    """Return for each damage the one code that names it."""
    return {statement: {f"{floor}.{noun}"} for statement, noun in damages}


def copied(table: str, values: dict[str, str]) -> str:
    """Return the INSERT of a row like the newest one, with a key of its own."""
    own = {"id": "id + 1000", **values}
    if table not in (HAND, REVISION, FINDING):
        plain = "00000000-0000-4000-8000-000000000001"
        postgres = connection.vendor == "postgresql"
        own["public_id"] = f"'{plain if postgres else plain.replace('-', '')}'"
    return f"INSERT {copy_of(table, _id(table), **own)}"
