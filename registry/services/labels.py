"""Labels: the environments that serve prompts.

What a label promotes from says where a version is tried first. For a protected label that is part
of its gate, so that changing it takes a second governance owner, as a change of a policy does.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from audit.ledger import recording
from registry import releases, rules
from registry.actors import Actor
from registry.errors import (
    BadInput,
    NameTaken,
    PromotesFromItself,
    PromotesFromProtected,
    PromotesInCircle,
    SecondOwnerNeeded,
    UnknownLabel,
)
from registry.models import Label, User
from registry.permissions import is_governance_owner, require_governance
from registry.services._common import check_row, stamp
from registry.services._mail import tell
from registry.services.memberships import governance_owners
from registry.wording import either

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z", re.ASCII)
_MAX_ORDER = 32767


def create_label(
    name: str,
    *,
    actor: Actor,
    protected: bool = False,
    order: int = 0,
    promotes_from: Label | None = None,
) -> Label:
    """Make a label, with an empty pointer for every prompt; a governance owner, or the bootstrap.

    Raises NotAllowed, BadInput, NameTaken.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor, bootstrap=True)
        if not _NAME.match(name):
            raise BadInput(
                "The name of a label is lower-case letters, digits and single hyphens, such as "
                "staging-eu. Rename it.",
                field="name",
            )
        _check_order(order)
        if Label.objects.filter(name=name).exists():
            raise _taken(name)
        label = Label(name=name, protected=protected, order=order, promotes_from=promotes_from)
        check_row(label)
        stamp(label, actor, "create_label")
        try:
            label.save(force_insert=True)
        except IntegrityError:  # somebody made it in the meantime
            raise _taken(name) from None
        releases.open_pointers_for_label(label)
        log.record(
            "registry.label.created",
            ("registry.label", label.public_id),
            after={
                "name": name,
                "protected": protected,
                "order": order,
                "promotes_from": _id(promotes_from),
            },
        )
        return label


def protect_label(label: Label, *, actor: Actor) -> Label:
    """Protect a label: from now on it moves by an approved request only.

    One governance owner does it, and two take it back. A no-op for a protected one. Raises
    NotAllowed.
    """
    with recording(actor=actor.ref) as log:
        # Whoever is placing a version by hand ends first, or sees that it is protected.
        rules.change()
        require_governance(actor)
        locked = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
        if locked.protected:
            return locked
        locked.protected = True
        stamp(locked, actor, "protect_label")
        locked.save(update_fields=["protected"])
        log.record(
            "registry.label.protected",
            ("registry.label", locked.public_id),
            before={"protected": False},
            after={"protected": True},
        )
        return locked


