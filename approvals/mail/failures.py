"""What the note of a mail's last try means, and what a person can do about it.

A note holds the class of an error and the server's code, or a code of NotOwed: never the server's
own words, which may quote the mail.
"""

from __future__ import annotations

_REACH = (
    "The mail server could not be reached. It is tried again; check that it runs, and EMAIL_URL."
)
_UNTRUE = "It was no longer true when its turn came, so it was not sent."
_GONE = "What it speaks of cannot be found, so it was not sent."

#: by the class of the error (`outbox.reason_of`), or by the code of NotOwed
_WORDS = {
    "ConnectionRefusedError": _REACH,
    "ConnectionResetError": _REACH,
    "OSError": _REACH,
    "SMTPConnectError": _REACH,
    "SMTPServerDisconnected": _REACH,
    "TimeoutError": _REACH,
    "gaierror": "The name of the mail server is not known. Check EMAIL_URL.",
    "SSLCertVerificationError": "The mail server's certificate is not trusted. Check EMAIL_URL.",
    "SSLError": "The mail server speaks TLS in another way. Check the tls= in EMAIL_URL.",
    "SMTPAuthenticationError": "The mail server refused the user name or password in EMAIL_URL.",
    "SMTPDataError": "The mail server refused the mail. Its own log says why; it is tried again.",
    "SMTPHeloError": "The mail server refused to talk to this host. Its own log says why.",
    "SMTPNotSupportedError": "The mail server lacks what is asked of it. Check EMAIL_URL.",
    "SMTPRecipientsRefused": (
        "The mail server refused the address. Correct it under People, then send the mail again."
    ),
    "SMTPSenderRefused": "The mail server refused the sender. Check EMAIL_FROM.",
    "address_changed": "The address was changed since, so it was not sent to the new one.",
    "address_erased": "The old address was erased, so it was not sent.",
    "decided": _UNTRUE,
    "no_longer_asked": _UNTRUE,
    "no_longer_true": _UNTRUE,
    "no_release": _UNTRUE,
    "no_vote": _UNTRUE,
    "not_visible": "The person may not see it any more, so it was not sent.",
    "recipient_closed": "The account is closed or has no address, so it was not sent.",
    "too_old": "It waited so long that it would be of no use, so it was not sent.",
    "unknown_kind": _GONE,
    "unknown_subject": _GONE,
}


def in_words(note: str) -> str:
    """A sentence for the note of a last try; empty for none."""
    if not note:
        return ""
    name, _, codes = note.partition(" ")
    said = _WORDS.get(name, "It could not be sent. It is tried again; the worker's log says more.")
    return f"{said} ({note})" if codes or name not in _WORDS else said
