"""Mail to a person about their own account, roles and permissions.

These letters are news of what somebody did at a time: what has become of it since is on the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from approvals.mail.parts import Letter, NotOwed, moment, named
from approvals.mail.texts import one_line, page_link, prompt_link
from registry import permissions
from registry.models import Namespace, OutboxMail, Prompt, User

PERSON, PROMPT, NAMESPACE = "registry.user", "registry.prompt", "registry.namespace"
_WORDS = {code: word for word, code in permissions.WORDS.items()}


@dataclass(frozen=True)
class News:
    """Who did it and when, and where the letter leads."""

    mail: OutboxMail
    who: str
    when: str

    def letter(self, subject: str, *lead: str, link: str = "", words: str = "") -> Letter:
        """A letter with its link, which leads to the reviews where none is given."""
        return Letter(
            subject=one_line(subject, 180),
            lead=tuple(line for line in lead if line),
            link=link or page_link("approvals:reviews"),
            link_words=words or "Open your reviews",
        )


def news_of(mail: OutboxMail) -> News:
    """The frame of a letter; whoever did it is named as they are called now."""
    by = User.objects.filter(public_id=mail.data["by"]).first()
    return News(mail, named(by), moment(mail.created_at))


# -- the account ----------------------------------------------------------------------------


def _made(news: News) -> Letter:
    recipient = news.mail.recipient
    user_name = one_line(recipient.username)
    if recipient.has_usable_password():
        how = f"{news.who} tells you your first password; no mail holds it."
    else:
        how = "A governance owner sets your first password and tells it to you."
    return news.letter(
        f"{news.who} made you an account in Countersign",
        f"{news.who} made you an account on {news.when}. Your user name is {user_name}.",
        how,
        "You are in no role from the start. A mail like this one tells you when somebody adds you "
        "to one, or gives you a permission.",
        link=page_link("login"),
        words="Sign in",
    )


def _password(news: News) -> Letter:
    return news.letter(
        f"{news.who} set a first password for your account",
        f"{news.who} set a first password for your account on {news.when}, and tells it to you; "
        "no mail holds it.",
        "If you did not expect this, say so to a governance owner.",
        link=page_link("login"),
        words="Sign in",
    )


def _deactivated(news: News) -> Letter:
    if news.mail.recipient.is_active:
        raise NotOwed("no_longer_true")
    return news.letter(
        f"{news.who} deactivated your account",
        f"{news.who} deactivated your account on {news.when}. You can no longer sign in, and your "
        "roles and permissions do not count. What you did stays on record.",
        f"If this is a mistake, {news.who} or another governance owner can reactivate it.",
        link=page_link("login"),
        words="The sign-in page",
    )


def _reactivated(news: News) -> Letter:
    return news.letter(
        f"{news.who} reactivated your account",
        f"{news.who} reactivated your account on {news.when}. You can sign in again, and your "
        "roles and permissions count again.",
        link=page_link("login"),
        words="Sign in",
    )


def _details(news: News) -> Letter:
    return news.letter(
        f"{news.who} corrected your account",
        f"{news.who} changed the name or the time zone of your account on {news.when}.",
    )


def _address(news: News) -> Letter:
    return news.letter(
        f"{news.who} changed the e-mail address of your account",
        f"{news.who} changed the e-mail address of your account on {news.when}. This goes to the "
        "old address and to the new one.",
        "If you did not expect this, say so to another governance owner.",
    )


def _chosen(news: News) -> Letter:
    return news.letter(
        "Your password was changed",
        f"Your password was changed on {news.when}. All your other sessions have ended.",
        "If it was not you, say so to a governance owner at once.",
        link=page_link("login"),
        words="Sign in",
    )


def _handed(news: News) -> Letter:
    count = int(news.mail.data["prompts"])
    many = "a confidential prompt" if count == 1 else f"{count} confidential prompts"
    return news.letter(
        f"{news.who} handed over {many} to you",
        f"{news.who} deactivated an account on {news.when}, and nobody else could say who sees "
        f"{many}. You may now view and manage what it left.",
        link=page_link("approvals:prompts"),
        words="Open the prompts",
    )


_FLAGS = {
    ("is_staff", True): "You may enter the admin and look at it.",
    ("is_staff", False): "You may no longer enter the admin.",
    ("is_superuser", True): "You are a superuser, which grants nothing on prompts.",
    ("is_superuser", False): "You are no longer a superuser.",
}


def _flags(news: News) -> Letter:
    changed = [said for (name, on), said in _FLAGS.items() if news.mail.data.get(name) is on]
    return news.letter(
        f"{news.who} changed what you may enter",
        f"{news.who} changed your account on {news.when}.",
        *changed,
    )


# -- roles ----------------------------------------------------------------------------------


def _joined(news: News) -> Letter:
    role = one_line(news.mail.data["role"])
    return news.letter(
        f"{news.who} added you to the role {role}",
        f"{news.who} added you to the role {role} on {news.when}.",
        "What a role may do is set for each prompt.",
    )


def _left(news: News) -> Letter:
    role = one_line(news.mail.data["role"])
    return news.letter(
        f"{news.who} took you out of the role {role}",
        f"{news.who} took you out of the role {role} on {news.when}. What you signed off or "
        "released before stays on record.",
    )


# -- permissions ----------------------------------------------------------------------------


def _given(news: News) -> Letter:
    if news.mail.subject_type == NAMESPACE:
        link = page_link("approvals:new-prompt")
        return _of_namespace(news, "gave you", link, "Make a prompt")
    prompt = _prompt(news.mail)
    if prompt is None:
        raise NotOwed("not_visible")
    return _of_prompt(news, "gave you", prompt)


def _revoked(news: News) -> Letter:
    if news.mail.subject_type == NAMESPACE:
        link = page_link("approvals:prompts")
        return _of_namespace(news, "took from you", link, "Open the prompts")
    prompt = _prompt(news.mail)
    if prompt is None:
        # Most likely `view` itself was taken: the person hears of it, and not what it is called.
        return news.letter(
            f"{news.who} took a permission from you",
            f"On {news.when} {news.who} took from you {_permission(news.mail)} a confidential "
            "prompt that you do not see.",
        )
    return _of_prompt(news, "took from you", prompt)


def _of_prompt(news: News, verb: str, prompt: Prompt) -> Letter:
    what = f"{_permission(news.mail)} {one_line(prompt.name, 120)}"
    return news.letter(
        f"{news.who} {verb} {what}",
        f"On {news.when} {news.who} {verb} {what}.",
        link=prompt_link(prompt),
        words="Open the prompt",
    )


def _of_namespace(news: News, verb: str, link: str, words: str) -> Letter:
    namespace = Namespace.objects.filter(public_id=news.mail.subject_id).first()
    if namespace is None:
        raise NotOwed("unknown_subject")
    what = f"the permission to create prompts in {one_line(namespace.name, 120)}"
    return news.letter(
        f"{news.who} {verb} {what}",
        f"On {news.when} {news.who} {verb} {what}.",
        link=link,
        words=words,
    )


def _permission(mail: OutboxMail) -> str:
    return f"the permission to {_WORDS[mail.data['permission']]} on"


def _prompt(mail: OutboxMail) -> Prompt | None:
    """The prompt that a mail is about, if its recipient may know of it now."""
    visible = permissions.visible_prompts(mail.recipient)
    found: Prompt | None = visible.filter(public_id=mail.subject_id).first()
    return found


def _writer(say: Callable[[News], Letter], *about: str) -> Callable[[OutboxMail, datetime], Letter]:
    def write(mail: OutboxMail, now: datetime) -> Letter:
        if mail.subject_type not in (about or (PERSON,)):
            raise NotOwed("unknown_subject")
        return say(news_of(mail))

    return write


WRITERS = {
    "account_made": _writer(_made),
    "password_given": _writer(_password),
    "account_deactivated": _writer(_deactivated),
    "account_reactivated": _writer(_reactivated),
    "details_edited": _writer(_details),
    "email_changed": _writer(_address),
    "password_set": _writer(_chosen),
    "handed_over": _writer(_handed),
    "flags_set": _writer(_flags),
    "role_joined": _writer(_joined),
    "role_left": _writer(_left),
    "permission_given": _writer(_given, PROMPT, NAMESPACE),
    "permission_revoked": _writer(_revoked, PROMPT, NAMESPACE),
}
