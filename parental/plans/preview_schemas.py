"""The answers of preview and explain."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from ninja import Schema

from parental.plans.schemas import QuietOut, Weekday
from viewing.rules.standing import Reason


class StretchOut(Schema):
    """A time at which something may play; `learning`: educational titles."""

    opens_at: datetime
    closes_at: datetime
    track: Literal["fun", "learning"]


class NamedException(Schema):
    id: UUID
    name: str


class PreviewDay(Schema):
    """What the plan makes of a date. `sources`: "plan", or the exception that decided it."""

    date: date
    weekday: Weekday
    is_weekend: bool
    limit_minutes: int | None
    counts_to_week: bool
    windows: list[StretchOut]
    quiet: list[QuietOut]
    sources: dict[str, str]
    exceptions: list[NamedException]


class PreviewOut(Schema):
    days: list[PreviewDay]


class ExplainedDayOut(Schema):
    """An earlier day of the week. `own_minutes`: what it cost the week; `carried_on_minutes`: what it left the next."""

    date: date
    used_minutes: float
    own_minutes: float
    carried_on_minutes: float


class Check(Schema):
    """One rule: whether it lets something play, and with which values. Fields of other rules are absent or null."""

    check: Literal["lock", "hours", "day", "week"]
    passes: bool
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    note: str | None = None
    limit_minutes: float | None = None
    carried_minutes: float | None = None
    granted_minutes: float | None = None
    used_minutes: float | None = None
    is_unlimited: bool | None = None
    source: str | None = None
    exception: str | None = None
    days: list[ExplainedDayOut] | None = None


class ExplainOut(Schema):
    at: datetime
    allowed: bool
    reason: Reason | None
    sentence: str
    next_allowed_at: datetime | None
    checks: list[Check]
    what_helps: list[Literal["unlock", "despite_hours", "grant", "wait"]]
