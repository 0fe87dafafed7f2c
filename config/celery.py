"""The Celery app: which processes may start and where the file queue lies."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init
from django.core.exceptions import ImproperlyConfigured

from config import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def make_queue_folders(sender: Celery, **_: Any) -> None:
    """Make the folders of the file queue, which the transport expects to find."""
    options = sender.conf.broker_transport_options
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True)


@celeryd_init.connect
@beat_init.connect
def refuse_without_secret_key(**_: Any) -> None:
    """Stop a worker or scheduler that has no key: it signs links that the web must accept."""
    try:
        env.require_secret_key()
    except ImproperlyConfigured as error:
        # Celery logs any Exception of a signal handler and goes on; this one ends the process.
        raise SystemExit(str(error)) from error
