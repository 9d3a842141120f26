"""A child's week plan from what the database holds of it, and the memo that saves most of that work.

An entry of the cache lives a minute and a heartbeat comes every 30 s: what is built when it is read again is paid for
by every second heartbeat. So a plan whose version is known is neither sent nor built again.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings

from viewing import rules
from viewing.models.plans import DEFAULT_WEEKEND
from viewing.planned import Planned
from viewing.rules.documents import limits_from_classes, read_changes, read_plan, weekdays_from_mask
from viewing.rules.hours import Timetable
from viewing.rules.plan import Lock, Plan, PlanException
from viewing.rules.standing import PlannedChild
from viewing.rules.weeks import Past

# What a day may depend on: the week before it, in any zone and with a held day, and two weeks of answers ahead.
DAYS_BACK: Final = 9
DAYS_AHEAD: Final = 17
# Exceptions are read so far ahead that a plan may be a day old.
MAX_AGE: Final = timedelta(days=1)
# A host whose clock is slow may still write to the day before.
STRAGGLERS: Final = timedelta(seconds=60)
UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class PlanColumns:
    """The plan's columns in a child's settings, and those of the family's calendar (None: no row).

    `plan`, parsed or as text, and `exceptions`, as text, are JSON; None where there are none.
    """

    weekday_limit_minutes: int | None
    weekend_limit_minutes: int | None
    day_limits: list[int | None] | None
    plan: Any
    locked_at: datetime | None
    locked_until: datetime | None
    lock_note: str
    open_until: datetime | None
    weekend_days: int | None
    week_starts_on: int | None
    exceptions: str | None


def build_plan(columns: PlanColumns) -> Plan:
    """The whole plan. While WEEK_PLAN is off it is the two limits and the lock: "stop" always works."""
    lock = None if columns.locked_at is None else Lock(columns.locked_at, columns.locked_until, columns.lock_note)
    if not settings.WEEK_PLAN:
        pair = rules.Limits.from_pair(weekday=columns.weekday_limit_minutes, weekend=columns.weekend_limit_minutes)
        return Plan(limits=pair, lock=lock)
    weekend = weekdays_from_mask(DEFAULT_WEEKEND if columns.weekend_days is None else columns.weekend_days)
    stored = json.loads(columns.plan) if isinstance(columns.plan, str) else columns.plan
    plan = read_plan(stored, limits_of(columns, weekend), weekend=weekend, week_starts_on=columns.week_starts_on or 0)
    return replace(plan, exceptions=read_exceptions(columns.exceptions), lock=lock, open_until=columns.open_until)


def limits_of(columns: Any, weekend: frozenset[int]) -> rules.Limits:
    """The seven limits of a row that has the columns of settings."""
    if columns.day_limits is not None:
        first, second, third, fourth, fifth, sixth, seventh = columns.day_limits
        return rules.Limits((first, second, third, fourth, fifth, sixth, seventh))
    return limits_from_classes(
        weekday=columns.weekday_limit_minutes, weekend=columns.weekend_limit_minutes, weekend_days=weekend
    )


def read_exceptions(text: str | None) -> tuple[PlanException, ...]:
    """The exceptions in the order of their ranks, from a JSON list of rows."""
    found = [] if text is None else [_exception(row) for row in json.loads(text)]
    return tuple(sorted(found, key=lambda exception: exception.rank))


def _exception(row: dict[str, Any]) -> PlanException:
    return PlanException(
        id=UUID(row["id"]),
        name=row["name"],
        source=row["source"],
        is_for_all=row["profile_id"] is None,
        from_date=date.fromisoformat(row["from_date"]),
        to_date=date.fromisoformat(row["to_date"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        changes=read_changes(row["changes"]),
    )


def read_past(text: str | None) -> Past:
    """Seconds used by date, from a JSON object."""
    days: Iterable[tuple[str, int]] = () if text is None else json.loads(text).items()
    return {date.fromisoformat(day): used for day, used in days}


@dataclass(frozen=True, slots=True)
class Key:
    """What is compared at each read of a profile: the plan's version, and what older workers change without one."""

    version: int
    schedule: rules.Schedule
    columns: PlanColumns


class Known(NamedTuple):
    """What the memo holds of a child. `past_read_at` None: earlier days did not matter."""

    key: Key
    table: Timetable
    made_at: datetime
    planned: Planned | None
    past_text: str | None
    past_read_at: datetime | None


class Asked(NamedTuple):
    """What to read of a profile: nothing of the plan if it has this version, and whether earlier days are needed.

    `known`: what was known when it was asked. The others of the same read may push it out of the memo.
    """

    version: int
    with_past: bool
    known: Known | None = None


class Memo:
    """The plans of the children seen last. Used by the reading thread only."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, Known] = OrderedDict()

    def asked(self, profile_id: UUID, *, now: datetime) -> Asked:
        """What has to be read of a profile, whether or not it is known."""
        known = self._known.get(profile_id)
        if known is None or now - known.made_at > MAX_AGE:
            return Asked(UNKNOWN, with_past=True)
        read_at = known.past_read_at
        day = rules.running_day(known.key.schedule, now=now)
        with_past = read_at is None or read_at < day.since + STRAGGLERS
        return Asked(known.key.version, with_past=with_past, known=known)

    def planned(
        self, profile_id: UUID, key: Key, asked: Asked, *, past: str | None, read_at: datetime
    ) -> tuple[Plan, Planned | None]:
        """The child's plan, from the memo as far as nothing has changed; None: the limits are all there is.

        `past`: as read, if it was asked for. `read_at`: before the statement that read it.
        """
        before = known = asked.known
        if known is not None and asked.version == key.version:
            # Nothing of the plan was sent: the memo's columns hold it.
            kept = known.key.columns
            columns = replace(
                key.columns,
                plan=kept.plan,
                weekend_days=kept.weekend_days,
                week_starts_on=kept.week_starts_on,
                exceptions=kept.exceptions,
            )
            key = replace(key, columns=columns)
        else:
            known = None
        if known is None or known.key != key:
            table, made_at = Timetable(build_plan(key.columns), key.schedule.timezone), read_at
        else:
            table, made_at = known.table, known.made_at
        plan = table.plan
        past_read_at: datetime | None = read_at
        if not asked.with_past and before is not None:
            # Not sent either, whichever version the plan has now.
            past, past_read_at = before.past_text, before.past_read_at
        if not plan.uses_week:
            past, past_read_at = None, None
        stale_at = rules.running_day(key.schedule, now=read_at).until if plan.uses_week else None
        planned: Planned | None
        if key.columns.day_limits is None and is_only_limits(plan):
            planned = None
        elif (
            known is not None
            and known.table is table
            and known.planned is not None
            and known.past_text == past
            and known.planned.stale_at == stale_at
        ):
            planned = known.planned
        else:
            planned = Planned(PlannedChild(table, key.schedule, read_past(past)), stale_at=stale_at)
        self._known[profile_id] = Known(key, table, made_at, planned, past, past_read_at)
        self._known.move_to_end(profile_id)
        while len(self._known) > settings.CONFIG_CACHE_MAX_ENTRIES:
            self._known.popitem(last=False)
        return plan, planned


def is_only_limits(plan: Plan) -> bool:
    """Whether a plan is no more than limits: with two of them, a heartbeat decides and answers as without a plan."""
    return plan == Plan(limits=plan.limits, weekend=plan.weekend, week_starts_on=plan.week_starts_on)


memo = Memo()
