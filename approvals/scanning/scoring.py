"""From findings to a score: whole points 0 to 100, a level, and a breakdown that adds up.

In each category the most severe finding counts in full (low 8, moderate 25, high 50, critical 80)
and every further one adds 2, at most 10 together; the categories are added up. Only a critical
finding reaches the critical level: without one the sum stops at 79, with one at 100. To add a
finding therefore never lowers the score. Confidence does not weigh in: a rule that is unsure has
a lower severity instead.
"""

from collections.abc import Sequence

from approvals.scanning.findings import CATEGORIES, SEVERITIES, Found, Points

WEIGHTS = {"low": 8, "moderate": 25, "high": 50, "critical": 80}
FURTHER, MOST_FURTHER = 2, 10
LEVELS = ((80, "critical"), (50, "high"), (25, "moderate"), (0, "low"))
MOST, MOST_WITHOUT_CRITICAL = 100, 79

_NAMES = {
    "pii": "Personal data",
    "secrets": "Secrets",
    "toxicity": "Offensive language",
    "injection": "Injection phrases",
    "template": "Unsafe template",
}


def score(findings: Sequence[Found]) -> tuple[int, str, tuple[Points, ...]]:
    """Return the score, its level, and the breakdown whose points add up to the score."""
    lines: list[Points] = []
    for category in CATEGORIES:
        severities = [f.severity for f in findings if f.category == category]
        if severities:
            lines.extend(_points(_NAMES[category], severities))
    total = sum(line.points for line in lines)
    critical = any(f.severity == "critical" for f in findings)
    most = MOST if critical else MOST_WITHOUT_CRITICAL
    if total > most:
        lines.append(Points(f"Limit of {most} points", most - total))
        total = most
    return total, level_of(total), tuple(lines)


def level_of(points: int) -> str:
    """Return the level of a score: low below 25, moderate below 50, high below 80, or critical."""
    return next(level for least, level in LEVELS if points >= least)


def _points(name: str, severities: Sequence[str]) -> list[Points]:
    worst = max(severities, key=SEVERITIES.index)
    lines = [Points(f"{name}: most severe finding is {worst}", WEIGHTS[worst])]
    further = len(severities) - 1
    if further:
        plural = "finding" if further == 1 else "findings"
        lines.append(
            Points(f"{name}: {further} more {plural}", min(FURTHER * further, MOST_FURTHER))
        )
    return lines
