"""Refusals of the approval verbs; codes are stable, sentences come from the verbs."""

from __future__ import annotations

from registry.errors import BadInput, NotAllowed, Refusal, WrongState


class OwnChange(NotAllowed):
    """Self-approval: never, nobody."""

    code = "own_change"
    title = "You contributed to this change"


class NotEligible(NotAllowed):
    code = "not_eligible"
    title = "You cannot sign off here"


class PersonNeeded(NotAllowed):
    """A vote needs a signed-in person, never a token or a task."""

    code = "person_needed"
    title = "A person has to do this"


class SamePerson(NotAllowed):
    code = "same_person"
    title = "A second person has to do this"


class SecretFound(Refusal):
    """A critical secret stops the submit before others can read the text."""

    code = "secret_found"
    title = "There is a secret in the text"
    status = 422


class ScanDiffers(Refusal):
    """A stored scan is not what the scanners say: somebody wrote past the verbs."""

    code = "scan_differs"
    title = "The stored scan is not genuine"


class MergeConflict(Refusal):
    """What is live and the change touch the same lines; `extra["merge"]` says which."""

    code = "merge_conflict"
    title = "Both sides changed the same lines"


class ConformsAlready(Refusal):
    """An exception for what is live and lacks nothing."""

    code = "conforms_already"
    title = "It is what the policy asks for"


class NoPolicy(Refusal):
    code = "no_policy"
    title = "No policy covers this"
    status = 422


class NoEligibleReviewer(Refusal):
    code = "no_eligible_reviewer"
    title = "Nobody could sign this off"
    status = 422


class UnblocksOwn(NotAllowed):
    """Nobody decides on a policy that lets a change of their own pass."""

    code = "unblocks_own"
    title = "This would let a change of yours pass"


class StageNotOpen(Refusal):
    """A sign-off of a later stage, before the stage ahead of it is complete."""

    code = "stage_not_open"
    title = "This sign-off is not asked for yet"


class SignatureNeeded(Refusal):
    """The policy asks for a signature: the password again, for this vote."""

    code = "signature_needed"
    title = "This vote has to be signed"
    status = 422


class ChecklistNeeded(BadInput):
    code = "checklist_needed"
    title = "The checklist is not answered"


class RequirementsUnmet(Refusal):
    """Not yet; `requirements` is the same list as on the page."""

    code = "requirements_unmet"
    title = "Something is still missing"
    status = 422


class SetNotReady(Refusal):
    """No member of a change set can go out, or not all of one that goes out as a whole.

    `requirements` has a line for each prompt that is not ready.
    """

    code = "set_not_ready"
    title = "The change set is not ready"
    status = 422


class GoesTogether(Refusal):
    """A step that one member of a change set cannot take alone."""

    code = "goes_together"
    title = "It goes out with its change set"


class NotProtected(BadInput):
    code = "not_protected"
    title = "This label needs no request"


class NeverLive(Refusal):
    code = "never_live"
    title = "There is nothing to roll back to"
    status = 409


class CommentNeeded(BadInput):
    code = "comment_needed"
    title = "A sentence is needed"


class ScanMissing(Refusal):
    code = "scan_missing"
    title = "This version was not scanned"
    status = 422


class RiskTooHigh(Refusal):
    code = "risk_critical"
    title = "Something critical was found"
    status = 422


class NotLowRisk(Refusal):
    """Only what a finished scan finds low is approved together with others."""

    code = "not_low_risk"
    title = "This one has to be looked at by itself"
    status = 422


class TooManyAtOnce(BadInput):
    code = "too_many_at_once"
    title = "These are too many at once"


class AlreadyDone(WrongState):
    code = "already_done"
    title = "This was done already"


class EmergencyNotAllowed(Refusal):
    """A policy that covers the prompt knows no emergency release."""

    code = "emergency_not_allowed"
    title = "The policy allows no emergency release"
    status = 422


class ReviewOverdue(Refusal):
    """Who owes the review of an earlier emergency opens no second one."""

    code = "review_overdue"
    title = "A review after the fact is overdue"


class TicketNeeded(BadInput):
    code = "ticket_needed"
    title = "A ticket is needed"


class WrongPassword(Refusal):
    code = "wrong_password"
    title = "This is not your password"
    status = 422


class TooManyTries(Refusal):
    code = "too_many_tries"
    title = "Too many wrong passwords"
    status = 429


class Outdated(Refusal):
    """The line that a thread stands on was changed since."""

    code = "outdated_line"
    title = "This line was changed since"


class AskedRecently(Refusal):
    code = "asked_recently"
    title = "They were asked not long ago"
