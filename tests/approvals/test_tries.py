"""Wrong passwords are counted over all processes."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.utils import timezone

from approvals import tries
from approvals.errors import TooManyTries
from registry.models import TriesRow, User
from tests.processes import PYTHON, ROOT, run_environ

EACH = 4
TRIER = """
import sys
import django
django.setup()
from approvals.errors import TooManyTries
from approvals import tries
from registry.models import User
ada = User.objects.get(username="ada")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[1])):
    try:
        tries.take(ada, "password")
    except TooManyTries:
        print("refused")
    else:
        print("taken")
"""


@pytest.fixture(autouse=True)
def _no_tries(db: None) -> None:
    caches["tries"].clear()


def taken(person: User, times: int) -> int:
    """How many of so many tries are let through here."""
    done = 0
    for _ in range(times):
        try:
            tries.take(person, "password")
        except TooManyTries:
            continue
        done += 1
    return done


@pytest.mark.django_db(transaction=True)
def test_take__two_processes_at_once__are_five_tries_together(author: User) -> None:
    environ = run_environ(DJANGO_SETTINGS_MODULE="config.settings")
    running = [
        subprocess.Popen(
            [PYTHON, "-c", TRIER, str(EACH)],
            cwd=ROOT,
            env=environ,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said: list[str] = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        said += process.communicate(timeout=120)[0].split()
    assert sorted(said) == ["refused"] * (2 * EACH - tries.TRIES) + ["taken"] * tries.TRIES
    assert taken(author, 1) == 0


def test_take__another_person__has_tries_of_their_own(author: User, outsider: User) -> None:
    assert taken(author, tries.TRIES + 1) == tries.TRIES
    assert taken(outsider, 1) == 1


def test_forget__after_the_right_password__frees_all_of_them(author: User) -> None:
    taken(author, tries.TRIES)
    tries.forget(author)
    assert taken(author, tries.TRIES) == tries.TRIES


def test_take__a_while_later__may_try_again_in_the_same_rows(author: User) -> None:
    taken(author, tries.TRIES)
    later = timezone.now() + timedelta(seconds=tries.WITHIN_SECONDS + 1)
    with time_machine.travel(later):
        assert taken(author, tries.TRIES + 1) == tries.TRIES
    assert TriesRow.objects.count() == tries.TRIES