def reorder_label(label: Label, order: int, *, actor: Actor) -> Label:
    """Say where a label stands in lists, which end with the highest; a no-op for the same order.

    It decides nothing but that. A governance owner. Raises NotAllowed, BadInput.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        _check_order(order)
        locked = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
        before = locked.order
        if before == order:
            return locked
        locked.order = order
        stamp(locked, actor, "reorder_label")
        locked.save(update_fields=["order"])
        log.record(
            "registry.label.reordered",
            ("registry.label", locked.public_id),
            before={"order": before},
            after={"order": order},
        )
        return locked


def promote_label_from(label: Label, source: Label | None, *, actor: Actor) -> Label:
    """Say on which label a version is tried before it comes to this one; None: on none.

    A policy's `staging` asks that a version was tried on what its label promotes from *now*, so
    every open change is judged by the new one, at the latest when it is released; without one the
    requirement does not apply. One governance owner may therefore say it of a label that is not
    protected, and give a protected one its first: both only ask for more. Whatever else a protected
    label is to promote from is asked for by a first owner and done when a second says the same; in
    single-owner mode the first does it. To name what is so already takes back what was asked, and
    is a no-op where nothing was.

    Raises NotAllowed, UnknownLabel, PromotesFromItself, PromotesInCircle, PromotesFromProtected,
    and SecondOwnerNeeded where whoever asked says it again.
    """
    with recording(actor=actor.ref) as log:
        rules.change()  # no decision is under way by what was so before
        require_governance(actor)
        # All of them, so that two changes cannot make a circle together.
        rows = Label.objects.select_for_update(no_key=True).order_by("pk").in_bulk()
        locked, wanted = _known(label, rows), _known(source, rows) if source else None
        _check_source(locked, wanted, rows)
        step = _next_step(locked, wanted, actor.account)
        if step is None:
            return locked
        before, waited = _source_facts(locked), locked.asked_by is not None
        asks = step == "asked"
        locked.asked_from, locked.asked_by = (wanted, actor.account) if asks else (None, None)
        if step == "set":
            locked.promotes_from = wanted
        stamp(locked, actor, "promote_label_from")
        locked.save(update_fields=["promotes_from", "asked_from", "asked_by"])
        subject = ("registry.label", locked.public_id)
        after = _source_facts(locked)
        log.record(f"registry.label.source_{step}", subject, before=before, after=after)
        if asks or waited:
            people = governance_owners().values_list("user_id", flat=True)
            tell(f"label_source_{step}", people, subject, actor=actor, at=log.at)
        return locked


# -- parts ----------------------------------------------------------------------------------


def _known(label: Label, rows: dict[int, Label]) -> Label:
    found = rows.get(label.pk)
    if found is None:
        raise UnknownLabel(
            f"There is no label “{label}”. Choose one that exists.", field="promotes_from"
        )
    return found


def _check_source(label: Label, source: Label | None, rows: dict[int, Label]) -> None:
    if source is None:
        return
    if source == label:
        raise PromotesFromItself(
            f"{label} cannot promote from itself. Choose another label.", field="promotes_from"
        )
    before: Label | None = source
    while before is not None:
        if before.promotes_from_id == label.pk:
            raise PromotesInCircle(
                f"{before} promotes from {label}, so {label} cannot come after {source}. Choose "
                "another label, or change that first.",
                field="promotes_from",
            )
        before = rows.get(before.promotes_from_id or 0)
    if source.protected and not label.protected:
        raise PromotesFromProtected(
            f"{source} is protected and {label} is not: versions are tried on a label that is not "
            f"protected before they come to one that is. Choose another label, or protect {label}.",
            field="promotes_from",
        )


def _next_step(label: Label, wanted: Label | None, account: User | None) -> str | None:
    """What naming `wanted` does: "set", "asked", "kept" as it was, or None for nothing."""
    if wanted == label.promotes_from:
        return "kept" if label.asked_by else None
    if _one_is_enough(label):
        return "set"
    # Who is no governance owner any more does not count as the first of two.
    same = label.asked_from == wanted and is_governance_owner(label.asked_by)
    if same and label.asked_by == account:
        raise SecondOwnerNeeded(_who_else(account), field="promotes_from")
    return "set" if same else "asked"


def _one_is_enough(label: Label) -> bool:
    return not label.protected or label.promotes_from is None or bool(settings.SINGLE_OWNER)


def _who_else(account: User | None) -> str:
    others = governance_owners().exclude(user=account).select_related("user")
    names = sorted(str(row.user) for row in others)
    if names:
        return f"You asked for it already. {either(names)} can do it, by choosing the same."
    return (
        "You asked for it already, and you are the only governance owner. Make another person one, "
        "who can then do it."
    )


def _source_facts(label: Label) -> dict[str, Any]:
    return {
        "promotes_from": _id(label.promotes_from),
        "asked_from": _id(label.asked_from),
        "asked_by": _id(label.asked_by),
    }


def _id(row: Label | User | None) -> str | None:
    return str(row.public_id) if row else None


def _check_order(order: int) -> None:
    if not 0 <= order <= _MAX_ORDER:
        raise BadInput(f"The order is a number from 0 to {_MAX_ORDER}.", field="order")


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a label named “{name}” already. Choose another name.")
