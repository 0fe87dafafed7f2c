"""What a caller of the API reaches: a person what the pages show, a token what its globs cover."""

from __future__ import annotations

from typing import TypeAlias

from approvals import previews, reads
from approvals.models import ApprovalRequest
from registry import serving
from registry.errors import NotFound
from registry.models import Label, Prompt, ServiceToken, User
from registry.scopes import covers_label, covers_name

Caller: TypeAlias = ServiceToken | User


def account_of(caller: Caller) -> User:
    """Return the account as which a caller reads and acts."""
    return caller.account if isinstance(caller, ServiceToken) else caller


def prompt_for(caller: Caller, name: str) -> Prompt:
    """Return the prompt of this name, in any case; NotFound beyond the caller's reach."""
    if isinstance(caller, ServiceToken):
        return serving.prompt_for(caller, name)
    prompt = reads.prompt_named(name, caller)
    if prompt is None:
        raise NotFound("There is no such prompt.")
    return prompt


def label_for(caller: Caller, name: str) -> Label:
    """Return a label; NotFound beyond a token's reach, UnknownLabel for none of this name."""
    if isinstance(caller, ServiceToken):
        serving.check_label(caller, name)
    label = Label.objects.filter(name=name).first()
    if label is None:
        raise serving.unknown_label(name)
    return label


def request_for(caller: Caller, pk: int) -> ApprovalRequest:
    """Return a request in any state, drafts of the caller's own included; NotFound beyond reach."""
    token = caller if isinstance(caller, ServiceToken) else None
    request = reads.requests_for(account_of(caller)).filter(pk=pk).first()
    if request is not None and request.prompt is not None and request.label is not None:
        if token is None:
            return request
        if covers_name(token, request.prompt.name) and covers_label(token, request.label.name):
            return request
    raise NotFound(previews.NOT_HERE if token else "There is no such request.")


def shown_request(caller: Caller, pk: int) -> ApprovalRequest:
    """Return a request to read about: to a person any that has a page, to a token an open one.

    NotFound beyond reach; WrongState for a token and one that is closed.
    """
    if isinstance(caller, ServiceToken):
        return previews.request_for(caller, pk)
    return request_for(caller, pk)
