"""What `evaluate` looks at: frozen, complete, the same for every viewer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from approvals.policies.document import LEVELS, PolicyRules


@dataclass(frozen=True)
class Person:
    """An active person with an explicit `review` row on the prompt, and the roles held."""

    id: int
    name: str
    roles: frozenset[str]
    via: str = ""


@dataclass(frozen=True)
class Vote:
    """A review as it was given, with what the voter saw."""

    id: int
    person_id: int
    person: str
    role: str
    decision: str
    revision: int
    content_digest: str
    base_digest: str
    provenance_digest: str
    risk_level: str
    at: datetime
    auth_method: str = "password"
    auth_at: datetime | None = None
    answers: dict[str, str] = field(default_factory=dict)
    copied: bool = False
    #: the revision that it was given on, where it was kept from an earlier one
    kept_from: int = 0
    #: who lifted it, where it is a wish for changes that no longer stands
    lifted_by: str = ""


@dataclass(frozen=True)
class CheckFacts:
    """The newest result of one name from one source for exactly this content."""

    name: str
    source: str
    status: str
    metrics: dict[str, str]
    at: datetime


@dataclass(frozen=True)
class ThreadFacts:
    """A thread that nobody resolved yet; `waits_for_author` marks a question."""

    id: int
    by: str
    waits_for_author: bool


@dataclass(frozen=True)
class ScanFacts:
    """The finished scan: `level` and `score` count what is new against the base."""

    digest: str
    level: str
    score: int
    new: int
    standing: int
    categories: frozenset[str]
    finished_at: datetime
    ruleset: str = ""


@dataclass(frozen=True)
class ChangeFacts:
    """How the proposed content differs from what is live."""

    kind: str
    changed_words: int
    first_release: bool
    imported_unreviewed: bool
    rolled_back_at: datetime | None


@dataclass(frozen=True)
class StagingFacts:
    """The label that this one promotes from: when this version was placed there, and whether
    that is what it serves now."""

    label: str
    placed_at: datetime | None
    serving: bool = False


@dataclass(frozen=True)
class HoldFacts:
    """A rollback put the prompt on hold."""

    since: datetime
    by: str


@dataclass(frozen=True)
class SetFacts:
    """The other members of a change set that goes out as a whole, and how many are not ready.

    `ended` of these were rejected or withdrawn. `together`: all of them are released at once now.
    """

    others: int
    waiting: int
    ended: int = 0
    together: bool = False


@dataclass(frozen=True)
class Facts:
    """One request at one moment. `pinned` is None until it is submitted."""

    state: str
    revision: int
    version_number: int
    content_digest: str
    provenance_digest: str
    recalled: bool
    erased: bool
    archived: bool
    prompt: str
    label: str
    data_class: str
    base_number: int | None
    base_digest: str
    live_number: int | None
    live_digest: str
    suspended: bool
    pinned: PolicyRules | None
    current: PolicyRules | None
    policy_problem: str
    scan: ScanFacts | None
    scan_failed: bool
    change: ChangeFacts
    staging: StagingFacts | None
    reviewers: tuple[Person, ...]
    contributors: dict[int, str] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    #: who may grant on the prompt: those who manage it, and governance owners who see it
    managers: tuple[tuple[int, str], ...] = ()
    governance_here: tuple[tuple[int, str], ...] = ()
    governance: tuple[tuple[int, str], ...] = ()
    #: every active person who is in a role, whatever they may do here
    people: tuple[Person, ...] = ()
    release_managers: tuple[tuple[int, str], ...] = ()
    released_by: int | None = None
    hold: HoldFacts | None = None
    automatic: bool = False
    tags: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    #: the change ticket named with the version
    ticket: str = ""
    #: when its release is planned
    release_at: datetime | None = None
    checks: tuple[CheckFacts, ...] = ()
    threads: tuple[ThreadFacts, ...] = ()
    #: contributors whose only hand in it was a suggestion
    suggesters: frozenset[int] = frozenset()
    undoers: tuple[tuple[int, str], ...] = ()
    #: whether its label is protected, as it was when this was proposed
    label_protected: bool = True
    #: codes of the requirements that its emergency release passed over
    bypassed: frozenset[str] = frozenset()
    #: None for a change in no set, and in one that goes out in waves
    change_set: SetFacts | None = None

    @property
    def low_risk(self) -> bool:
        """Whether a finished scan finds the risk low today; False without one."""
        return self.scan is not None and self.scan.level == LEVELS[0]
