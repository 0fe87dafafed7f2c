"""create_prompt: a new prompt, once for each key; the registry makes it."""

from __future__ import annotations

from approvals.services import _common as common
from audit.ledger import Recording, recording
from registry.actors import Actor
from registry.models import Prompt
from registry.services import prompts


def create_prompt(
    name: str,
    *,
    actor: Actor,
    type: str = Prompt.Type.TEXT,
    data_class: str = Prompt.DataClass.INTERNAL,
    description: str = "",
    tags: tuple[str, ...] = (),
    confidential: bool = False,
    key: str = "",
    log: Recording | None = None,
) -> Prompt:
    """Make a prompt that belongs to whoever makes it, which is a signed-in person.

    `log` is the open recording of a verb that makes a prompt as a part of its work.
    Raises PersonNeeded for a token, and what the registry's own `create_prompt` raises.
    """
    with recording(actor=actor.ref, within=log) as log:
        subject = common.about("prompt", name, type, data_class, description, tags, confidential)
        done = common.repeated(actor, key, "create_prompt", subject)
        if done is not None:
            return Prompt.objects.get(pk=done)
        prompt = prompts.create_prompt(
            name,
            actor=common.person(actor),
            type=type,
            data_class=data_class,
            description=description,
            tags=tags,
            confidential=confidential,
            log=log,
        )
        common.remember(actor, key, "create_prompt", subject, str(prompt.pk), log.at)
        return prompt
