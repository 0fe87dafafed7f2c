"""`replay_histories` in a database that is there already, on both sets of servers."""

from __future__ import annotations

from pathlib import Path

from registry.models import Release
from tests.config.replays import history, replayed, written
from tests.processes import run_environ

LEAK = "Use the key AKIA" + "IOSFODNN7RTZQ4KD for now.\n"


def test_replay__most_texts_refused_in_a_given_database__ends_with_1_and_serves_the_rest(
    tmp_path: Path, transactional_db: None
) -> None:
    file = written(
        tmp_path, history("leaky.md", "Greet everybody.\n", LEAK, repo="given/db"), name="own.jsonl"
    )

    ran = replayed(file, tmp_path, run_environ(VAR_DIR=str(tmp_path)))

    assert ran.code == 1
    assert "refused: over 2 % of 2 versions" in ran.told
    assert "served over HTTP, byte for byte: 1 of 1 prompts" in ran.told
    assert Release.objects.filter(prompt__name="given/db/leaky", kind="release").count() == 1
