"""Matching two sequences: right, complete, the same everywhere, and bounded."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.matching import Budget, Run, pairs, runs

ITEMS = st.lists(st.sampled_from(["a", "b", "c", "long item", ""]))


def test_runs__of_one_changed_item__keeps_the_others() -> None:
    assert runs(["a", "b", "c"], ["a", "x", "c"]) == [
        Run("same", 1),
        Run("del", 1),
        Run("add", 1),
        Run("same", 1),
    ]


@given(ITEMS, ITEMS)
def test_runs__of_any_two_sequences__account_for_every_item(old: list[str], new: list[str]) -> None:
    left: list[str] = []
    right: list[str] = []
    for kind, length in runs(old, new):
        if kind != "add":
            left += old[len(left) : len(left) + length]
        if kind != "del":
            right += new[len(right) : len(right) + length]
        if kind == "same":
            assert left[-length:] == right[-length:]
    assert (left, right) == (old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["a", "b"] * 250_000, ["b", "a"] * 250_000),
        (["a"] * 500_000, ["b"] * 500_000),
        ([str(n) for n in range(150_000)], [str(n) for n in range(150_000, 0, -1)]),
        (["a", "b", "a", "c"] * 100_000, ["c", "a", "b", "b"] * 100_000),
    ],
    ids=["swapped", "foreign", "reversed", "repeating"],
)
def test_runs__of_hostile_sequences__end_soon(old: list[str], new: list[str]) -> None:
    started = time.process_time()
    runs(old, new)
    assert time.process_time() - started < 6


def test_pairs__of_a_replaced_item__pairs_it_with_its_successor() -> None:
    assert pairs(["a", "b", "c"], ["a", "x", "c"]) == [(0, 0), (1, 1), (2, 2)]


def test_pairs__of_an_inserted_item__leaves_it_alone() -> None:
    assert pairs(["a", "c"], ["a", "b", "c"]) == [(0, 0), (1, 2)]


def test_runs__of_more_items_than_there_are_characters__count_as_changed() -> None:
    old = [str(n) for n in range(1_200_000)]
    assert runs(old, ["x"]) == [Run("del", 1_200_000), Run("add", 1)]


def test_runs__on_a_machine_nineteen_times_slower__find_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = [str(n % 7) for n in range(1200)]
    new = [str(n % 5) for n in range(1200)]
    found = runs(old, new, Budget(500_000))
    usual = time.thread_time
    monkeypatch.setattr(time, "thread_time", lambda: usual() * 19)
    assert runs(old, new, Budget(500_000)) == found
    assert len(found) > 100


def test_runs__on_a_budget_that_others_used_up__match_only_what_needs_no_search() -> None:
    budget = Budget(0)
    assert runs(["a", "b", "c"], ["a", "x", "c"], budget)[0] == Run("same", 1)
    assert runs(["a", "b"] * 9, ["b", "x", "a"] * 9, budget) == [Run("del", 18), Run("add", 27)]
