"""Which buttons a viewer finds on a change. The verbs decide again; a button only offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement, SignOff, bypassed, is_passable
from approvals.policies.signoffs import counted, has_a_hand, latest_votes
from approvals.services.emergency import BREAKABLE
from approvals.services.planning import PLANNABLE
from approvals.services.rebasing import OPEN_TO_REBASE
from approvals.services.undoing import MAY_UNDO
from registry import permissions, roles
from registry.models import Prompt, User

State = ApprovalRequest.State


@dataclass(frozen=True)
class Button:
    """A verb with its words; `do` is what the form sends, `css` "go", "no" or plain."""

    do: str
    words: str
    css: str = ""


@dataclass(frozen=True)
class Verbs:
    """What one viewer may do with a change now; `revise` is a link to the form."""

    buttons: tuple[Button, ...] = ()
    revise: bool = False
    submit: bool = False
    comment_for: str = ""
    #: who edits it or brings it up to date could sign it off, and then no longer can
    gives_up_vote: bool = False
    #: links to forms of their own
    plan: bool = False
    emergency: bool = False

    @property
    def any(self) -> bool:
        return bool(self.buttons) or self.revise or self.plan or self.emergency

    @property
    def approves(self) -> tuple[str, ...]:
        """The roles for which an approval is offered."""
        dos = (button.do.partition(":") for button in self.buttons)
        return tuple(role for verb, _, role in dos if verb == "approve")


def powers_of(prompt: Prompt, account: User) -> frozenset[str]:
    """Codenames of the permissions that a person holds on a prompt, in two queries."""
    held = permissions.holders_many([prompt.pk], permissions.PROMPT_PERMISSIONS)
    return frozenset(
        codename
        for (_, codename), holders in held.items()
        if any(holder.account.pk == account.pk for holder in holders)
    )


def verbs_of(
    request: ApprovalRequest,
    facts: Facts,
    requirements: Sequence[Requirement],
    viewer: User,
    powers: frozenset[str],
    *,
    reads: bool = True,
    governs: bool = False,
    asks: bool = False,
) -> Verbs:
    """The verbs that this viewer may try, the decision itself last.

    `asks`: there are people who may be asked once more.
    """
    if not request.is_open:
        return Verbs()
    mine = viewer.pk in facts.contributors
    proposes = permissions.PROPOSE in powers and not facts.archived
    buttons: list[Button] = []
    withdraws = request.author_id == viewer.pk or permissions.MANAGE in powers
    if withdraws:
        buttons.append(Button("withdraw", "Withdraw", "no"))
    if facts.scan_failed and (mine or governs):
        buttons.append(Button("rescan", "Start the scan again"))
    if asks and mine and proposes:
        buttons.append(Button("ask_again", "Ask the reviewers again"))
    if any(vote.person_id == viewer.pk for vote in latest_votes(facts)):
        buttons.append(Button("take_back", "Take your vote back"))
    signs_off = not has_a_hand(facts, viewer.pk) and bool(_own_role(facts, viewer.pk))
    behind = any(rule.code == "base" and rule.blocks for rule in requirements)
    if behind and proposes and reads and request.state in OPEN_TO_REBASE:
        words = "Bring it up to date"
        # Not the button to press first for whoever is asked to sign.
        told = (f"{words} and give up your vote", "") if signs_off else (words, "go")
        buttons.append(Button("rebase", *told))
    voting = _votes(request, facts, requirements, viewer)
    buttons += voting
    submits = request.state == State.DRAFT and mine and proposes
    if submits:
        buttons.append(Button("submit", "Submit", "go"))
    whole = request.change_set is not None and request.change_set.whole
    # A label that is not protected any more takes no release: versions are placed there.
    goes = facts.label_protected and not whole and releases(request, viewer, powers)
    if request.state == State.APPROVED and goes:
        buttons.append(Button("release", f"Release to {facts.label}", "go"))
    return Verbs(
        buttons=tuple(buttons),
        revise=proposes and reads,
        submit=submits,
        gives_up_vote=signs_off and proposes and reads,
        comment_for="vote" if voting else "withdraw" if withdraws else "",
        plan=request.state in PLANNABLE and goes,
        emergency=may_break_glass(request, facts, requirements, powers),
    )


def may_break_glass(
    request: ApprovalRequest,
    facts: Facts,
    requirements: Sequence[Requirement],
    powers: frozenset[str],
) -> bool:
    """Whether an emergency release is offered: there is something to pass over, and it may be."""
    here = request.state in BREAKABLE and bool(powers.intersection(MAY_UNDO))
    return here and is_passable(facts, requirements) and bool(bypassed(requirements))


def may_sign(facts: Facts, requirements: Sequence[Requirement], viewer: int) -> tuple[str, ...]:
    """Roles in which a sign-off by this person would meet something that is still missing."""
    person = next((p for p in facts.reviewers if p.id == viewer), None)
    if person is None or has_a_hand(facts, viewer):
        return ()
    open_now = {
        rule.code
        for rule in requirements
        if rule.code.startswith("sign_off:") and any(who.id == viewer for who in rule.who)
    }
    policies = [rules for rules in (facts.pinned, facts.current) if rules]
    given = {vote.role for rules in policies for vote in counted(facts, rules)}
    found: list[str] = []
    for sign_off in _sign_offs(facts):
        if f"sign_off:{sign_off.key}" in open_now:
            own = [role for role in sign_off.roles if role in person.roles]
            another = sign_off.distinct_roles > 1
            fresh = [role for role in own if role not in given] if another else own
            found += [role for role in fresh or own if role not in found]
    return tuple(found)


def may_close_after_review(powers: frozenset[str], held: set[str], viewer: int, by: int) -> bool:
    """Whether a review after the fact is offered: a reviewer who did not roll back."""
    return viewer != by and permissions.REVIEW in powers and bool(roles.REVIEW_ROLES_SET & held)


def _votes(
    request: ApprovalRequest, facts: Facts, requirements: Sequence[Requirement], viewer: User
) -> list[Button]:
    if request.state not in (State.REVIEW, State.APPROVED) or has_a_hand(facts, viewer.pk):
        return []
    role = _own_role(facts, viewer.pk)
    if not role:
        return []
    buttons = [
        Button(f"reject:{role}", "Reject", "no"),
        Button(f"request_changes:{role}", "Ask for changes"),
    ]
    if request.state == State.REVIEW:
        signs = may_sign(facts, requirements, viewer.pk) or _settles(requirements, viewer.pk, role)
        buttons += [Button(f"approve:{r}", f"Approve for {r}", "go") for r in signs]
    return buttons


def _settles(requirements: Sequence[Requirement], viewer: int, role: str) -> tuple[str, ...]:
    """A person whose wish for changes still stands settles it by a new vote."""
    for rule in requirements:
        if rule.code == "changes_requested" and rule.blocks:
            return (role,) if any(who.id == viewer for who in rule.who) else ()
    return ()


def _own_role(facts: Facts, viewer: int) -> str:
    """The first role asked by the policy that this person holds; empty for none."""
    person = next((p for p in facts.reviewers if p.id == viewer), None)
    asked = [role for sign_off in _sign_offs(facts) for role in sign_off.roles]
    return next((role for role in asked if person and role in person.roles), "")


def _sign_offs(facts: Facts) -> list[SignOff]:
    return [s for rules in (facts.pinned, facts.current) if rules for s in rules.sign_offs]


def releases(request: ApprovalRequest, viewer: User, powers: frozenset[str]) -> bool:
    author = request.author_id == viewer.pk and permissions.PROPOSE in powers
    return permissions.RELEASE in powers or author
