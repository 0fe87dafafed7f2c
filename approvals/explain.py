"""The list of a request, for every face: page, admin, API, mail and commands say the same words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from approvals.facts import gather, gather_many
from approvals.governance import policy_facts
from approvals.models import ApprovalRequest
from approvals.policies import Requirement, evaluate
from approvals.policies.governance import evaluate_policy, evaluate_unprotect
from approvals.protection import unprotect_facts
from registry.models import Label, LabelPointer, Prompt, Version

TITLE_LENGTH = 120


def requirements_of(request: ApprovalRequest, at: datetime | None = None) -> list[Requirement]:
    """Every requirement of a request, now or at `at`."""
    if request.kind == ApprovalRequest.Kind.POLICY_CHANGE:
        return evaluate_policy(policy_facts(request))
    if request.kind == ApprovalRequest.Kind.UNPROTECT_LABEL:
        return evaluate_unprotect(unprotect_facts(request))
    return evaluate(gather(request), at or timezone.now())


def requirements_of_many(requests: Sequence[ApprovalRequest]) -> dict[int, list[Requirement]]:
    """The lists of many requests by primary key, in a constant number of queries."""
    at = timezone.now()
    return {pk: evaluate(facts, at) for pk, facts in gather_many(requests).items()}


def requirements_for(
    prompt: Prompt, version: Version, label: Label, at: datetime
) -> list[Requirement]:
    """What a version would need for a protected label: of its open request, or as if proposed."""
    open_requests = ApprovalRequest.objects.open().with_parts()
    request = open_requests.filter(prompt=prompt, label=label, version=version).first()
    if request is None:
        pointer = LabelPointer.objects.select_related("version").get(prompt=prompt, label=label)
        request = ApprovalRequest(
            prompt=prompt,
            label=label,
            version=version,
            author=version.author,
            base_version=pointer.version,
            base_generation=pointer.generation,
        )
    return requirements_of(request, at)


def title_of(request: ApprovalRequest) -> str:
    """The first line of the rationale, at most 120 characters."""
    text = (request.rationale.value or "").strip()
    if not text:
        return f"Change {request.pk}"
    line = text.splitlines()[0]
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
