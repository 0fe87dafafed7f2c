"""The verbs. Each locks, asks the policy, transitions, saves and records in one transaction.

Permission says who may, policy says when; a superuser obeys policy too.
"""

from approvals.services._sets import Left, Outcome, Seen
from approvals.services.asking import ask_again
from approvals.services.campaigning import open_campaign
from approvals.services.checks import record_check
from approvals.services.creating import create_prompt
from approvals.services.digests import owe_digests
from approvals.services.emergency import break_glass
from approvals.services.erasing import ask_erasure, erase_content
from approvals.services.excepting import end_exception, except_live
from approvals.services.expiring import expire
from approvals.services.governing import (
    bootstrap_policies,
    decide_policy,
    propose_policy,
    withdraw_policy,
)
from approvals.services.granting import grant, revoke
from approvals.services.importing import (
    Incoming,
    Placing,
    Proposing,
    bring_in,
    committers_of,
    import_version,
)
from approvals.services.lifting import lift_refusal
from approvals.services.mailing import send_again
from approvals.services.placing import place, try_on_staging
from approvals.services.planning import fail_plan, plan_release, unplan_release
from approvals.services.proposing import propose, revise, submit, withdraw
from approvals.services.rebasing import merged_with_live, rebase
from approvals.services.releasing import release
from approvals.services.releasing_sets import release_set, rollback_set
from approvals.services.reviewing import review, take_back
from approvals.services.routing import reassess, route
from approvals.services.scans import (
    begin_scan,
    keep_scan,
    note_scan_failure,
    record_scan,
    rescan,
)
from approvals.services.sending import begin_prompt, propose_and_submit, revise_and_submit
from approvals.services.sets import SetItem, propose_set, submit_set, withdraw_set
from approvals.services.stopping import recall, resume, suspend
from approvals.services.suggesting import apply_suggestion
from approvals.services.threads import open_thread, reopen_thread, reply, resolve_thread
from approvals.services.undoing import close_review_after, lift_hold, rollback, rollback_target
from approvals.services.unprotecting import (
    decide_unprotect,
    propose_unprotect,
    withdraw_unprotect,
)

__all__ = [
    "Incoming",
    "Left",
    "Outcome",
    "Placing",
    "Proposing",
    "Seen",
    "SetItem",
    "apply_suggestion",
    "ask_again",
    "ask_erasure",
    "begin_prompt",
    "begin_scan",
    "bootstrap_policies",
    "break_glass",
    "bring_in",
    "close_review_after",
    "committers_of",
    "create_prompt",
    "decide_policy",
    "decide_unprotect",
    "end_exception",
    "erase_content",
    "except_live",
    "expire",
    "fail_plan",
    "grant",
    "import_version",
    "keep_scan",
    "lift_hold",
    "lift_refusal",
    "merged_with_live",
    "note_scan_failure",
    "open_campaign",
    "open_thread",
    "owe_digests",
    "place",
    "plan_release",
    "propose",
    "propose_and_submit",
    "propose_policy",
    "propose_set",
    "propose_unprotect",
    "reassess",
    "rebase",
    "recall",
    "record_check",
    "record_scan",
    "release",
    "release_set",
    "reopen_thread",
    "reply",
    "rescan",
    "resolve_thread",
    "resume",
    "review",
    "revise",
    "revise_and_submit",
    "revoke",
    "rollback",
    "rollback_set",
    "rollback_target",
    "route",
    "send_again",
    "submit",
    "submit_set",
    "suspend",
    "take_back",
    "try_on_staging",
    "unplan_release",
    "withdraw",
    "withdraw_policy",
    "withdraw_set",
    "withdraw_unprotect",
]
