"""Refusals: every "no" of the product has a stable code, a title and a sentence to act on."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """A verb said no: `code` never changes, `sentence` says what to do, `status` is for HTTP."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    status: ClassVar[int] = 409

    def __init__(self, sentence: str, *, requirements: tuple[Any, ...] = (), **extra: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.requirements = requirements
        self.extra = extra


# -- who ------------------------------------------------------------------------------------


class NotAllowed(Refusal):
    code = "not_allowed"
    title = "Not allowed"
    status = 403


class OwnGrant(NotAllowed):
    code = "own_grant"
    title = "Nobody grants themselves"


class AddressByYou(NotAllowed):
    """Who changed an address sends no password link to it."""

    code = "address_by_you"
    title = "A second person has to do this"


class SecondOwnerNeeded(NotAllowed):
    """What one governance owner asked for is done by another one."""

    code = "second_owner_needed"
    title = "A second person has to do this"


class NotFound(Refusal):
    code = "not_found"
    title = "Not found"
    status = 404


# -- bad input ------------------------------------------------------------------------------


class BadInput(Refusal):
    code = "bad_input"
    title = "Please check the form"
    status = 422


class InvalidName(BadInput):
    code = "invalid_name"
    title = "This name cannot be used"


class NameTaken(BadInput):
    code = "name_taken"
    title = "This name is taken"
    status = 409


class InvalidText(BadInput):
    code = "invalid_text"
    title = "This text cannot be stored"


class InvalidDocument(BadInput):
    code = "invalid_document"
    title = "This content is not complete"


class TemplateDoesNotParse(BadInput):
    code = "template_does_not_parse"
    title = "The template does not parse"


class ContentTooLarge(BadInput):
    code = "content_too_large"
    title = "The text is too long"
    status = 413


class TooManyMessages(ContentTooLarge):
    code = "too_many_messages"
    title = "The chat has too many messages"


class UnknownLabel(NotFound):
    code = "unknown_label"
    title = "There is no such label"


class PromotesFromItself(BadInput):
    code = "promotes_from_itself"
    title = "A label cannot promote from itself"


class PromotesInCircle(BadInput):
    code = "promotes_in_circle"
    title = "Labels cannot promote in a circle"


class PromotesFromProtected(BadInput):
    code = "promotes_from_protected"
    title = "A label that is not protected comes first"


class AmbiguousSelector(BadInput):
    code = "ambiguous_selector"
    title = "Choose label or version, not both"
    status = 400


# -- when -----------------------------------------------------------------------------------


class WrongState(Refusal):
    code = "wrong_state"
    title = "This step is not open now"


class Stale(Refusal):
    """Something moved since the page was read; `extra["diff"]` may carry the new diff."""

    code = "stale"
    title = "Something changed since you opened this"


class NothingChanged(Refusal):
    code = "nothing_changed"
    title = "Nothing changed"
    status = 422


class LinkInvalid(WrongState):
    code = "link_invalid"
    title = "This link no longer works"
    status = 410


class LastViewer(Refusal):
    """Nobody would see a confidential prompt any more, and so nobody could grant it to anybody."""

    code = "last_viewer"
    title = "Nobody would see it any more"


class LastManager(Refusal):
    """Nobody who sees a confidential prompt could grant on it any more."""

    code = "last_manager"
    title = "Nobody could give permissions on it any more"


class HeirNeeded(LastViewer):
    code = "heir_needed"
    title = "Somebody has to take over"


class Archived(WrongState):
    code = "archived"
    title = "This prompt is archived"


class LabelIsProtected(Refusal):
    code = "label_protected"
    title = "This label is protected"
    status = 422


class Recalled(Refusal):
    code = "recalled"
    title = "This version is recalled"
    status = 410


class Erased(Refusal):
    code = "erased"
    title = "This content is erased"
    status = 410


class Suspended(NotFound):
    code = "suspended"
    title = "Not served at the moment"
