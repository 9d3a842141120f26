"""What is left today: the answers of balance and playback eligibility."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from viewing import rules
from viewing.hotpath import entries, threads
from viewing.models import ViewingTimeBalance
from viewing.playback import planned_balances
from viewing.playback.schemas import BalanceOut, EligibilityOut
from viewing.profile import Profile
from viewing.schemas import minutes, minutes_or_none


@dataclass(frozen=True, slots=True)
class Balance:
    """A child's running viewing day."""

    allowance: rules.Allowance
    educational_seconds: int
    next_reset_at: datetime


def read_balance(profile: Profile, *, now: datetime) -> Balance:
    """The balance of the child's running viewing day, in one statement; zeros before the first beat.

    For the reading thread of the players' path: devices poll while they are locked, and a thread per request slowed
    every beat.
    """
    running = rules.running_day(profile.schedule, now=now)
    rows = ViewingTimeBalance.objects.using(threads.ALIAS).filter(profile_id=profile.id, day=running.day)
    return _balance(profile, running, rows.first())


def read_balances(profiles: Sequence[Profile], *, now: datetime) -> dict[UUID, Balance]:
    """As `read_balance`, of many children in one statement. Index: balance_profile_day_uniq."""
    running = {profile.id: rules.running_day(profile.schedule, now=now) for profile in profiles}
    days = {day.day for day in running.values()}
    rows = ViewingTimeBalance.objects.using(threads.ALIAS).filter(profile__in=list(running), day__in=days)
    present = {row.profile_id: row for row in rows if row.day == running[row.profile_id].day}
    return {profile.id: _balance(profile, running[profile.id], present.get(profile.id)) for profile in profiles}


def _balance(profile: Profile, running: rules.ViewingDay, row: ViewingTimeBalance | None) -> Balance:
    row = row or ViewingTimeBalance()
    return Balance(
        allowance=row.allowance(profile.limit_minutes(running.day)),
        educational_seconds=row.educational_seconds,
        next_reset_at=running.until,
    )


def balance_answer(profile: Profile, now: datetime) -> BalanceOut | dict[str, object]:
    """The body of GET /balance; zeros and nulls for an adult. With a week plan it is a dict."""
    if profile.planned is not None:
        return planned_balances.balance_answer(profile, profile.planned, now)
    return _answer(profile, read_balance(profile, now=now) if profile.is_kids else None)


def balance_of_row(profile: Profile, row: ViewingTimeBalance, *, now: datetime) -> dict[str, object]:
    """The body of GET /balance as JSON-ready values, from the day's row: an empty one before the first beat."""
    if profile.planned is not None:
        return planned_balances.balance_answer(profile, profile.planned, now, row=row)
    running = rules.running_day(profile.schedule, now=now)
    found = _answer(profile, _balance(profile, running, row) if profile.is_kids else None)
    return found.model_dump(mode="json")


def balance_answers(profile_ids: Collection[UUID], now: datetime) -> dict[UUID, BalanceOut]:
    """The same for many profiles of any accounts, in two statements; unknown ids are left out.

    One more for each that has a week plan.
    """
    profiles = entries.read_profiles(profile_ids)
    found = read_balances([profile for profile in profiles if profile.is_kids], now=now)
    return {profile.id: _answer(profile, found.get(profile.id)) for profile in profiles if not profile.planned} | {
        profile.id: planned_balances.short_answer(profile, profile.planned, now)
        for profile in profiles
        if profile.planned
    }


def _answer(profile: Profile, balance: Balance | None) -> BalanceOut:
    if balance is not None:
        allowance, educational_seconds = balance.allowance, balance.educational_seconds
        next_reset_at: datetime | None = balance.next_reset_at
    else:
        allowance, educational_seconds, next_reset_at = rules.Allowance(None), 0, None
    return BalanceOut(
        profile_id=profile.id,
        is_child_profile=profile.is_kids,
        has_limits=allowance.limit_minutes is not None,
        used_minutes=minutes(allowance.used_seconds),
        educational_minutes=minutes(educational_seconds),
        limit_minutes=allowance.limit_minutes,
        remaining_minutes=minutes_or_none(allowance.remaining_seconds),
        is_unlimited_override=allowance.is_unlimited,
        next_reset_at=next_reset_at,
        warning_threshold_minutes=list(rules.WARNING_THRESHOLDS_MINUTES),
        granted_minutes=minutes(allowance.granted_seconds),
    )


def eligibility_answer(
    profile: Profile, now: datetime, is_educational: bool | None = None
) -> EligibilityOut | dict[str, object]:
    """The body of GET /playback-eligible; a profile that nothing limits is eligible, with nulls.

    `is_educational`: of the title that was named, which matters with a week plan only; that answer is a dict.
    """
    if profile.planned is not None:
        return planned_balances.eligibility_answer(profile, profile.planned, now, is_educational=is_educational)
    balance = read_balance(profile, now=now) if profile.is_kids else None
    remaining = balance.allowance.remaining_seconds if balance else None
    if balance is None or remaining is None:
        return EligibilityOut(eligible=True, remaining_minutes=None, reason=None, next_reset_at=None)
    return EligibilityOut(
        eligible=remaining > 0,
        remaining_minutes=minutes(remaining),
        reason=None if remaining > 0 else "Daily viewing time limit reached",
        next_reset_at=balance.next_reset_at,
    )
