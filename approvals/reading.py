"""Who may read the text of a version: the machine looks first, then people.

Until its risk scan has finished, and after a scan that found something critical, only those who
wrote a text read it. What was released or tried somewhere is readable where it was served.
"""

from __future__ import annotations

from approvals.models import Contributor, RiskScan
from registry.models import Release, User, Version

UNSCANNED = "Its risk scan has not finished. Until then only those who wrote it see the text."
CRITICAL = "Its risk scan found something critical, so only those who wrote it see the text."


def why_hidden(version: Version, account: User) -> str:
    """Empty when this person may read the text, else the sentence that says why not.

    Asks about the text only: that the prompt and the change may be known is asked before.
    """
    if version.author_id == account.pk or _contributed(version, account):
        return ""
    scan = (
        RiskScan.objects.filter(
            content_digest=version.content_digest, template_format=version.template_format
        )
        .order_by("-finished_at", "-pk")
        .first()
    )
    if (scan is not None and scan.level != "critical") or _was_served(version):
        return ""
    return UNSCANNED if scan is None else CRITICAL


def _contributed(version: Version, account: User) -> bool:
    rows = Contributor.objects.filter(account=account, request__revisions__version=version)
    return rows.exists()


def _was_served(version: Version) -> bool:
    return Release.objects.filter(version=version).exists()
