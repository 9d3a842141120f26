"""What is left today: the answers of balance and eligibility, and the figures that a heartbeat's answer takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from viewing import rules
from viewing.hotpath import threads
from viewing.models import ViewingTimeBalance
from viewing.profile import Profile
from viewing.schemas import minutes


@dataclass(frozen=True, slots=True)
class Balance:
    """A child's running viewing day, in seconds; `remaining_seconds` None where nothing limits."""

    used_seconds: int
    educational_seconds: int
    granted_seconds: int
    is_unlimited_override: bool
    limit_minutes: int | None
    remaining_seconds: int | None
    next_reset_at: datetime


def read_balance(profile: Profile, *, now: datetime) -> Balance:
    """The balance of the child's running viewing day, one statement; zeros before its first beat.

    For the reading thread of the players' path: devices ask while they are locked, and a thread each slowed every beat.
    """
    running = rules.running_day(profile.schedule, now=now)
    rows = ViewingTimeBalance.objects.using(threads.ALIAS).filter(profile_id=profile.id, day=running.day)
    row = rows.first() or ViewingTimeBalance()
    limit_minutes = profile.limit_minutes(running.day)
    return Balance(
        used_seconds=row.used_seconds,
        educational_seconds=row.educational_seconds,
        granted_seconds=row.granted_seconds,
        is_unlimited_override=row.is_unlimited_override,
        limit_minutes=limit_minutes,
        remaining_seconds=rules.remaining_seconds(
            limit_minutes=limit_minutes,
            used_seconds=row.used_seconds,
            granted_seconds=row.granted_seconds,
            unlimited=row.is_unlimited_override,
        ),
        next_reset_at=running.until,
    )


def balance_answer(profile: Profile, now: datetime) -> dict[str, Any]:
    """The body of GET /balance: an adult's is zeros and nulls."""
    balance = read_balance(profile, now=now) if profile.is_kids else None
    return {
        "profile_id": profile.id,
        "is_child_profile": profile.is_kids,
        "has_limits": balance is not None and balance.limit_minutes is not None,
        "used_minutes": minutes(balance.used_seconds) if balance else 0,
        "educational_minutes": minutes(balance.educational_seconds) if balance else 0,
        "limit_minutes": balance.limit_minutes if balance else None,
        "remaining_minutes": _minutes_or_none(balance.remaining_seconds) if balance else None,
        "is_unlimited_override": balance.is_unlimited_override if balance else False,
        "next_reset_at": balance.next_reset_at if balance else None,
        "warning_threshold_minutes": list(rules.WARNING_THRESHOLDS_MINUTES),
        "granted_minutes": minutes(balance.granted_seconds) if balance else 0,
    }


def eligibility_answer(profile: Profile, now: datetime) -> dict[str, Any]:
    """The body of GET /playback-eligible: who is not limited is eligible, with nulls."""
    balance = read_balance(profile, now=now) if profile.is_kids else None
    if balance is None or balance.remaining_seconds is None:
        return {"eligible": True, "remaining_minutes": None, "reason": None, "next_reset_at": None}
    is_eligible = balance.remaining_seconds > 0
    return {
        "eligible": is_eligible,
        "remaining_minutes": minutes(balance.remaining_seconds),
        "reason": None if is_eligible else "Daily viewing time limit reached",
        "next_reset_at": balance.next_reset_at,
    }


def _minutes_or_none(seconds: int | None) -> float | None:
    return None if seconds is None else minutes(seconds)
