"""What a person does to a label that serves a prompt: roll back, suspend, resume."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from approvals import reads, services
from approvals.api_writes.doors import PersonRequest, only_people
from approvals.api_writes.parts import GONE, PERSON, Key, LabelName, described
from approvals.api_writes.schemas import MovedOut, RollbackIn, SwitchIn
from approvals.errors import CommentNeeded, NeverLive
from approvals.forms import free_text
from approvals.reach import label_for, prompt_for
from approvals.stale import with_diff_to
from registry import serving
from registry.api.answers import answer
from registry.api.problems import refuse_unknown
from registry.api.reads import EXAMPLE, Name
from registry.errors import Refusal, UnknownLabel, WrongState
from registry.models import Prompt, Release, User, Version

router = Router(tags=["labels"])

_NO_LABEL: dict[type[Refusal], str] = {
    UnknownLabel: "There is no label “prod”. Check how it is written."
}
_SWITCH = {
    CommentNeeded: "Say in a sentence why.",
    WrongState: "production is suspended already for this prompt.",
}


def _example(kind: str) -> dict[str, Any]:
    return {
        "prompt": "support/refunds",
        "label": "production",
        "version": 4,
        "content_digest": EXAMPLE["content_digest"],
        "generation": 9,
        "suspended": kind == "suspend",
        "release": {**EXAMPLE["release"], "kind": kind, "generation": 9},
    }


@router.post(
    "/prompts/{path:name}/-/labels/{label}/rollback",
    auth=only_people,
    response={200: MovedOut},
    operation_id="rollback",
    summary="Roll back",
    openapi_extra=described(
        _example("rollback"),
        PERSON,
        GONE,
        _NO_LABEL,
        {
            NeverLive: "No other version was live on this label and may be again.",
            serving.UnknownVersion: "There is no version 9 of this prompt.",
        },
        without=(WrongState,),
    ),
)
def rollback(
    request: PersonRequest, name: Name, label: LabelName, body: RollbackIn, key: Key = None
) -> HttpResponse:
    """Serve again what was live here before; it is looked at afterwards, and held until then."""
    refuse_unknown(request)
    person = request.auth
    prompt, target = prompt_for(person, name), label_for(person, label)
    to = _version(prompt, person, body.to)
    shown = to or services.rollback_target(prompt, target)
    with with_diff_to(person, prompt, target, to=shown):
        row = services.rollback(
            prompt,
            target,
            actor=person,
            reason=free_text(body.reason, "reason"),
            to=to,
            expected_generation=body.expected_generation,
            key=key or "",
        )
    return answer(request, _told(row))


@router.post(
    "/prompts/{path:name}/-/labels/{label}/suspend",
    auth=only_people,
    response={200: MovedOut},
    operation_id="suspend",
    summary="Stop serving",
    openapi_extra=described(_example("suspend"), PERSON, GONE, _NO_LABEL, _SWITCH),
)
def suspend(
    request: PersonRequest, name: Name, label: LabelName, body: SwitchIn, key: Key = None
) -> HttpResponse:
    """Have a label serve nothing for this prompt; readers get 404 with the reason."""
    return _switch(request, services.suspend, name, label, body, key)


@router.post(
    "/prompts/{path:name}/-/labels/{label}/resume",
    auth=only_people,
    response={200: MovedOut},
    operation_id="resume",
    summary="Serve again",
    openapi_extra=described(_example("resume"), PERSON, GONE, _NO_LABEL, _SWITCH),
)
def resume(
    request: PersonRequest, name: Name, label: LabelName, body: SwitchIn, key: Key = None
) -> HttpResponse:
    """Serve again what was suspended."""
    return _switch(request, services.resume, name, label, body, key)


def _switch(
    request: PersonRequest, verb: Any, name: str, label: str, body: SwitchIn, key: str | None
) -> HttpResponse:
    refuse_unknown(request)
    prompt = prompt_for(request.auth, name)
    row = verb(
        prompt,
        label_for(request.auth, label),
        actor=request.auth,
        reason=free_text(body.reason, "reason"),
        expected_generation=body.expected_generation,
        key=key or "",
    )
    return answer(request, _told(row))


def _version(prompt: Prompt, person: User, number: int | None) -> Version | None:
    if number is None:
        return None
    found = reads.versions_of(prompt, person).filter(number=number).first()
    if found is None:
        raise serving.UnknownVersion(f"There is no version {number} of this prompt.")
    return found


def _told(row: Release) -> dict[str, Any]:
    return {
        "prompt": row.prompt.name,
        "label": row.label.name,
        "version": row.version.number,
        "content_digest": row.version.content_digest,
        "generation": row.generation,
        "suspended": row.kind == Release.Kind.SUSPEND,
        "release": serving.release_body(row),
    }
