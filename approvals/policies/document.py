"""The text of a policy: what it may say and how it is read; `docs/approvals.md` explains it.

A document is a JSON object of schema 2, the fields of `PolicyRules` below without `name`. One of
schema 1, as the first installations stored it, is read as the schema 2 document that says the
same. Numbers are whole; a threshold is a decimal number in quotes, because digests are taken of
the text and floats have more than one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, TypeAlias

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from approvals.policies.upgrade import from_schema_1
from approvals.policies.windows import Freeze

LEVELS = ("low", "moderate", "high", "critical")
REVIEW_ROLES = ("support", "safety", "brand", "engineering")
#: kinds of a change over which a vote may be carried; the two that touch callers never are
CARRIED = ("NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY")
SCHEMA = 2

Level: TypeAlias = Literal["low", "moderate", "high", "critical"]
Role: TypeAlias = Literal["support", "safety", "brand", "engineering"]
DataClass: TypeAlias = Literal["public", "internal", "customer", "education", "health"]
Carried: TypeAlias = Literal["NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY"]


class UnreadablePolicy(ValueError):
    """The text is not a policy; the message names the field."""


def level_rank(level: str) -> int:
    """0 for low up to 3 for critical; ValueError for another word."""
    return LEVELS.index(level)


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether ordered globs choose a name, without regard to case: the last that matches decides.

    `*` crosses `/`; a glob that begins with `!` takes out what those before it chose.
    """
    key, chosen = name.casefold(), False
    for glob in globs:
        negated = glob.startswith("!")
        if fnmatchcase(key, glob[negated:].casefold()):
            chosen = not negated
    return chosen


def _shown(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("write printable characters")
    return value


def _decimal(value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError('write a decimal number in quotes, such as "0.95"') from None
    if not number.is_finite():
        raise ValueError('write a decimal number in quotes, such as "0.95"')
    return value


def _pattern(value: str) -> str:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options)
    except re2.error as error:
        said = error.args[0].decode() if error.args else ""
        raise ValueError(f"this is no regular expression: {said}") from None
    return value


def _link(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s{}]*\{ticket\}[^\s{}]*", value):
        raise ValueError("write a link with {ticket} in it, such as https://tracker/{ticket}")
    return value


Key: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Title: TypeAlias = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_shown)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_shown)]
Glob: TypeAlias = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_shown)]
Number: TypeAlias = Annotated[str, Field(max_length=30), AfterValidator(_decimal)]


