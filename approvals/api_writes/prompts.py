"""Make a prompt, and propose a change of one."""

from django.http import HttpResponse
from ninja import Router

from approvals import services
from approvals.api_writes.doors import CalledBy, PersonRequest, only_people, session
from approvals.api_writes.parts import (
    CONTENT,
    PERSON,
    REQUEST_EXAMPLE,
    Key,
    described,
    document_of,
    provenance_of,
    told,
)
from approvals.api_writes.schemas import CreateIn, PromptMade, ProposeIn, RequestOut
from approvals.errors import NotProtected
from approvals.forms import free_text
from approvals.reach import label_for, prompt_for
from approvals.stale import with_diff_to
from registry import serving
from registry.api import router as reading
from registry.api.answers import answer
from registry.api.problems import refuse_unknown
from registry.api.reads import Name
from registry.api.tokens import BearerToken
from registry.documents import load
from registry.errors import Archived, InvalidName, NameTaken, UnknownLabel, WrongState

router = Router(tags=["prompts"])
proposer = BearerToken("propose", serving.NOT_HERE)


# The list of prompts has this address too, and an address has one router.
@reading.post(
    "/prompts",
    auth=only_people,
    response={201: PromptMade},
    operation_id="create_prompt",
    summary="Make a prompt",
    openapi_extra=described(
        {
            "name": "support/refunds",
            "type": "text",
            "data_class": "internal",
            "confidential": False,
        },
        PERSON,
        {
            InvalidName: "The name has an empty part. Remove the extra slash.",
            NameTaken: "There is a prompt named “support/refunds” already. Choose another name.",
        },
        status=201,
        without=(WrongState,),
    ),
)
def create_prompt(request: PersonRequest, body: CreateIn, key: Key = None) -> HttpResponse:
    """Make an empty prompt that belongs to you, with the grants of its namespace."""
    refuse_unknown(request)
    prompt = services.create_prompt(
        body.name,
        actor=request.auth,
        type=body.type,
        data_class=body.data_class,
        description=free_text(body.description, "description"),
        tags=tuple(body.tags),
        confidential=body.confidential,
        key=key or "",
    )
    made = {"name": prompt.name, "type": prompt.type, "data_class": prompt.data_class}
    return answer(request, {**made, "confidential": prompt.confidential}, 201)


@router.post(
    "/prompts/{path:name}/-/requests",
    auth=[proposer, session],
    response={201: RequestOut},
    operation_id="propose",
    summary="Propose a change",
    openapi_extra=described(
        REQUEST_EXAMPLE,
        CONTENT,
        {
            Archived: "This prompt is archived; somebody who manages it can bring it back.",
            UnknownLabel: "There is no label “prod”. Check how it is written.",
            NotProtected: "staging is not protected: place the version there by hand.",
        },
        status=201,
        without=(WrongState,),
    ),
)
def propose(request: CalledBy, name: Name, body: ProposeIn, key: Key = None) -> HttpResponse:
    """Write a draft; only those who wrote it see it until it is submitted."""
    refuse_unknown(request)
    label, prompt = label_for(request.auth, body.label), prompt_for(request.auth, name)
    document = document_of(prompt, body.content)
    with with_diff_to(request.auth, prompt, label, body=load(document.text)):
        made = services.propose(
            prompt,
            label=label,
            document=document,
            rationale=free_text(body.rationale, "rationale"),
            actor=request.auth,
            expected_generation=body.expected_generation,
            provenance=provenance_of(body.provenance),
            key=key or "",
        )
    return answer(request, told(made), 201)
