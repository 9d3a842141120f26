"""Seven viewing days of an account's children (docs/contract.md#weekly-report): the last, or any and those before."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from perfmetrics.counting import metrics
from viewing import rules
from viewing.errors import Refusal
from viewing.models import Profile, ViewingTimeConfig
from viewing.playback import plan_reads
from viewing.reports import sql
from viewing.reports.answers import ProfileWeek, TopTitle, WeekDay, WeeklyReport
from viewing.reports.periods import Period, shifted
from viewing.reports.sql import WeekSum
from viewing.rules.plan import Plan, day_plan
from viewing.rules.standing import PlannedChild
from viewing.schemas import minutes

DAYS: Final = 7
MAX_TITLES: Final = 3

# The account's kids profiles in the order they were made, each with its settings.
Children = list[tuple[Profile, ViewingTimeConfig]]
# Of those that have one, by profile.
Plans = Mapping[UUID, PlannedChild]


@dataclass(frozen=True, slots=True)
class ComparedWeek:
    """A child's week with the seven days before it; `today` is the child's running viewing day."""

    week: ProfileWeek
    before: ProfileWeek
    today: date


@dataclass(frozen=True, slots=True)
class ComparedReport:
    """A weekly report with the week before; `latest` is the last day of the running week."""

    report: WeeklyReport
    profiles: list[ComparedWeek]
    latest: date


def weekly_report(user_id: UUID, *, now: datetime) -> WeeklyReport:
    """The report of the account's kids profiles in the order they were made; three statements however many.

    One more where any of them has a week plan.

    Indexes: profile_user_created_idx, the settings' primary key, session_profile_started_idx.
    """
    with _counted():
        children = _children(user_id)
        week = _running_week(children, now=now)
        return _report(children, week, _plans(children, week, now=now))


def compared_report(user_id: UUID, *, now: datetime, last: date | None) -> ComparedReport:
    """The report of the seven days up to `last` (None: those of `weekly_report`); four statements however many.

    Refusal 422: `last` is in the future.
    """
    children = _children(user_id)
    latest = _running_week(children, now=now).to_date
    week = _week_to(last or latest)
    if week.to_date > latest:
        raise Refusal("invalid", "The week must not end after today")
    before = _week_to(shifted(week.from_date, -timedelta(days=1)))
    plans = _plans(children, before, now=now)
    report, earlier = (_report(children, each, plans) for each in (week, before))
    compared = [
        ComparedWeek(week=week_of_child, before=before, today=rules.viewing_day(config.schedule, now=now))
        for week_of_child, before, (_, config) in zip(report.profiles, earlier.profiles, children, strict=True)
    ]
    return ComparedReport(report=report, profiles=compared, latest=latest)


@contextmanager
def _counted() -> Iterator[None]:
    """Counts a report of the API with its database queries; the page's comparison takes one more."""
    started = time.perf_counter()
    queries = 0

    def counting(execute: Callable[..., object], *args: object) -> object:
        nonlocal queries
        queries += 1
        return execute(*args)

    with connection.execute_wrapper(counting):
        yield
    metrics.count_report(queries=queries, seconds=time.perf_counter() - started)


def _plans(children: Children, first: Period, *, now: datetime) -> Plans:
    """The week plans from the first date on; one statement where any child has one, else none."""
    return plan_reads.for_children((config for _, config in children), now=now, since=first.from_date)


def _report(children: Children, week: Period, plans: Plans) -> WeeklyReport:
    sums = _sums([profile for profile, _ in children], week)
    return WeeklyReport(
        week_start=week.from_date,
        week_end=week.to_date,
        profiles=[
            _profile_week(profile, week, sums[profile.id], config, plans.get(profile.id))
            for profile, config in children
        ],
    )


def _children(user_id: UUID) -> Children:
    """Where there are no settings, the defaults."""
    profiles = list(Profile.objects.filter(user_id=user_id, is_kids=True).order_by("created_at", "id"))
    found = {config.profile_id: config for config in ViewingTimeConfig.objects.filter(profile__in=profiles)}
    return [(profile, found.get(profile.id) or ViewingTimeConfig()) for profile in profiles]


def _running_week(children: Children, *, now: datetime) -> Period:
    return _week((config.schedule for _, config in children), now=now)


def _week(schedules: Iterable[rules.Schedule], *, now: datetime) -> Period:
    """The same seven dates for all: up to the latest running viewing day, without children up to today in UTC."""
    return _week_to(max((rules.viewing_day(each, now=now) for each in schedules), default=now.astimezone(UTC).date()))


def _week_to(last: date) -> Period:
    return Period(shifted(last, timedelta(days=1 - DAYS)), last)


def _sums(profiles: list[Profile], week: Period) -> dict[UUID, list[WeekSum]]:
    sums: dict[UUID, list[WeekSum]] = {profile.id: [] for profile in profiles}
    if profiles:
        for row in sql.week_sums(sums, week, titles=MAX_TITLES):
            sums[row.profile_id].append(row)
    return sums


def _profile_week(
    profile: Profile, week: Period, sums: list[WeekSum], config: ViewingTimeConfig, planned: PlannedChild | None
) -> ProfileWeek:
    plan = planned.plan if planned else None
    by_day = {row.day: row for row in sums if row.day}
    days = [_week_day(day, by_day.get(day), config, plan) for day in week.dates()]
    total = sum(row.total for row in by_day.values())
    return ProfileWeek(
        profile_id=profile.id,
        profile_name=profile.name,
        daily_totals=days,
        average_daily_minutes=round(total / 60 / DAYS, 2),
        total_minutes=minutes(total),
        educational_minutes=minutes(sum(row.educational for row in by_day.values())),
        limit_usage_percent=_percent(total, sum(day.limit_minutes or 0 for day in days)),
        top_titles=[
            TopTitle(title_id=row.title_id, title_name=row.title_name or "", total_minutes=minutes(row.total))
            for row in sums
            if row.title_id
        ],
        has_plan=plan is not None,
        week_limit_minutes=plan.week_limit if plan else None,
    )


def _week_day(day: date, row: WeekSum | None, config: ViewingTimeConfig, plan: Plan | None) -> WeekDay:
    """With the limit as set now."""
    planned = day_plan(plan, day) if plan else None
    return WeekDay(
        date=day,
        minutes=minutes(row.total if row else 0),
        counted_minutes=minutes(row.counted if row else 0),
        educational_minutes=minutes(row.educational if row else 0),
        limit_minutes=planned.limit if planned else config.limit_minutes(day),
        exception=planned.exceptions[0].name if planned and planned.exceptions else None,
    )


def _percent(total_seconds: int, limit_minutes: int) -> float | None:
    return round(100 * total_seconds / (limit_minutes * 60), 1) if limit_minutes else None
