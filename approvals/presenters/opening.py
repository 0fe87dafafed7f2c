"""What un-protecting a label would open, in sentences: said before anybody decides it."""

from __future__ import annotations

from approvals.models import ApprovalRequest
from approvals.protection import Opened
from registry.models import LabelPointer, Prompt


def sentences(opened: Opened) -> tuple[str, ...]:
    """What whoever decides has to know, one sentence each; confidential prompts have no name."""
    label = opened.label
    found = [
        f"Anyone who may propose on a prompt can then place any scanned version on {label} by "
        "hand, with nobody's sign-off, unless something critical was found.",
        _changes(opened),
        _policies(opened),
        _live(opened),
    ]
    if opened.held:
        prompts = "1 prompt is" if opened.held == 1 else f"{opened.held} prompts are"
        found.append(f"{prompts} on hold there. A hold does not keep back what is placed by hand.")
    found += [
        f"Changes for {other} are then tried on {label} by themselves, in the place of what is "
        "live there."
        for other in opened.fed
    ]
    if opened.last:
        found.append(
            "It is the only protected label: nothing more can be proposed until one is protected."
        )
    return tuple(found)


def _changes(opened: Opened) -> str:
    if not opened.change_count:
        return "No open change is for it."
    many = opened.change_count > 1
    said = f"{opened.change_count} open changes are" if many else "1 open change is"
    named = [f"number {change.pk} of {_name(change)}" for change in opened.changes]
    text = f"{said} for it{_listed(named, opened.change_count)}. "
    return text + (
        "None of them is released there any more; their versions can be placed by hand."
        if many
        else "It is not released there any more; its version can be placed by hand."
    )


def _policies(opened: Opened) -> str:
    count = len(opened.policies)
    if not count:
        return "No policy covers it."
    return (
        f"{count} {'policies cover' if count > 1 else 'policy covers'} it "
        f"({', '.join(opened.policies)}), and would ask for nothing there any more."
    )


def _live(opened: Opened) -> str:
    if not opened.live_count:
        return "It serves nothing now."
    prompts = "1 prompt" if opened.live_count == 1 else f"{opened.live_count} prompts"
    named = [_served(pointer) for pointer in opened.live]
    return f"It serves {prompts}, and goes on doing so{_listed(named, opened.live_count)}."


def _listed(named: list[str], count: int) -> str:
    """Names after a colon, with how many have none here."""
    if not named:
        return ""
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return f": {', '.join(named)}{more}"


def _name(change: ApprovalRequest) -> str:
    return f"{_prompt(change.prompt)} by {change.author}"


def _served(pointer: LabelPointer) -> str:
    stopped = ", suspended" if pointer.suspended else ""
    return f"{_prompt(pointer.prompt)} ({pointer.version}{stopped})"


def _prompt(prompt: Prompt | None) -> str:
    return "a confidential prompt" if prompt is None or prompt.confidential else prompt.name
