"""Un-protecting a label: the facts of a request, and what it would open."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.governance import approvals_of, is_single_owner, owners
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, Contributor, Hold
from approvals.policies.governance import UnprotectFacts
from registry.models import Label, LabelPointer

#: changes, and versions that are live, that a page names
MOST = 50


@dataclass(frozen=True)
class Opened:
    """What would be open to anyone who may propose: at most `MOST` are named, all are counted.

    `changes` are those that were submitted; drafts are counted only.
    """

    label: Label
    changes: tuple[ApprovalRequest, ...]
    change_count: int
    policies: tuple[str, ...]
    live: tuple[LabelPointer, ...]
    live_count: int
    #: prompts that are on hold there, which keeps nothing back without protection
    held: int
    #: labels whose changes are tried on this one as soon as it is not protected
    fed: tuple[Label, ...]
    #: whether no protected label would be left, so that nothing could be proposed
    last: bool


def opened_by(label: Label) -> Opened:
    """What un-protecting a label would open, in a constant number of queries."""
    towards = ApprovalRequest.objects.towards(label)
    shown = towards.exclude(submitted_at=None).with_parts().order_by("-pk")
    served = LabelPointer.objects.filter(label=label).exclude(version=None)
    named = served.select_related("prompt", "version").order_by("prompt__name")
    return Opened(
        label=label,
        changes=tuple(shown[:MOST]),
        change_count=towards.count(),
        policies=tuple(_policies(label)),
        live=tuple(named[:MOST]),
        live_count=served.count(),
        held=Hold.objects.filter(label=label, lifted_at=None).count(),
        fed=tuple(Label.objects.filter(promotes_from=label, protected=True)),
        last=not Label.objects.filter(protected=True).exclude(pk=label.pk).exists(),
    )


def unprotect_facts(request: ApprovalRequest) -> UnprotectFacts:
    """The facts of one request to un-protect a label as it is now."""
    label = request.label
    assert label is not None  # noqa: S101  # a CHECK says so
    return UnprotectFacts(
        label=label.name,
        protected=Label.objects.filter(pk=label.pk, protected=True).exists(),
        ended=not request.is_open,
        author=(request.author_id, str(request.author)),
        governance=owners(),
        approvals=approvals_of(request),
        unblocked=_hands(label) if request.is_open else {},
        single_owner=is_single_owner(),
    )


def _policies(label: Label) -> list[str]:
    """Names of the policies in force whose scope has the label."""
    return [
        match.version.policy.name
        for match in PolicyBook.read().current
        if match.version and match.rules and label.name in match.rules.scope.labels
    ]


def _hands(label: Label) -> dict[int, tuple[int, ...]]:
    """By governance owner, open changes towards the label that they have a hand in.

    Anybody who may propose could place them. A draft is let pass as well, and has no number here:
    nobody but its contributors knows of it.
    """
    rows = Contributor.objects.filter(
        request__in=ApprovalRequest.objects.towards(label),
        account__in=[pk for pk, _ in owners()],
    )
    found: dict[int, list[int]] = {}
    told = rows.values_list("account_id", "request_id", "request__submitted_at")
    for account, number, submitted in told.distinct().order_by("request_id"):
        numbers = found.setdefault(account, [])
        if submitted is not None:
            numbers.append(number)
    return {pk: tuple(numbers) for pk, numbers in found.items()}
