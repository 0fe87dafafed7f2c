"""Policies: in plain sentences to read, as JSON to save a new version of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from typing_extensions import override

from approvals import services
from approvals.models import ApprovalRequest, Policy, PolicyChange, PolicyVersion
from approvals.policies import (
    UnreadablePolicy,
    document_of,
    ready_checklists,
    ready_policies,
    rules_of,
)
from approvals.policies import read as read_policy
from approvals.presenters.policies import sentences
from registry.admin.fields import LinesField, table
from registry.admin.kept import KeptAdmin
from registry.admin.looking import LookAdmin
from registry.admin.steps import Done, Step, StepForm
from registry.json_text import each_once

_EACH_ONCE = each_once(
    lambda name: forms.ValidationError(f"“{name}” stands twice in one object. Keep one of them.")
)


class JsonField(LinesField):
    """A JSON object as a person edits it; says the line and column of what is wrong."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rows=28, **kwargs)
        self.widget.attrs |= {"class": "cs-code", "spellcheck": "false", "autocomplete": "off"}

    @override
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = json.loads(text, object_pairs_hook=_EACH_ONCE)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
            ) from None
        except RecursionError:
            raise forms.ValidationError("This is nested too deeply.") from None
        if not isinstance(found, dict):
            raise forms.ValidationError("A policy is a JSON object: it begins with {.")
        return found


class PolicyForm(StepForm):
    """A form with a policy's text, which can begin from one of the ready policies."""

    template = "admin/policy_step.html"

    @override
    def begin(self, query: Mapping[str, Any]) -> None:
        """`?from=Regulated` begins from that ready policy; its scope stays that of the form."""
        ready = next((d for d in ready_policies() if d["title"] == query.get("from")), None)
        if ready is None:
            return
        # A policy that nobody has decided yet shows no text.
        shown = json.loads(self.initial["document"] or "{}")
        kept = {name: shown[name] for name in ("title", "scope") if name in shown}
        self.initial["document"] = json.dumps({**ready, **kept}, indent=2, ensure_ascii=False)

    @property
    def ready(self) -> list[tuple[str, tuple[str, ...]]]:
        """The title of each ready policy, and what it asks for in sentences but for its scope."""
        read = [(found["title"], sentences(rules_of(found))) for found in ready_policies()]
        return [(title, said[1:]) for title, said in read]

    @property
    def checklists(self) -> list[tuple[str, str]]:
        """The title of each ready checklist, and its text for a policy's `checklists`."""
        return [
            (found["title"], json.dumps(found, indent=2, ensure_ascii=False))
            for found in ready_checklists()
        ]


class NewVersionForm(PolicyForm):
    """propose_policy, of a policy that exists"""

    lead = (
        "Another governance owner decides it, after seeing which open changes and which live "
        "versions it touches. Changes under way keep the version that was in force when they were "
        "submitted and must meet the new one as well: tightening bites at once, loosening helps "
        "only what is submitted later."
    )
    button = "Propose the new version"

    document = JsonField(label="Policy", help_text="Levels are low, moderate, high and critical.")
    position = forms.IntegerField(
        min_value=0, max_value=32767, help_text="Policies are asked in this order; the first wins."
    )
    rationale = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 3}), help_text="One sentence is enough."
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.row.current
        self.initial = {
            "document": _pretty(current.document) if current else "",
            "position": self.row.position,
            "seen": current.digest if current else "",
        }

    @override
    def perform(self, actor: Any) -> Done:
        request = services.propose_policy(self.row, **self.cleaned_data, actor=actor)
        return waits(request)


class NewPolicyForm(PolicyForm):
    """propose_policy, of a new one"""

    lead = "Name the prompts it covers. It is asked at its position, before policies that follow."
    button = "Propose the policy"

    name = forms.CharField(max_length=60)
    position = forms.IntegerField(min_value=0, max_value=32767, required=False)
    document = JsonField(label="Policy")
    rationale = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        example = {**ready_policies()[-1], "title": ""}
        example["scope"] = {**example["scope"], "names": []}
        self.initial = {"document": json.dumps(example, indent=2)}

    @override
    def perform(self, actor: Any) -> Done:
        request = services.propose_policy(None, **self.cleaned_data, actor=actor)
        return waits(request)