class Part(BaseModel):
    """A part of a policy: frozen, strict about types, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        """JSON has lists where a frozen part has tuples."""
        if not isinstance(data, Mapping):
            return data
        return {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}


class Scope(Part):
    """Which changes a policy is for; every condition must hold, an empty list is none."""

    labels: tuple[Title, ...] = Field(min_length=1)
    #: ordered globs over prompt names; none of them covers nothing
    names: tuple[Glob, ...] = ()
    #: the prompt has one of these tags
    tags: tuple[Title, ...] = ()
    #: the prompt is of one of these data classes
    data_classes: tuple[DataClass, ...] = ()
    #: only from this risk on; never the policy at submission, for the risk is not known then
    min_level: Level | None = None


class SignOff(Part):
    """So many different people, in at least `distinct_roles` different roles out of `roles`.

    A quorum of 0 asks them without waiting for them.
    """

    key: Key
    title: Title
    roles: tuple[Role, ...] = Field(min_length=1)
    quorum: int = Field(ge=0, le=20)
    distinct_roles: int = Field(1, ge=1, le=20)
    #: asked only of prompts whose names these ordered globs choose; none asks it of all
    names: tuple[Glob, ...] = ()
    from_level: Level | None = None
    below_level: Level | None = None

    @model_validator(mode="after")
    def _can_be_met(self) -> SignOff:
        most = min(max(self.quorum, 1), len(set(self.roles)))
        if self.distinct_roles > most:
            raise ValueError("distinct_roles: more roles than can ever sign")
        low, high = self.from_level, self.below_level
        if low and high and level_rank(low) >= level_rank(high):
            raise ValueError("from_level and below_level leave no risk level between them")
        if self.below_level == "low":
            raise ValueError("below_level: no risk is below low")
        return self

    def applies(self, level: str, prompt: str) -> bool:
        """Whether it is asked for at this risk, of this prompt."""
        rank = level_rank(level)
        if self.names and not matches(prompt, self.names):
            return False
        if self.from_level is not None and rank < level_rank(self.from_level):
            return False
        return self.below_level is None or rank < level_rank(self.below_level)


class Stage(Part):
    """Sign-offs that are asked for at the same time, once those of the stage before are given."""

    title: Title
    sign_offs: tuple[SignOff, ...] = Field(min_length=1)


class Threshold(Part):
    """A bound on one metric of a check."""

    metric: Annotated[str, Field(min_length=1, max_length=60)]
    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Threshold:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and Decimal(low) > Decimal(high):
            raise ValueError("at_least is above at_most, so nothing can meet it")
        return self


class CheckRule(Part):
    """Test evidence that must be there for exactly this content, from one pinned source."""

    name: Key
    title: Title
    source: Annotated[str, Field(min_length=1, max_length=80)]
    thresholds: tuple[Threshold, ...] = ()
    max_age_hours: int | None = Field(None, ge=1, le=24 * 365)
    from_level: Level | None = None


class Automatic(Part):
    """When a change may pass without people; `shadow` only notes what would have passed."""

    mode: Literal["on", "shadow"] = "on"
    max_level: Literal["low", "moderate", "high"]
    max_score: int = Field(100, ge=0, le=100)
    max_changed_words: int = Field(ge=0, le=100_000)
    rolled_back_days: int = Field(ge=0, le=365)
    #: share of them that somebody looks at afterwards
    sample_percent: int = Field(0, ge=0, le=100)


class Staging(Part):
    """The version must have been on the label that this one promotes from, for so long."""

    minutes: int = Field(0, ge=0, le=60 * 24 * 30)


class Signature(Part):
    """A vote counts only when its voter typed the password again, at most so long before."""

    minutes: int = Field(15, ge=1, le=24 * 60)
    from_level: Level | None = None


class Ticket(Part):
    """A change ticket that matches `pattern` (RE2, as a whole), and where it can be read."""

    pattern: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_pattern)]
    link: Annotated[str, Field(max_length=300), AfterValidator(_link)] | None = None

    def matches(self, ticket: str) -> bool:
        return re2.fullmatch(self.pattern, ticket) is not None


class Question(Part):
    key: Key
    text: Text


class Checklist(Part):
    """Questions that an approval in `role` answers, each with yes, no or does not apply."""

    role: Role
    title: Title
    questions: tuple[Question, ...] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _once(self) -> Checklist:
        _each_once("questions", [question.key for question in self.questions])
        return self


class PolicyRules(Part):
    """A policy document, read; `name` is what people call its version, such as "Standard 1"."""

    name: str = Field("", exclude=True)
    #: a short name
    title: Title
    scope: Scope
    #: sign-offs, stage after stage
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=10)
    #: test evidence
    checks: tuple[CheckRule, ...] = ()
    #: approval without people; null: people always look
    automatic: Automatic | None = None
    #: null: no trial is asked for
    staging: Staging | None = None
    #: whether a release manager has to press Release
    release_manager: bool = False
    #: times in which nothing is released, save in an emergency
    freezes: tuple[Freeze, ...] = ()
    #: whether every thread has to be resolved
    threads_resolved: bool = False
    signature: Signature | None = None
    ticket: Ticket | None = None
    checklists: tuple[Checklist, ...] = ()
    #: kinds of a later revision over which approvals are carried
    carry_over: tuple[Carried, ...] = ()
    #: whether somebody whose only hand in it was a suggestion may sign off below high risk, where
    #: another approval comes from somebody without any
    suggesters_may_sign: bool = False
    #: whether an emergency release is possible at all
    emergency: bool = True
    #: days after its submission on which an open request goes back to its author; null: never
    expires_days: int | None = Field(None, ge=1, le=365)
    #: time that reviewers have
    due_hours: int = Field(ge=1, le=24 * 90)
    #: time for a review after the fact
    after_review_hours: int = Field(ge=1, le=24 * 90)

    @model_validator(mode="after")
    def _no_contradiction(self) -> PolicyRules:
        _each_once("stages", [sign_off.key for sign_off in self.sign_offs])
        _each_once("checks", [check.name for check in self.checks])
        _each_once("checklists", [checklist.role for checklist in self.checklists])
        for level in LEVELS:
            asked = [s for s in self.sign_offs if s.quorum and not s.names and _at(s, level)]
            if not asked:
                raise ValueError(f"stages: {level} risk needs at least one sign-off of everybody")
        roles = {role for sign_off in self.sign_offs for role in sign_off.roles}
        for checklist in self.checklists:
            if checklist.role not in roles:
                raise ValueError(f"checklists: no sign-off asks the role {checklist.role}")
        return self

    @property
    def sign_offs(self) -> tuple[SignOff, ...]:
        """Those of all stages, in order."""
        return tuple(sign_off for stage in self.stages for sign_off in stage.sign_offs)

    def covers(
        self,
        *,
        label: str,
        prompt: str,
        tags: Iterable[str] = (),
        data_class: str = "internal",
        level: str | None = None,
    ) -> bool:
        """Whether every condition of its scope holds; `level` is None while it is not known."""
        scope = self.scope
        if label not in scope.labels or not matches(prompt, scope.names):
            return False
        if scope.tags and not set(scope.tags) & set(tags):
            return False
        if scope.data_classes and data_class not in scope.data_classes:
            return False
        if scope.min_level is None:
            return True
        return level is not None and level_rank(level) >= level_rank(scope.min_level)

    def checklist(self, role: str) -> Checklist | None:
        """The questions that an approval in a role answers."""
        return next((c for c in self.checklists if c.role == role), None)


def read(text: str, *, name: str = "") -> PolicyRules:
    """The rules in a policy's text; UnreadablePolicy names the first field that is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadablePolicy(f"not JSON: {error}") from error
    return rules_of(data, name=name)


