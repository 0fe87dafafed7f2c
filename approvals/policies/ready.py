"""The three ready policies, in the order in which they are asked.

- Regulated: support, safety and engineering each sign and answer a checklist, with a signature; an
  hour on staging; every thread resolved; for `support/*`.
- Light: one reviewer, larger changes of low risk pass by themselves; covers nothing until a
  governance owner names prompts in it.
- Standard: one reviewer, two in different roles from high; for everything else.
"""

from __future__ import annotations

from typing import Any

from approvals.policies.checklists import ready_checklists
from approvals.policies.document import REVIEW_ROLES, SCHEMA, document_of, rules_of


def ready_policies(*, sign_offs_only: bool = False) -> list[dict[str, Any]]:
    """Whole documents of the ready policies.

    With `sign_offs_only` Regulated asks for its three sign-offs and a trial of any length, as a
    demo needs it that one press completes, and a replay that cannot wait an hour for each change.
    """
    regulated = _regulated() if sign_offs_only else {**_regulated(), **_careful()}
    return [document_of(rules_of(policy)) for policy in (regulated, _light(), _standard())]


def _regulated() -> dict[str, Any]:
    return {
        **_common("Regulated", ["support/*"]),
        "stages": [
            {
                "title": "Sign-offs",
                "sign_offs": [_one("support"), _one("safety"), _one("engineering")],
            }
        ],
        "due_hours": 24,
        "after_review_hours": 48,
    }


def _careful() -> dict[str, Any]:
    """What Regulated asks for beside its sign-offs."""
    asked = ("support", "safety", "engineering")
    return {
        "checklists": [one for one in ready_checklists() if one["role"] in asked],
        "signature": {"minutes": 15},
        "staging": {"minutes": 60},
        "threads_resolved": True,
    }


def _light() -> dict[str, Any]:
    return {
        **_common("Light", []),
        "stages": [{"title": "Sign-off", "sign_offs": [_some("reviewer", "One reviewer")]}],
        "automatic": {"max_level": "low", "max_changed_words": 60, "rolled_back_days": 7},
        "due_hours": 48,
        "after_review_hours": 72,
    }


def _standard() -> dict[str, Any]:
    two = _some("two-roles", "Two reviewers in different roles", 2, from_level="high")
    return {
        **_common("Standard", ["*"]),
        "stages": [
            {
                "title": "Sign-off",
                "sign_offs": [_some("reviewer", "One reviewer", below_level="high"), two],
            }
        ],
        "automatic": {"max_level": "low", "max_changed_words": 20, "rolled_back_days": 7},
        "due_hours": 24,
        "after_review_hours": 72,
    }


def _common(title: str, names: list[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "title": title,
        "scope": {"labels": ["production"], "names": names},
        "staging": {"minutes": 0},
        "carry_over": ["NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY"],
    }


def _one(role: str) -> dict[str, Any]:
    return {"key": role, "title": f"{role.capitalize()} sign-off", "roles": [role], "quorum": 1}


def _some(key: str, title: str, quorum: int = 1, **bounds: Any) -> dict[str, Any]:
    some = {"key": key, "title": title, "roles": list(REVIEW_ROLES), "quorum": quorum}
    return {**some, "distinct_roles": quorum, **bounds}
