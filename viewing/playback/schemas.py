"""The bodies of what a player asks alongside its heartbeats."""

from datetime import datetime
from uuid import UUID

from ninja import Schema


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


class EligibilityOut(Schema):
    eligible: bool
    remaining_minutes: float | None
    reason: str | None
    next_reset_at: datetime | None


class SessionEndOut(Schema):
    session_id: UUID
    total_seconds: int
    ended_at: datetime


class TitleOut(Schema):
    id: UUID
    name: str
    is_educational: bool
