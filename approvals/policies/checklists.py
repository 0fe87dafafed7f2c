"""The four ready checklists: what an approval in a role answers, question by question.

A policy holds a copy, so that what was asked stays with the version of the policy that asked it.
A No needs a comment; it does not block by itself, for the approver answers for it.
"""

from __future__ import annotations

from typing import Any

_READY: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "accuracy": (
        "support",
        "Accuracy",
        (
            ("true", "Is everything that it states or promises true today?"),
            ("unknown", "Does it say what to do where the answer is not known?"),
            ("figures", "Are amounts, dates and deadlines right, or left to a person?"),
            ("cases", "Does it still fit the cases that people ask about most?"),
        ),
    ),
    "safety": (
        "safety",
        "Safety and policy",
        (
            ("harm", "Are requests that could harm somebody handed to a person or refused?"),
            ("data", "Does it use and repeat only the personal data that its task needs?"),
            ("orders", "Does it hold where a user's text tells it to do something else?"),
            ("promises", "Does it stay within what we may offer, advise and promise?"),
            ("findings", "Did you look at every finding of the scan?"),
        ),
    ),
    "brand": (
        "brand",
        "Brand and tone",
        (
            ("tone", "Does it sound like us, in an easy and in a hard conversation?"),
            ("words", "Are names of products and people written as we write them?"),
            ("everybody", "Does it speak to everybody who reads it with the same respect?"),
        ),
    ),
    "downstream": (
        "engineering",
        "Downstream behaviour",
        (
            ("variables", "Do all callers send the variables that it uses?"),
            ("format", "Is the form of the answer still what callers parse?"),
            ("tried", "Was it tried with real input before production?"),
            ("limits", "Are length, cost and time of an answer still within their limits?"),
            ("back", "Would rolling back be safe an hour after the release?"),
        ),
    ),
}


def ready_checklist(key: str) -> dict[str, Any]:
    """One ready checklist as a policy holds it; KeyError for another key."""
    role, title, questions = _READY[key]
    asked = [{"key": short, "text": text} for short, text in questions]
    return {"role": role, "title": title, "questions": asked}


def ready_checklists() -> list[dict[str, Any]]:
    """All four, each for its role."""
    return [ready_checklist(key) for key in _READY]
