"""Plans for tests of the rules: Berlin, where days begin at 06:00; Wednesday is 2026-11-25."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from viewing.rules import Limits, Schedule
from viewing.rules.hours import Timetable
from viewing.rules.plan import Changes, Period, Plan, PlanException, Quiet
from viewing.rules.standing import DayUse, PlannedChild, make_frame, stand

BERLIN = "Europe/Berlin"
SCHEDULE = Schedule(BERLIN, 6)
MON, TUE, WED, THU, FRI, SAT, SUN = (date(2026, 11, 23) + timedelta(days=n) for n in range(7))
USUAL = Limits.from_pair(weekday=60, weekend=120)
HOUR_A_DAY = Limits.every_day(60)


def local(text, zone=BERLIN):
    """A time on the wall, "2026-11-25 20:30", as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def period(begins, ends):
    """As a parent writes it: an end that is not later is on the next morning."""
    first, last = clock(begins), clock(ends)
    return Period(first, last if last > first else last + 1440)


def windows(**days):
    """Windows of some weekdays ("mon", …): lists of (from, to). The others: any time."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    found = [days.get(name) for name in names]
    return tuple(None if given is None else tuple(period(*one) for one in given) for given in found)


def bedtime(begins, ends, weekdays=range(7)):
    return Quiet("bedtime", frozenset(weekdays), period(begins, ends))


def school(begins, ends, *, allow_educational=False, weekdays=range(5)):
    return Quiet("school", frozenset(weekdays), period(begins, ends), allow_educational)


def exception(first, last=None, *, n=1, source="manual", is_for_all=False, at="2026-11-20 12:00", **changes):
    return PlanException(
        id=UUID(int=n),
        name=f"exception {n}",
        source=source,
        is_for_all=is_for_all,
        from_date=first,
        to_date=last or first,
        created_at=utc(at),
        changes=Changes(**changes),
    )


def plan(**fields):
    exceptions = sorted(fields.pop("exceptions", ()), key=lambda one: one.rank)
    return Plan(**{"limits": USUAL, "exceptions": tuple(exceptions), **fields})


def child(made, past=None, schedule=SCHEDULE):
    """A child with a plan; `past`: minutes used by date."""
    seconds = {day: round(minutes * 60) for day, minutes in (past or {}).items()}
    return PlannedChild(Timetable(made, schedule.timezone), schedule, seconds)


def use(minutes=0, *, granted=0, is_unlimited=False):
    return DayUse(round(minutes * 60), granted * 60, is_unlimited)


def standing(planned, used, at, *, track="fun", playing=None):
    """The standing at a time on the wall, of `used` minutes or a balance."""
    now = at if isinstance(at, datetime) else local(at)
    frame = make_frame(planned, now=now, track=track)
    return stand(frame, used if isinstance(used, DayUse) else use(used), now=now, playing=playing)
