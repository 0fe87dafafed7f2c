"""Change sets by the verbs: prompts, the same edit in each, and the steps of all members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from approvals import services
from approvals.models import ApprovalRequest, ChangeSet
from audit.ledger import head
from registry.models import LabelPointer, Prompt
from registry.services import prompts
from tests import snapshot
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, text

NAMES = ("support/billing", "support/claims", "support/delivery")


def prompts_of(desk: Desk, *names: str) -> list[Prompt]:
    """The prompts of these names, made by the author where they are not there."""
    made = {found.name: found for found in Prompt.objects.filter(name__in=names or NAMES)}
    return [
        made.get(name) or prompts.create_prompt(name, actor=desk.author) for name in names or NAMES
    ]


def items(found: list[Prompt], template: str = FIRST) -> list[services.SetItem]:
    return [services.SetItem(prompt, text(template)) for prompt in found]


def proposed(
    desk: Desk, *names: str, template: str = FIRST, whole: bool = True, **given: Any
) -> ChangeSet:
    """A set of drafts by the author."""
    asked: dict[str, Any] = {"actor": desk.author, "rationale": "The hotline has moved.", **given}
    found = prompts_of(desk, *names)
    return services.propose_set(items(found, template), label=desk.production, whole=whole, **asked)


def members(change_set: ChangeSet) -> list[ApprovalRequest]:
    """As they are now, by the names of their prompts."""
    rows = ApprovalRequest.objects.with_parts().filter(change_set=change_set)
    return list(rows.order_by("prompt__name"))


def states(change_set: ChangeSet) -> list[str]:
    return [request.state for request in members(change_set)]


def live(change_set: ChangeSet) -> list[int | None]:
    """The number of the version that is live for each prompt of the set, by name."""
    rows = LabelPointer.objects.filter(label=change_set.label)
    numbers = dict(rows.values_list("prompt__name", "version__number"))
    return [numbers[request.prompt.name] for request in members(change_set) if request.prompt]


def in_review(desk: Desk, *names: str, **given: Any) -> ChangeSet:
    """A set whose members wait for their reviewers."""

    def make() -> ChangeSet:
        made = proposed(desk, *names, and_submit=True, **given)
        for request in members(made):
            steps.route(steps.scan(request))
        return made

    return _brought_to("in_review", make, names, given)


def approved(desk: Desk, *names: str, **given: Any) -> ChangeSet:
    def make() -> ChangeSet:
        made = in_review(desk, *names, **given)
        for request in members(made):
            steps.approve(desk, request)
        return made

    return _brought_to("approved", make, names, given)


def released(desk: Desk, *names: str, **given: Any) -> ChangeSet:
    def make() -> ChangeSet:
        made = approved(desk, *names, **given)
        services.release_set(made.pk, actor=desk.release_manager)
        return made

    return _brought_to("released", make, names, given)


def _brought_to(
    state: str, make: Callable[[], ChangeSet], names: tuple[str, ...], given: dict[str, Any]
) -> ChangeSet:
    """What `make` makes, from memory where the log says that all before it was the same."""
    key = (bytes(head().last_leaf), "set", state, names, repr(sorted(given.items())))
    pk = snapshot.put_back_or_make(key, lambda: make().pk, from_time=2)
    return ChangeSet.objects.get(pk=pk)


def released_twice(desk: Desk, *names: str) -> ChangeSet:
    """A set that is live over another one, so that it can go back."""
    released(desk, *names)
    return released(desk, *names, template=SECOND)


def emergency(desk: Desk, request: ApprovalRequest) -> ApprovalRequest:
    """One member put live past everything."""
    now = steps.fresh(request)
    done: ApprovalRequest = services.break_glass(
        now.pk,
        actor=desk.responder,
        reason="Wrong answers.",
        ticket="T-1",
        auth_method="signature:password",
        auth_at=now.updated_at,
        seen=now.revision_digest,
        expected_generation=None,
    )
    return fresh(done)


def at_state(desk: Desk, state: str) -> ChangeSet:
    """A set of two whose members are all in the named state."""
    two = NAMES[:2]
    makers: dict[str, Callable[..., ChangeSet]] = {
        "draft": proposed,
        "scanning": lambda desk, *names: proposed(desk, *names, and_submit=True),
        "review": in_review,
        "approved": approved,
        "released": released_twice,
        "rejected": _rejected,
        "withdrawn": _withdrawn,
    }
    return makers[state](desk, *two)


def _rejected(desk: Desk, *names: str) -> ChangeSet:
    made = in_review(desk, *names)
    for request in members(made):
        steps.reject(desk, request)
    return made


def _withdrawn(desk: Desk, *names: str) -> ChangeSet:
    made = proposed(desk, *names)
    services.withdraw_set(made.pk, actor=desk.author)
    return made


# -- each verb once, for the table of events --------------------------------------------------

TWO = NAMES[:2]
_Step = Callable[[Desk], Any]


def _newest() -> int:
    return ChangeSet.objects.latest("pk").pk


#: how to come there, the verb with its key, and the events that it leaves
AT_ONCE: dict[str, tuple[_Step, _Step, list[str]]] = {
    "propose_set": (
        lambda desk: prompts_of(desk, *TWO),
        lambda desk: proposed(desk, *TWO, and_submit=True, key="k1"),
        [
            "approvals.change_set.proposed",
            *["approvals.request.proposed"] * 2,
            *["approvals.request.submitted"] * 2,
        ],
    ),
    "submit_set": (
        lambda desk: proposed(desk, *TWO),
        lambda desk: services.submit_set(_newest(), actor=desk.author, key="k1"),
        ["approvals.request.submitted"] * 2,
    ),
    "release_set": (
        lambda desk: approved(desk, *TWO),
        lambda desk: services.release_set(_newest(), actor=desk.author, key="k1"),
        ["approvals.request.released"] * 2,
    ),
    "rollback_set": (
        lambda desk: released_twice(desk, *TWO),
        lambda desk: services.rollback_set(
            _newest(), actor=desk.responder, reason="Too warm.", key="k1"
        ),
        ["approvals.label.rolled_back"] * 2,
    ),
    "withdraw_set": (
        lambda desk: in_review(desk, *TWO),
        lambda desk: services.withdraw_set(
            _newest(), actor=desk.author, comment="Later.", key="k1"
        ),
        ["approvals.request.withdrawn"] * 2,
    ),
}