def _pretty(document: str) -> str:
    """The document in the order of a person's reading; as it is stored where it is no policy."""
    try:
        found = document_of(read_policy(document))
    except UnreadablePolicy:
        found = json.loads(document)
    return json.dumps(found, indent=2, ensure_ascii=False)


def waits(request: ApprovalRequest) -> Done:
    """What is said after a proposal: its page in the list of changes of policies comes next."""
    row = PolicyChange.objects.get(pk=request.pk)
    return Done(f"{request.proposed_policy} waits for another governance owner.", row)


def shadow_link(which: str, value: str | int) -> dict[str, str]:
    """The link to the report of one policy by name, or of one version by key."""
    url = f"{reverse('approvals:shadow')}?{urlencode({which: value})}"
    return {"words": "What it would have done: the shadow report", "url": url}


def in_words(document: str) -> str:
    """A policy in sentences, or why it cannot be read."""
    try:
        said = sentences(read_policy(document))
    except UnreadablePolicy as error:
        said = (f"This policy cannot be read ({error}), so it blocks what it would cover.",)
    return render_to_string("admin/sentences.html", {"sentences": said})


@admin.register(Policy)
class PolicyAdmin(KeptAdmin):
    """Policies in the order in which they are asked."""

    one, many = "policy", "policies"
    words = (
        "Which requirements a change must meet. The first policy whose labels and names match is "
        "the one that applies; where none matches, nothing is released. A change of a policy is "
        "decided by another governance owner."
    )
    makers = (Step("policy", "New policy", NewPolicyForm),)
    steps = (Step("version", "New version", NewVersionForm),)
    list_display: ClassVar[list[str]] = ["name", "position", "covers", "current"]
    list_select_related: ClassVar[list[str]] = ["current__policy"]
    fields: ClassVar[list[str]] = ["name", "position", "current", "in_words", "versions_so_far"]

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        return [shadow_link("policy", row.name)]

    @admin.display(description="covers")
    def covers(self, policy: Policy) -> str:
        """Names and labels that it covers, on one line."""
        if policy.current is None:
            return "nothing"
        try:
            rules = read_policy(policy.current.document)
        except UnreadablePolicy:
            return "cannot be read"
        scope = rules.scope
        return f"{', '.join(scope.names) or 'no prompts'} on {', '.join(scope.labels)}"

    @admin.display(description="in words")
    def in_words(self, policy: Policy) -> str:
        """The version in force, in sentences."""
        return in_words(policy.current.document) if policy.current else "It has no version."

    @admin.display(description="versions")
    def versions_so_far(self, policy: Policy) -> str:
        """Every version, the newest first."""
        rows = policy.versions.select_related("made_by", "policy").order_by("-number")
        return table(
            ["Version", "Saved", "By"],
            [(row.number, row.created_at, row.made_by or "the set-up") for row in rows],
            "There are no versions.",
        )


@admin.register(PolicyVersion)
class PolicyVersionAdmin(LookAdmin):
    """Versions of policies, each as it was saved."""

    one, many = "policy version", "policy versions"
    words = "Every text that a policy ever had. Changes under way point at the one they began with."
    list_display: ClassVar[list[str]] = ["__str__", "created_at", "made_by"]
    list_select_related: ClassVar[list[str]] = ["policy", "made_by"]
    ordering: ClassVar[list[str]] = ["-pk"]
    fields: ClassVar[list[str]] = [
        "policy",
        "number",
        "created_at",
        "made_by",
        "fingerprint",
        "in_words",
        "as_json",
    ]

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        return [shadow_link("version", row.pk)]

    @admin.display(description="in words")
    def in_words(self, version: PolicyVersion) -> str:
        """The version in sentences."""
        return in_words(version.document)

    @admin.display(description="fingerprint")
    def fingerprint(self, version: PolicyVersion) -> str:
        """The digest of its text."""
        return version.digest

    @admin.display(description="as JSON")
    def as_json(self, version: PolicyVersion) -> str:
        """The version as it is edited."""
        return format_html('<div class="cs-text">{}</div>', _pretty(version.document))
