"""A task for the worker of the stories: having done it, it has done all that was sent before."""

from pathlib import Path

from celery import shared_task

NAME = "tests.rest"


@shared_task(name=NAME)
def rest(mark: str) -> None:
    """Leave a file at `mark`."""
    Path(mark).touch()
