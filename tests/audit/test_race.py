"""Many writers at once: one chain, no fork, no event lost."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection, connections

from audit.models import AuditEvent, AuditHead
from audit.verify import verify
from tests.audit.samples import append

WRITERS = 8
EACH = 12

PROCESSES = 4
WRITER = """
import sys
import django
from django.conf import settings

settings.DATABASES["default"] |= {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": sys.argv[1],
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
}
django.setup()

from tests.audit.samples import append

append(int(sys.argv[2]))
"""


@pytest.mark.django_db(transaction=True)
def test_append__eight_threads__make_one_chain() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads of one process take turns on SQLite; its test starts processes")
    together = Barrier(WRITERS)

    def write() -> int:
        try:
            together.wait(timeout=20)
            return sum(len(append()) for _ in range(EACH))
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        written = [future.result() for future in [pool.submit(write) for _ in range(WRITERS)]]

    assert sum(written) == WRITERS * EACH
    assert AuditEvent.objects.count() == AuditHead.objects.get().size == WRITERS * EACH
    assert verify().problems == []


@pytest.mark.django_db(transaction=True)
def test_append__eight_threads__wait_for_the_head_before_they_read_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole database when a recording opens")
    append()
    seen: list[str] = []
    with connection.execute_wrapper(_StatementsOfHead(seen)):
        append()
    assert [statement for statement in seen if "FOR UPDATE" in statement] == seen[:1]


def test_append__four_processes_on_sqlite__make_one_chain(
    file_ledger: Path, file_alias: str
) -> None:
    connections[file_alias].close()
    command = [sys.executable, "-c", WRITER, str(file_ledger), str(EACH)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(PROCESSES)
    ]
    errors = [process.communicate(timeout=120)[1].decode() for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, errors
    assert AuditHead.objects.using(file_alias).get().size == PROCESSES * EACH
    assert verify(file_alias).problems == []


class _StatementsOfHead:
    """Notes each statement about the head row, in the order in which they run."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's hook
        if "audit_audithead" in sql:
            self.seen.append(sql)
        return execute(sql, params, many, context)
