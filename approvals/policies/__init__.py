"""Is it ready, who may, why not: pure rules over frozen facts, no Django in this package."""

from approvals.policies.automatic import in_sample, sample_percent
from approvals.policies.carrying import why_not_kept
from approvals.policies.checklists import ready_checklists
from approvals.policies.document import (
    PolicyRules,
    SignOff,
    Stage,
    UnreadablePolicy,
    document_of,
    read,
    rules_of,
)
from approvals.policies.emergency import (
    NEVER_BYPASSED,
    allows_emergency,
    bypassed,
    in_the_way,
    is_passable,
)
from approvals.policies.evaluate import evaluate
from approvals.policies.facts import (
    ChangeFacts,
    CheckFacts,
    Facts,
    HoldFacts,
    Person,
    ScanFacts,
    SetFacts,
    StagingFacts,
    ThreadFacts,
    Vote,
)
from approvals.policies.ready import ready_policies
from approvals.policies.requirements import (
    GRANT,
    ROLE,
    Requirement,
    Status,
    Who,
    is_approvable,
    is_automatic,
    is_releasable,
    unmet,
)
from approvals.policies.shadow import Shadow, in_shadow, under, would_have

__all__ = [
    "GRANT",
    "NEVER_BYPASSED",
    "ROLE",
    "ChangeFacts",
    "CheckFacts",
    "Facts",
    "HoldFacts",
    "Person",
    "PolicyRules",
    "Requirement",
    "ScanFacts",
    "SetFacts",
    "Shadow",
    "SignOff",
    "Stage",
    "StagingFacts",
    "Status",
    "ThreadFacts",
    "UnreadablePolicy",
    "Vote",
    "Who",
    "allows_emergency",
    "bypassed",
    "document_of",
    "evaluate",
    "in_sample",
    "in_shadow",
    "in_the_way",
    "is_approvable",
    "is_automatic",
    "is_passable",
    "is_releasable",
    "read",
    "ready_checklists",
    "ready_policies",
    "rules_of",
    "sample_percent",
    "under",
    "unmet",
    "why_not_kept",
    "would_have",
]
