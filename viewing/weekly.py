"""The last seven viewing days of an account's children (contract, "Weekly report")."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from perfmetrics import metrics
from viewing import report_sql, rules
from viewing.balances import minutes
from viewing.models import Profile, ViewingTimeConfig
from viewing.report_sql import WeekSum
from viewing.reports import Period

DAYS: Final = 7
MOST_TITLES: Final = 3


def weekly_report(user_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The report of the account's kids profiles in the order they were made; three statements however many."""
    started = time.perf_counter()
    queries = 0

    def counting(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*args)

    with connection.execute_wrapper(counting):
        report = _report(user_id, now=now)
    metrics.count_report(queries=queries, seconds=time.perf_counter() - started)
    return report


def _report(user_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Indexes: profile_user_created_idx, the settings' primary key, session_profile_started_idx."""
    profiles = list(Profile.objects.filter(user_id=user_id, is_kids=True).order_by("created_at", "id"))
    configs = _configs(profiles)
    week = _week((_schedule(config) for config in configs.values()), now=now)
    sums = _sums(profiles, week)
    return {
        "week_start": week.from_date,
        "week_end": week.to_date,
        "profiles": [_profile_answer(profile, configs[profile.id], week, sums[profile.id]) for profile in profiles],
    }


def _configs(profiles: list[Profile]) -> dict[UUID, ViewingTimeConfig]:
    """The settings by profile; the defaults where there are none."""
    found = {config.profile_id: config for config in ViewingTimeConfig.objects.filter(profile__in=profiles)}
    return {profile.id: found.get(profile.id) or ViewingTimeConfig() for profile in profiles}


def _schedule(config: ViewingTimeConfig) -> rules.Schedule:
    held = None
    if config.held_day and config.held_since and config.held_until:
        held = rules.ViewingDay(config.held_day, config.held_since, config.held_until)
    return rules.Schedule(config.timezone, config.reset_hour, held)


def _week(schedules: Iterable[rules.Schedule], *, now: datetime) -> Period:
    """The same seven dates for all: up to the latest running viewing day, without children up to today in UTC."""
    last = max((rules.viewing_day(schedule, now=now) for schedule in schedules), default=now.astimezone(UTC).date())
    return Period(last - timedelta(days=DAYS - 1), last)


def _sums(profiles: list[Profile], week: Period) -> dict[UUID, list[WeekSum]]:
    sums: dict[UUID, list[WeekSum]] = {profile.id: [] for profile in profiles}
    if profiles:
        for row in report_sql.week_sums(sums, week, titles=MOST_TITLES):
            sums[row.profile_id].append(row)
    return sums


def _profile_answer(profile: Profile, config: ViewingTimeConfig, week: Period, sums: list[WeekSum]) -> dict[str, Any]:
    by_day = {row.day: row for row in sums if row.day}
    days = [_day_answer(day, config, by_day.get(day)) for day in week.dates()]
    total = sum(row.total for row in by_day.values())
    return {
        "profile_id": profile.id,
        "profile_name": profile.name,
        "daily_totals": days,
        "average_daily_minutes": round(total / 60 / DAYS, 2),
        "total_minutes": minutes(total),
        "educational_minutes": minutes(sum(row.educational for row in by_day.values())),
        "limit_usage_percent": _percent(total, sum(day["limit_minutes"] or 0 for day in days)),
        "top_titles": [
            {"title_id": row.title_id, "title_name": row.title_name, "total_minutes": minutes(row.total)}
            for row in sums
            if row.title_id
        ],
    }


def _day_answer(day: date, config: ViewingTimeConfig, row: WeekSum | None) -> dict[str, Any]:
    weekday, weekend = config.weekday_limit_minutes, config.weekend_limit_minutes
    return {
        "date": day,
        "minutes": minutes(row.total if row else 0),
        "counted_minutes": minutes(row.counted if row else 0),
        "educational_minutes": minutes(row.educational if row else 0),
        "limit_minutes": rules.limit_minutes_for(day=day, weekday=weekday, weekend=weekend),
    }


def _percent(total_seconds: int, limit_minutes: int) -> float | None:
    return round(100 * total_seconds / (limit_minutes * 60), 1) if limit_minutes else None
