"""Who may read the text of a version: the machine looks first, then people.

Until its risk scan has finished, and after a scan that found something critical, only those who
wrote a text read it. What was released or tried somewhere is readable where it was served.
"""

from __future__ import annotations

from collections.abc import Iterable

from approvals.models import Contributor, RiskScan
from registry.models import Release, User, Version

UNSCANNED = "Its risk scan has not finished. Until then only those who wrote it see the text."
CRITICAL = "Its risk scan found something critical, so only those who wrote it see the text."
_SCANNED = ("content_digest", "template_format", "level")


def why_hidden(version: Version, account: User) -> str:
    """Empty when this person may read the text, else the sentence that says why not.

    Asks about the text only: that the prompt and the change may be known is asked before.
    """
    return why_hidden_many([version], account)[version.pk]


def why_hidden_many(versions: Iterable[Version], account: User) -> dict[int, str]:
    """The same of many versions by primary key, in at most three queries."""
    by_pk = {version.pk: version for version in versions}
    left = {pk: version for pk, version in by_pk.items() if version.author_id != account.pk}
    left = _without(left, _contributed(left, account))
    levels = _levels(left)
    told = {pk: levels.get(_key(version), "") for pk, version in left.items()}
    hidden = {pk: left[pk] for pk, level in told.items() if level in ("", "critical")}
    hidden = _without(hidden, _served(hidden))
    words = {pk: CRITICAL if told[pk] else UNSCANNED for pk in hidden}
    return {pk: words.get(pk, "") for pk in by_pk}


def _without(versions: dict[int, Version], gone: set[int]) -> dict[int, Version]:
    return {pk: version for pk, version in versions.items() if pk not in gone}


def _contributed(versions: dict[int, Version], account: User) -> set[int]:
    if not versions:
        return set()
    rows = Contributor.objects.filter(account=account, request__revisions__version__in=versions)
    return {*rows.values_list("request__revisions__version", flat=True)}


def _key(version: Version) -> tuple[str, str]:
    return version.content_digest, version.template_format


def _levels(versions: dict[int, Version]) -> dict[tuple[str, str], str]:
    """The level that the newest scan of each content found."""
    if not versions:
        return {}
    rows = RiskScan.objects.filter(content_digest__in={v.content_digest for v in versions.values()})
    found = rows.order_by("finished_at", "pk")
    return {(d, f): level for d, f, level in found.values_list(*_SCANNED)}


def _served(versions: dict[int, Version]) -> set[int]:
    if not versions:
        return set()
    return {*Release.objects.filter(version__in=versions).values_list("version", flat=True)}
