"""Sending work to Celery: after the commit, by task name and primary key, never raising.

The row is the truth: when the broker is down the message is dropped here with a log line,
and the sweep finds the row later.
"""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

SCAN = "approvals.scan"
ROUTE = "approvals.route"
REASSESS = "approvals.reassess"
RELEASE = "approvals.release"
EXPIRE = "approvals.expire"
MAIL = "approvals.mail"


def later(task: str, *ids: int) -> None:
    """Send `task` with `ids` once the open transaction has committed."""
    transaction.on_commit(partial(send, task, *ids), robust=True)


def send(task: str, *ids: int) -> bool:
    """Send now; False (and a log line) when the broker did not take it within a second."""
    try:
        current_app.send_task(task, args=list(ids), retry=False)
    except Exception:  # any broker error at all must not undo what was committed
        log.warning("the queue did not take %s%s; the sweep will", task, ids, exc_info=True)
        return False
    return True
