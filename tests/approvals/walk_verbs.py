"""The verbs of the walk: each takes one step on what there is, by whoever was drawn."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from approvals import scanning, services, tasks
from approvals.models import (
    AfterReview,
    ApprovalRequest,
    ChangeSet,
    Erasure,
    Hold,
    Policy,
    Remark,
    Review,
    Thread,
)
from registry import permissions, roles
from registry.models import User, Version
from registry.services import grants, memberships
from tests.approvals import documents_of as documents
from tests.approvals.walk import Verbs, Walk


def _propose(walk: Walk, actor: User) -> None:
    writer = walk.draw.choice([walk.desk.author, walk.desk.author, walk.desk.support_reviewer])
    actor, prompt = walk.mostly(writer, actor), walk.prompt()
    request = services.propose(
        prompt,
        label=walk.desk.production,
        document=walk.words(),
        rationale="Because.",
        actor=actor,
    )
    if walk.draw.random() < 0.8:
        services.submit(request.pk, actor=actor, release_when_ready=walk.draw.random() < 0.3)


def _propose_set(walk: Walk, actor: User) -> None:
    services.propose_set(
        [services.SetItem(prompt, walk.words()) for prompt in walk.prompts],
        label=walk.desk.production,
        rationale="Because of both.",
        actor=walk.mostly(walk.desk.author, actor),
        whole=walk.often(),
        and_submit=True,
    )


def _release_set(walk: Walk, actor: User) -> None:
    made = walk.one_of(ChangeSet.objects.order_by("-pk")[:2])
    services.release_set(made.pk, actor=walk.mostly(walk.desk.release_manager, actor))


def _rollback_set(walk: Walk, actor: User) -> None:
    walk.seldom()
    made = walk.one_of(ChangeSet.objects.order_by("-pk"))
    services.rollback_set(made.pk, actor=walk.mostly(walk.desk.responder, actor))


def _withdraw_set(walk: Walk, actor: User) -> None:
    walk.seldom()
    made = walk.one_of(ChangeSet.objects.order_by("-pk")[:2])
    services.withdraw_set(made.pk, actor=walk.mostly(made.author, actor))


def _revise(walk: Walk, actor: User) -> None:
    walk.seldom()
    services.revise(walk.change().pk, document=walk.words(), rationale="Better so.", actor=actor)


def _submit(walk: Walk, actor: User) -> None:
    change = walk.change()
    services.submit(change.pk, actor=walk.draw.choice([actor, change.author]))


def _work(walk: Walk, actor: User) -> None:
    """What the worker does next, for one change."""
    change = walk.change()
    begun = services.begin_scan(change.pk)
    if begun is None or begun.version is None:
        _after_scan(walk, change)
        return
    if walk.draw.random() < 0.1:
        services.note_scan_failure(change.pk, error="time_limit")
        return
    base = begun.base_version
    services.record_scan(
        change.pk,
        revision=begun.revision,
        report=scanning.scan_document(begun.version.body),
        base_report=scanning.scan_document(base.body) if base and not base.is_erased else None,
    )
    _after_scan(walk, change)


def _after_scan(walk: Walk, change: ApprovalRequest) -> None:
    """The task that follows a scan; now and then its first half is lost."""
    if walk.often():
        services.try_on_staging(change.pk)
    services.route(change.pk)


def _release_by_itself(walk: Walk, actor: User) -> None:
    change = walk.change()
    services.release(change.pk, actor=change.author, automatic=True)


def _review(walk: Walk, actor: User) -> None:
    change = walk.change_in("review")
    role = walk.draw.choice(roles.REVIEW_ROLES)
    if walk.often():
        # Most people vote where they are asked.
        person, role = walk.draw.choice(
            [
                (walk.desk.support_reviewer, roles.SUPPORT),
                (walk.desk.safety_reviewer, roles.SAFETY),
                (walk.desk.engineer, roles.ENGINEERING),
            ]
        )
        actor = person
    draws = ["approve"] * 18 + ["request_changes", "reject"]
    services.review(
        change.pk,
        actor=actor,
        role=role,
        decision=walk.draw.choice(draws),
        comment="So I think.",
        seen=change.revision_digest,
    )


def _take_back(walk: Walk, actor: User) -> None:
    services.take_back(walk.change().pk, actor=actor, seen=None)


def _lift_refusal(walk: Walk, actor: User) -> None:
    vote = walk.one_of(Review.objects.filter(decision="reject").order_by("-pk")[:3])
    services.lift_refusal(vote.pk, actor=actor, reason="Settled by phone.")


def _release(walk: Walk, actor: User) -> None:
    change = walk.change_in("approved")
    services.release(change.pk, actor=walk.mostly(walk.desk.release_manager, actor))


def _rebase(walk: Walk, actor: User) -> None:
    change = walk.change()
    live = walk.desk.production.pointers.get(prompt=change.prompt).version
    services.rebase(
        change.pk,
        actor=walk.draw.choice([actor, change.author]),
        seen=change.revision_digest,
        seen_live=live.content_digest if live else "",
    )


def _withdraw(walk: Walk, actor: User) -> None:
    walk.seldom()
    change = walk.change()
    services.withdraw(change.pk, actor=walk.mostly(change.author, actor))


def _break_glass(walk: Walk, actor: User) -> None:
    walk.seldom()
    change = walk.change_in("review")
    services.break_glass(
        change.pk,
        actor=walk.mostly(walk.desk.responder, actor),
        reason="Wrong answers.",
        ticket="T-1",
        auth_method="signature:password",
        auth_at=timezone.now(),
        seen=change.revision_digest,
        expected_generation=None,
    )


def _rollback(walk: Walk, actor: User) -> None:
    actor = walk.mostly(walk.desk.responder, actor)
    to = None if walk.often() else walk.one_of(Version.objects.order_by("pk"))
    services.rollback(walk.prompt(), walk.desk.production, actor=actor, reason="Too warm.", to=to)


def _lift_hold(walk: Walk, actor: User) -> None:
    hold = walk.one_of(Hold.objects.filter(lifted_at=None))
    services.lift_hold(
        hold.pk, actor=walk.mostly(walk.desk.responder, actor), reason="Found and mended."
    )


def _close_after(walk: Walk, actor: User) -> None:
    row = walk.one_of(AfterReview.objects.filter(closed_at=None))
    services.close_review_after(row.pk, actor=actor, comment="Looked at it.")


def _suspend(walk: Walk, actor: User) -> None:
    walk.seldom()
    actor = walk.mostly(walk.desk.responder, actor)
    services.suspend(walk.prompt(), walk.desk.production, actor=actor, reason="Wrong answers.")


def _resume(walk: Walk, actor: User) -> None:
    actor = walk.mostly(walk.desk.responder, actor)
    services.resume(walk.prompt(), walk.desk.production, actor=actor, reason="Right again.")


def _recall(walk: Walk, actor: User) -> None:
    walk.seldom()
    services.recall(
        walk.one_of(Version.objects.order_by("pk")), actor=actor, reason="It harms people."
    )


def _place(walk: Walk, actor: User) -> None:
    label = walk.draw.choice([walk.desk.staging, walk.desk.production])
    prompt = walk.prompt()
    version = walk.one_of(prompt.versions.order_by("pk"))
    services.place(prompt, version, label, actor=actor)


def _open_thread(walk: Walk, actor: User) -> None:
    change = walk.change_in("review")
    services.open_thread(
        change.pk,
        actor=walk.mostly(walk.desk.safety_reviewer, actor),
        text="Is this too warm?",
        path="template",
        line=1,
        question=walk.draw.random() < 0.3,
        suggestion=f"Greet {{{{customer}}}} kindly by name, {walk.draw.random()}.",
        seen=change.revision_digest,
    )


def _reply(walk: Walk, actor: User) -> None:
    services.reply(walk.one_of(Thread.objects.order_by("-pk")[:3]).pk, actor=actor, text="Well.")


def _resolve(walk: Walk, actor: User) -> None:
    services.resolve_thread(walk.one_of(Thread.objects.order_by("-pk")[:3]).pk, actor=actor)


def _apply_suggestion(walk: Walk, actor: User) -> None:
    remark = walk.one_of(Remark.objects.filter(suggestion__isnull=False).order_by("-pk")[:3])
    actor = walk.mostly(remark.thread.request.author, actor)
    services.apply_suggestion(remark.pk, actor=actor, seen=None)


def _ask_again(walk: Walk, actor: User) -> None:
    services.ask_again(walk.change().pk, actor=actor)


def _role(walk: Walk, actor: User) -> None:
    walk.seldom()
    verb = walk.draw.choice([memberships.join, memberships.leave])
    who = walk.draw.choice([walk.desk.outsider, walk.desk.safety_reviewer, walk.desk.author])
    verb(who, walk.draw.choice(roles.REVIEW_ROLES), actor=walk.desk.governance_owner)


def _grant(walk: Walk, actor: User) -> None:
    verb = walk.draw.choice([grants.grant, grants.revoke])
    who = walk.draw.choice([walk.desk.outsider, walk.desk.superuser, walk.desk.responder])
    permission = walk.draw.choice([permissions.REVIEW, permissions.RELEASE, permissions.PROPOSE])
    verb(walk.prompt(), permission, who, actor=walk.draw.choice([actor, walk.desk.author]))


def _propose_policy(walk: Walk, actor: User) -> None:
    walk.seldom()
    ready = documents.ready
    wanted = walk.draw.choice(
        [
            documents.with_brand(),
            ready("Regulated"),
            ready("Regulated", threads_resolved=True),
            ready("Regulated", release_manager=True),
            ready("Regulated", emergency=False),
            ready("Regulated", stages=documents.stages([documents.sign_off("support")])),
        ]
    )
    services.propose_policy(
        Policy.objects.get(name="Regulated"),
        wanted,
        rationale="Better so.",
        actor=walk.mostly(walk.desk.governance_owner, actor),
    )


def _decide_policy(walk: Walk, actor: User) -> None:
    change = walk.one_of(ApprovalRequest.objects.filter(prompt=None).open())
    services.decide_policy(
        change.pk,
        actor=walk.mostly(walk.everybody[-1], actor),
        decision=walk.draw.choice(["approve", "approve", "reject"]),
        comment="So I think.",
    )


def _plan(walk: Walk, actor: User) -> None:
    change = walk.change_in("approved")
    services.plan_release(
        change.pk,
        actor=walk.mostly(walk.desk.release_manager, actor),
        at=timezone.now() + timedelta(milliseconds=20),
        seen=change.revision_digest,
    )


def _unplan(walk: Walk, actor: User) -> None:
    change = walk.one_of(ApprovalRequest.objects.exclude(release_at=None).open())
    services.unplan_release(change.pk, actor=walk.mostly(walk.desk.release_manager, actor))


def _planned_time_comes(walk: Walk, actor: User) -> None:
    """The task of the sweep, for a change that waits for its time."""
    tasks.release(walk.one_of(ApprovalRequest.objects.awaiting_release(timezone.now())).pk)


def _expire(walk: Walk, actor: User) -> None:
    services.expire(walk.change().pk)


def _reassess(walk: Walk, actor: User) -> None:
    services.reassess(walk.change().pk)


def _rescan(walk: Walk, actor: User) -> None:
    change = walk.change_in("scanning")
    services.rescan(change.pk, actor=walk.mostly(change.author, actor))


def _reopen(walk: Walk, actor: User) -> None:
    services.reopen_thread(walk.one_of(Thread.objects.order_by("-pk")[:3]).pk, actor=actor)


def _submit_set(walk: Walk, actor: User) -> None:
    made = walk.one_of(ChangeSet.objects.order_by("-pk")[:2])
    services.submit_set(made.pk, actor=walk.mostly(made.author, actor))


def _ask_erasure(walk: Walk, actor: User) -> None:
    walk.seldom()
    services.ask_erasure(
        walk.one_of(Version.objects.order_by("pk")),
        actor=walk.mostly(walk.desk.governance_owner, actor),
        reason="Asked for.",
        ticket="T-2",
    )


def _erase(walk: Walk, actor: User) -> None:
    row = walk.one_of(Erasure.objects.filter(done_at=None))
    services.erase_content(row.pk, actor=walk.mostly(walk.everybody[-1], actor))


def _except_live(walk: Walk, actor: User) -> None:
    services.except_live(
        walk.prompt(),
        walk.desk.production,
        owner=walk.desk.author,
        until=timezone.now() + timedelta(days=9),
        reason="Until the fair is over.",
        actor=walk.mostly(walk.desk.governance_owner, actor),
    )


def _open_campaign(walk: Walk, actor: User) -> None:
    walk.seldom()
    services.open_campaign(
        reason="Rules changed.",
        a_day=1,
        days=7,
        actor=walk.mostly(walk.desk.governance_owner, actor),
    )


def _withdraw_policy(walk: Walk, actor: User) -> None:
    walk.seldom()
    change = walk.one_of(ApprovalRequest.objects.filter(prompt=None).open())
    services.withdraw_policy(change.pk, actor=walk.mostly(change.author, actor))


#: what may be drawn, and how often; what brings a change on is drawn more often than the rest
VERBS: Verbs = [
    (_review, 30),
    (_work, 14),
    (_release, 14),
    (_propose, 4),
    (_lift_hold, 3),
    (_rebase, 3),
    (_resume, 2),
    (_rollback, 2),
    (_break_glass, 3),
    (_release_by_itself, 2),
    (_revise, 2),
    (_submit, 2),
    (_propose_set, 1),
    (_release_set, 4),
    (_rollback_set, 1),
    (_open_thread, 3),
    (_apply_suggestion, 3),
    (_propose_policy, 3),
    (_decide_policy, 2),
    (_plan, 3),
    (_planned_time_comes, 2),
    *(
        (verb, 1)
        for verb in (
            _take_back,
            _lift_refusal,
            _withdraw,
            _withdraw_set,
            _close_after,
            _suspend,
            _recall,
            _place,
            _reply,
            _resolve,
            _ask_again,
            _unplan,
            _expire,
            _reassess,
            _rescan,
            _reopen,
            _submit_set,
            _ask_erasure,
            _erase,
            _except_live,
            _open_campaign,
            _withdraw_policy,
            _role,
            _grant,
        )
    ),
]
