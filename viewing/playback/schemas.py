"""The bodies of what a player asks alongside its heartbeats."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Field, Schema

from viewing.rules.standing import LimitedBy, Reason

HoursKind = Literal["bedtime", "school", "other", "closed"]


class BalanceOut(Schema):
    profile_id: UUID
    is_child_profile: bool
    has_limits: bool
    used_minutes: float
    educational_minutes: float
    limit_minutes: float | None
    remaining_minutes: float | None
    is_unlimited_override: bool
    next_reset_at: datetime | None
    warning_threshold_minutes: list[int]
    granted_minutes: float


class RunningLock(Schema):
    since: datetime
    until: datetime | None
    note: str


class RunningWeek(Schema):
    limit_minutes: float
    used_minutes: float
    remaining_minutes: float
    ends_at: datetime


class PlannedBalanceOut(BalanceOut):
    """With a week plan. Fields that do not apply are absent."""

    budget_remaining_minutes: float | None = Field(description="Of the day's and the week's time alone.")
    limited_by: LimitedBy | None = None
    closes_at: datetime | None = None
    opens_at: datetime | None = None
    carried_minutes: float | None = None
    week: RunningWeek | None = None
    locked: RunningLock | None = None
    open_until: datetime | None = None
    educational_only: bool | None = Field(None, description="Only educational titles may play.")
    exception: str | None = Field(None, description="The name of the exception that holds today.")
    reason: Reason | None = Field(None, description="Only where nothing may play.")
    hours_kind: HoursKind | None = Field(None, description="Only with `outside_hours`.")
    note: str | None = Field(None, description="Only with `locked`: what the parent wrote.")
    sentence: str | None = Field(None, description="The reason in words, as parents read it.")


class EligibilityOut(Schema):
    eligible: bool
    remaining_minutes: float | None
    reason: str | None
    next_reset_at: datetime | None


class PlannedEligibilityOut(EligibilityOut):
    """With a week plan. Fields that do not apply are absent."""

    reason_code: Reason = Field(description="Only where nothing may start.")
    next_allowed_at: datetime | None = Field(None, description="Null: not by time alone.")
    educational_only: bool | None = Field(None, description="Without `title_id`: only educational titles may start.")
    hours_kind: HoursKind | None = Field(None, description="Only with `outside_hours`.")
    note: str | None = Field(None, description="Only with `locked`: what the parent wrote.")
    sentence: str | None = Field(None, description="The reason in words, as parents read it.")


class SessionEndOut(Schema):
    session_id: UUID
    total_seconds: int
    ended_at: datetime


class TitleOut(Schema):
    id: UUID
    name: str
    is_educational: bool
    duration_minutes: float | None = Field(description="Null: unknown.")


class TitleForProfileOut(TitleOut):
    """With `profile_id`."""

    may_begin: bool
    fits: bool | None = Field(description="Whether it can be watched to its end. Null: its length is unknown.")
    reason: Reason | None = Field(None, description="Only where it may not begin.")
