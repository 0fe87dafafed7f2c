"""What policies that are only watched would have done, noted where a change is routed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from approvals.matching import Match, PolicyBook
from approvals.models import ApprovalRequest, PolicyVersion, ShadowVerdict
from approvals.policies import Facts, Shadow, UnreadablePolicy, in_shadow, under, would_have

Outcome = ShadowVerdict.Outcome


def note(request: ApprovalRequest, facts: Facts, at: datetime, *, in_force: bool) -> dict[str, Any]:
    """Append how each watched policy would have judged this change; what its event says of it.

    Watched are the proposals that wait for a decision and would cover the change and, with
    `in_force`, the policy in force that is in shadow mode. Nothing becomes otherwise by it: a
    policy that cannot judge is noted as that.
    """
    rows = list(_rows(request, facts, at, in_force=in_force))
    if not rows:
        return {}
    ShadowVerdict.objects.bulk_create(rows)
    told = {"shadow": [{"id": str(row.public_id), **told_verdict(row)} for row in rows]}
    passed = any(row.outcome == Outcome.PASS and row.proposal is None for row in rows)
    return {"would_have": True, **told} if passed else told


def told_verdict(row: ShadowVerdict) -> dict[str, Any]:
    """What an event says of one row besides its change and its moment."""
    return {
        "policy_version": str(row.policy_version.public_id),
        "proposal": str(row.proposal.public_id) if row.proposal else None,
        "outcome": str(row.outcome),
        "against": row.against,
    }


def _rows(
    request: ApprovalRequest, facts: Facts, at: datetime, *, in_force: bool
) -> Iterator[ShadowVerdict]:
    proposals = list(ApprovalRequest.objects.of_policies().open().order_by("pk"))
    running = in_shadow(facts) if in_force else None
    if not proposals and running is None:
        return
    book = PolicyBook.read()
    common = {"request": request, "revision": request.revision, "at": at}
    if running is not None:
        today = _covering(book, facts)
        match = today if today.rules == running else book.pinned(request.policy_id)
        found = _judged(lambda: would_have(facts, at))
        if found and match.version:
            yield ShadowVerdict(policy_version=match.version, **found, **common)
    for proposal in proposals:
        version = proposal.proposed_policy
        assert version is not None  # noqa: S101  # a CHECK says so
        found = _judged(_by(version, proposal.proposed_position, book, facts, at))
        if found:
            yield ShadowVerdict(policy_version=version, proposal=proposal, **found, **common)


def _by(
    version: PolicyVersion, position: int | None, book: PolicyBook, facts: Facts, at: datetime
) -> Callable[[], Shadow | None]:
    """The judgement of a proposed version; None where another policy would cover the change."""

    def judge() -> Shadow | None:
        match = _covering(book.replacing(version, position), facts)
        if match.version != version:
            return None
        if match.rules is None:
            raise UnreadablePolicy(match.problem)
        return would_have(under(facts, match.rules), at)

    return judge


def _covering(book: PolicyBook, facts: Facts) -> Match:
    return book.match(
        prompt=facts.prompt,
        label=facts.label,
        tags=facts.tags,
        data_class=facts.data_class,
        level=facts.scan.level if facts.scan else None,
    )


def _judged(judge: Callable[[], Shadow | None]) -> dict[str, Any] | None:
    """Outcome and codes of a judgement; whatever goes wrong in it, the change goes its way."""
    try:
        found = judge()
    except Exception as error:
        return {"outcome": Outcome.ERROR, "against": [type(error).__name__]}
    if found is None:
        return None
    outcome = Outcome.PASS if found.passes else Outcome.HOLD
    return {"outcome": outcome, "against": list(found.against)}
