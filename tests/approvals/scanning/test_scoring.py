"""The score: adds up, never falls when a finding is added, and only a critical one is critical."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.scanning import CATEGORIES, RULES, SEVERITIES, level_of, score


@dataclass(frozen=True)
class Found:
    """As much of a finding as the score looks at."""

    category: str
    severity: str
    rule: str = "any"
    path: str = "template"
    start: int = 0
    end: int = 1


FOUND = st.builds(Found, st.sampled_from(CATEGORIES), st.sampled_from(SEVERITIES))
MILD = st.builds(Found, st.sampled_from(CATEGORIES), st.sampled_from(SEVERITIES[:3]))


@given(st.lists(FOUND), FOUND)
def test_score__of_one_finding_more__is_never_lower(found: list[Found], more: Found) -> None:
    assert score([*found, more])[0] >= score(found)[0]


@given(st.lists(FOUND))
def test_score__of_any_findings__is_what_its_breakdown_adds_up_to(found: list[Found]) -> None:
    points, level, breakdown = score(found)
    assert sum(line.points for line in breakdown) == points
    assert 0 <= points <= 100
    assert level == level_of(points)


@given(st.lists(FOUND), st.randoms())
def test_score__of_findings_in_another_order__is_the_same(
    found: list[Found], order: object
) -> None:
    assert score(found) == score(list(reversed(found)))


@given(st.lists(MILD, min_size=20))
def test_score__without_a_critical_finding__stays_below_critical(found: list[Found]) -> None:
    points, level, _ = score(found)
    assert points <= 79
    assert level != "critical"


@pytest.mark.parametrize(
    ("severity", "level"),
    [("low", "low"), ("moderate", "moderate"), ("high", "high"), ("critical", "critical")],
)
def test_score__of_one_finding__has_the_level_of_its_severity(severity: str, level: str) -> None:
    assert score([Found("secrets", severity)])[1] == level


def test_score__of_nothing__is_zero_and_low() -> None:
    assert score([]) == (0, "low", ())


def test_score__over_its_limit__says_so_in_the_breakdown() -> None:
    found = [Found("pii", "high"), Found("injection", "high"), Found("injection", "low")]
    points, _, breakdown = score(found)
    assert points == 79
    assert [(line.label, line.points) for line in breakdown] == [
        ("Personal data: most severe finding is high", 50),
        ("Injection phrases: most severe finding is high", 50),
        ("Injection phrases: 1 more finding", 2),
        ("Limit of 79 points", -23),
    ]


@pytest.mark.parametrize(
    ("points", "level"),
    [(0, "low"), (24, "low"), (25, "moderate"), (49, "moderate"), (50, "high"), (79, "high"),
     (80, "critical"), (100, "critical")],
)  # fmt: skip
def test_level_of__points__follows_the_documented_bounds(points: int, level: str) -> None:
    assert level_of(points) == level


def test_rules__that_are_critical__belong_to_secrets_alone() -> None:
    assert {rule.category for rule in RULES.values() if rule.severity == "critical"} == {"secrets"}