def rules_of(data: object, *, name: str = "") -> PolicyRules:
    """The rules in a document that was parsed already; UnreadablePolicy as for `read`."""
    if not isinstance(data, Mapping):
        raise UnreadablePolicy("a policy is an object with named fields")
    given = dict(data)
    schema = given.pop("schema", None)
    if schema == 1:
        given = from_schema_1(given)
    elif schema != SCHEMA or isinstance(schema, bool):
        raise UnreadablePolicy(f"schema: this version reads schema 1 and {SCHEMA}")
    if "name" in given:
        raise UnreadablePolicy("name: there is no such field")
    try:
        return PolicyRules.model_validate({**given, "name": name or str(given.get("title", ""))})
    except ValidationError as error:
        raise UnreadablePolicy(_first(error)) from error


def document_of(rules: PolicyRules) -> dict[str, Any]:
    """The whole document of schema 2, every field said, in the order of a person's reading."""
    return {"schema": SCHEMA, **rules.model_dump(mode="json")}


def _at(sign_off: SignOff, level: str) -> bool:
    return sign_off.applies(level, "")


def _each_once(field: str, keys: list[str]) -> None:
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ValueError(f"{field}: “{twice}” stands twice")


def _first(error: ValidationError) -> str:
    """`stages[0].sign_offs[1].quorum: …` of the first thing that is wrong."""
    found = error.errors(include_url=False)[0]
    where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in found["loc"])
    message = str(found["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
    message = _PLAIN.get(found["type"], message)
    return f"{where.lstrip('.')}: {message}" if where else message


_PLAIN = {
    "bool_type": "true or false is needed",
    "extra_forbidden": "there is no such field",
    "int_type": "a whole number is needed",
    "missing": "this field is needed",
    "model_type": "an object with named fields is needed",
    "string_type": "a text is needed",
    "too_short": "a list with at least one item is needed",
    "tuple_type": "a list is needed",
}
