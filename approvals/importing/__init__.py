"""Prompts from folders and git work trees: found, planned, and brought in by the verbs."""

from approvals.importing.applying import apply
from approvals.importing.planning import Importer, Plan, plan
from approvals.importing.reading import Candidate, candidates
from approvals.importing.worktree import GitFailed, WorkTree, opened

__all__ = [
    "Candidate",
    "GitFailed",
    "Importer",
    "Plan",
    "WorkTree",
    "apply",
    "candidates",
    "opened",
    "plan",
]
