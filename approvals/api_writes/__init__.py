"""The part of the API that changes something: the verbs of the pages, with their codes."""

from approvals.api_writes import labels, prompts, requests, threads, timing, votes

routers = (
    prompts.router,
    requests.router,
    labels.router,
    threads.router,
    timing.router,
    votes.router,
)

__all__ = ["routers"]
