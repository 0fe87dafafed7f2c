"""Mail about tokens, to whoever made them and to the governance owners.

No letter holds a secret, nor which prompts a token may touch: one of them may be confidential.
"""

from __future__ import annotations

from datetime import datetime

from approvals.mail.about_people import PERSON, news_of
from approvals.mail.parts import Letter, NotOwed, moment
from approvals.mail.texts import one_line, page_link, quoted
from registry.models import OutboxMail, ServiceToken, User


def _token(mail: OutboxMail) -> ServiceToken:
    rows = ServiceToken.objects.select_related("account")
    token = rows.filter(public_id=mail.subject_id).first()
    if mail.subject_type != "registry.token" or token is None:
        raise NotOwed("unknown_subject")
    return token


def _name(token: ServiceToken) -> str:
    return one_line(quoted(token.name), 80)


def _account(account: User) -> str:
    return f"the service account {one_line(account.username, 80)}"


def _link(mail: OutboxMail, page: str, pk: int) -> dict[str, str]:
    """The page in the admin, for who may enter that."""
    if not mail.recipient.is_staff:
        return {}
    return {"link": page_link(f"admin:registry_{page}_change", pk), "words": "Open it in the admin"}


def _ends(token: ServiceToken) -> str:
    return f"ends on {moment(token.expires_at)}" if token.expires_at else "does not end by itself"


def _made(mail: OutboxMail, now: datetime) -> Letter:
    token, news = _token(mail), news_of(mail)
    labels = one_line(", ".join(token.labels), 120)
    return news.letter(
        f"{news.who} made a token: {_name(token)}",
        f"{news.who} made the token {_name(token)} on {news.when}. It acts as "
        f"{_account(token.account)}.",
        f"Scopes: {', '.join(token.scopes)}. Labels: {'all' if labels == '*' else labels}. "
        f"It {_ends(token)}.",
        "A governance owner can revoke it at any time.",
        **_link(mail, "servicetoken", token.pk),
    )


def _revoked(mail: OutboxMail, now: datetime) -> Letter:
    token, news = _token(mail), news_of(mail)
    return news.letter(
        f"{news.who} revoked a token: {_name(token)}",
        f"{news.who} revoked the token {_name(token)} of {_account(token.account)} on "
        f"{news.when}. Whatever uses it is refused since then.",
        **_link(mail, "servicetoken", token.pk),
    )


def _ended(mail: OutboxMail, now: datetime) -> Letter:
    account = User.objects.filter(public_id=mail.subject_id).first()
    if mail.subject_type != PERSON or account is None:
        raise NotOwed("unknown_subject")
    news = news_of(mail)
    return news.letter(
        f"{news.who} deactivated {_account(account)}",
        f"{news.who} deactivated {_account(account)} on {news.when}. "
        f"{_count(mail.data['tokens'])} revoked for good; whatever uses it is refused since then.",
        **_link(mail, "user", account.pk),
    )


def _count(tokens: int) -> str:
    return "Its token was" if tokens == 1 else f"Its {tokens} tokens were"


WRITERS = {"token_made": _made, "token_revoked": _revoked, "tokens_ended": _ended}
