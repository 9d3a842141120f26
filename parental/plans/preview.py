"""What a plan makes of the coming days: limits and open hours by date, and which exception decided them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from parental.children import limits
from parental.plans import schemas, storage
from parental.plans.preview_schemas import NamedException, PreviewDay, PreviewOut, StretchOut
from viewing import rules
from viewing.errors import Refusal
from viewing.models import Profile, ViewingTimeConfig
from viewing.planned import TRACKS
from viewing.playback import plan_reads
from viewing.rules.hours import Timetable, Track, stretches
from viewing.rules.plan import Plan, PlanException, day_plan

MAX_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Day:
    """A date of the plan in its zone."""

    plan: Plan
    timezone: str
    day: date


def read(profile_id: UUID, *, from_date: date | None, to_date: date | None, now: datetime) -> PreviewOut:
    """The days of the API's answer. Refusal 422: out of the two weeks from today; 503: not available."""
    config = limits.read(profile_id, now=now)
    today = rules.viewing_day(config.schedule, now=now)
    first = from_date or today
    last = to_date or today + timedelta(days=MAX_DAYS - 1)
    if not today <= first <= last < today + timedelta(days=MAX_DAYS):
        raise Refusal("invalid", f"A preview covers at most {MAX_DAYS} days from today")
    return PreviewOut(
        days=[answer(day) for day in days(profile_id, first=first, count=(last - first).days + 1, now=now)]
    )


def days(profile_id: UUID, *, first: date | None, count: int, now: datetime) -> list[Day]:
    """Days of the child's plan, from today where `first` is None; three statements at most. Refusal as `read`."""
    storage.require_plans()
    config = limits.read(profile_id, now=now)
    found = plan_reads.for_child(config, now=now)
    table = found.table if found else Timetable(_only_limits(config), config.timezone)
    since = first or rules.viewing_day(config.schedule, now=now)
    return [Day(table.plan, table.timezone, since + timedelta(days=n)) for n in range(count)]


def _only_limits(config: ViewingTimeConfig) -> Plan:
    user_id = Profile.objects.values_list("user_id", flat=True).get(pk=config.pk)
    return storage.recurring_plan(config, storage.read_calendar(user_id))


def answer(day: Day) -> PreviewDay:
    """A day as the API shows it."""
    found = day_plan(day.plan, day.day)
    return PreviewDay(
        date=day.day,
        weekday=schemas.weekday_names([day.day.weekday()])[0],
        is_weekend=found.is_weekend,
        limit_minutes=found.limit,
        counts_to_week=found.counts_to_week,
        windows=[
            StretchOut(opens_at=begins, closes_at=ends, track=track)
            for track in TRACKS.values()
            for begins, ends in _stretches(day, track)
        ],
        quiet=[schemas.quiet_out(quiet) for quiet in found.quiet],
        sources={
            "limit_minutes": _source(found.limit_by),
            "windows": _source(found.windows_by),
            "bedtime": _source(found.bedtime_by),
        },
        exceptions=[NamedException(id=each.id, name=each.name) for each in found.exceptions],
    )


def _stretches(day: Day, track: Track) -> tuple[tuple[datetime, datetime], ...]:
    return stretches(day.plan, day.timezone, day.day, day.day, track)


def _source(exception: PlanException | None) -> str:
    return "plan" if exception is None else f"exception:{exception.id}"


def _until(ends: datetime, zone: ZoneInfo) -> str:
    local = ends.astimezone(zone)
    return "24:00" if local.time() == time() else f"{local:%H:%M}"


def row(day: Day) -> dict[str, Any]:
    """A day as the page shows it: the open hours in local time, as text and as parts of a bar of 24 hours.

    `learning`: the hours of educational titles, where they have others.
    """
    found, zone = day_plan(day.plan, day.day), rules.zone_for(day.timezone)
    midnight, end = (rules.wall_instant(day.timezone, day.day, minute) for minute in (0, 1440))
    length = (end - midnight).total_seconds()

    def spoken(open_hours: tuple[tuple[datetime, datetime], ...]) -> list[str]:
        return [f"{begins.astimezone(zone):%H:%M}–{_until(ends, zone)}" for begins, ends in open_hours]

    def bars(open_hours: tuple[tuple[datetime, datetime], ...]) -> list[dict[str, int]]:
        return [
            {
                "x": round(1000 * (begins - midnight).total_seconds() / length),
                "width": round(1000 * (ends - begins).total_seconds() / length),
            }
            for begins, ends in open_hours
        ]

    fun, learning = _stretches(day, "fun"), _stretches(day, "learning")
    return {
        "date": day.day,
        "is_weekend": found.is_weekend,
        "limit": found.limit,
        "hours": spoken(fun),
        "bars": bars(fun),
        "is_all_day": list(fun) == [(midnight, end)],
        "learning": spoken(learning) if learning != fun else [],
        "learning_bars": bars(learning) if learning != fun else [],
        "exceptions": [each.name for each in found.exceptions],
    }
