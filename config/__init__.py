"""Settings, addresses and processes: everything that wires the floors below together."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
