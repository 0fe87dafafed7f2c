"""Mail that is owed: what each one says, and sending one of them once.

A row of the outbox is written with the decision it speaks of; it is rendered when it is sent, from
what is true then, and for the one person it goes to.
"""

from approvals.mail.failures import in_words
from approvals.mail.letters import KINDS, compose
from approvals.mail.outbox import deliver, due, failed
from approvals.mail.parts import Letter, NotOwed

__all__ = ["KINDS", "Letter", "NotOwed", "compose", "deliver", "due", "failed", "in_words"]
