"""Freeze windows: times in which nothing is released, in a time zone that the policy names."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_ZONES = available_timezones()


def _zone(value: str) -> str:
    if value not in _ZONES:
        raise ValueError("write a time zone such as Europe/Berlin")
    return value


Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$"


class Freeze(BaseModel):
    """Once, from `start` to `end` (2026-12-18T18:00), or weekly on `days` from `after` to `before`.

    A weekly window whose `before` is not after its `after` ends on the next day. Wall-clock times
    that a change of the clocks skips or repeats are read as the earlier one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: Annotated[str, Field(min_length=1, max_length=80)]
    time_zone: Zone
    start: Annotated[str, Field(pattern=_MOMENT)] | None = None
    end: Annotated[str, Field(pattern=_MOMENT)] | None = None
    days: tuple[Day, ...] = ()
    after: Annotated[str, Field(pattern=_CLOCK)] | None = None
    before: Annotated[str, Field(pattern=_CLOCK)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("days"), list):
            return {**data, "days": tuple(data["days"])}
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Freeze:
        once = self.start is not None and self.end is not None
        weekly = bool(self.days) and self.after is not None and self.before is not None
        parts = [self.start, self.end], [self.days or None, self.after, self.before]
        mixed = any(p is not None for p in parts[1 if once else 0])
        if once == weekly or mixed:
            raise ValueError("give start and end, or days with after and before")
        if self.start is not None and self.end is not None:
            try:
                moments = self._moment(self.start), self._moment(self.end)
            except ValueError:
                raise ValueError("start and end: there is no such day") from None
            if moments[0] >= moments[1]:
                raise ValueError("end is not after start")
        return self

    def until(self, at: datetime) -> datetime | None:
        """When the window ends that `at` (aware) lies in; None outside of it."""
        if self.start is not None and self.end is not None:
            end = self._moment(self.end)
            return end if self._moment(self.start) <= at < end else None
        local = at.astimezone(ZoneInfo(self.time_zone)).date()
        # A window that crosses midnight began yesterday.
        for day in (local - timedelta(days=1), local):
            start, end = self._on(day)
            if DAYS[day.weekday()] in self.days and start <= at < end:
                return end
        return None

    def _on(self, day: date) -> tuple[datetime, datetime]:
        after, before = _clock(self.after or "00:00"), _clock(self.before or "00:00")
        end_day = day if before > after else day + timedelta(days=1)
        return self._aware(day, after), self._aware(end_day, before)

    def _moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.time_zone))

    def _aware(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, ZoneInfo(self.time_zone))


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def frozen_until(freezes: tuple[Freeze, ...], at: datetime) -> tuple[str, datetime] | None:
    """The title and end of the window that `at` lies in and that ends last; None outside."""
    found = [(end, freeze.title) for freeze in freezes if (end := freeze.until(at)) is not None]
    if not found:
        return None
    end, title = max(found)
    return title, end
