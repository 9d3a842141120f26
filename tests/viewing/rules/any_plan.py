"""Arbitrary plans, children and instants, for Hypothesis."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import strategies as st

from tests.viewing.rules.week import utc
from viewing.rules import Limits, Schedule
from viewing.rules.hours import Timetable
from viewing.rules.plan import Changes, Lock, Period, Plan, PlanException, Quiet
from viewing.rules.standing import DayUse, PlannedChild

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo")
FIRST = date(2026, 3, 1)
WEEKDAYS = st.frozensets(st.integers(0, 6), min_size=1, max_size=6)

limits = st.none() | st.integers(1, 32).map(lambda n: n * 15)
all_limits = st.tuples(*[limits] * 7).map(Limits)
periods = st.builds(
    lambda begins, length: Period(begins * 5, begins * 5 + length * 5), st.integers(0, 287), st.integers(1, 288)
)
dates = st.integers(0, 300).map(lambda n: FIRST + timedelta(days=n))
instants = st.builds(
    lambda day, seconds: utc("2026-03-01") + timedelta(days=day, seconds=seconds),
    st.integers(7, 290),
    st.integers(0, 86_399),
)


@st.composite
def windows(draw):
    edges = sorted(draw(st.sets(st.integers(0, 288), min_size=0, max_size=4).filter(lambda found: len(found) % 2 == 0)))
    return tuple(Period(edges[n] * 5, edges[n + 1] * 5) for n in range(0, len(edges), 2))


quiet = st.builds(Quiet, st.sampled_from(["bedtime", "school", "other"]), WEEKDAYS, periods, st.booleans())
any_windows = st.none() | windows()


@st.composite
def exceptions(draw, near):
    first = near + timedelta(days=draw(st.integers(-8, 8)))
    given = {
        "like": draw(st.none() | st.integers(0, 6)),
        "nights": draw(st.sampled_from(["same", "before"])),
        "counts_to_week": draw(st.none() | st.booleans()),
        "quiet_off": draw(st.frozensets(st.sampled_from(["school", "other"]))),
    }
    for name, values in (("limit", limits), ("windows", any_windows), ("bedtime", st.none() | periods)):
        if draw(st.booleans()):
            given[name] = draw(values)
    return PlanException(
        id=UUID(int=draw(st.integers(1, 2**64))),
        name="exception",
        source=draw(st.sampled_from(["quick", "manual"])),
        is_for_all=draw(st.booleans()),
        from_date=first,
        to_date=first + timedelta(days=draw(st.integers(0, 4))),
        created_at=utc("2026-01-01") + timedelta(days=draw(st.integers(0, 9))),
        changes=Changes(**given),
    )


@st.composite
def situations(draw, *, has_lock=True):
    """A child with a plan, their balance, and an instant."""
    now = draw(instants)
    zone = draw(st.sampled_from(ZONES))
    near = now.date()
    lock = None
    if has_lock and draw(st.booleans()):
        since = now + timedelta(minutes=draw(st.integers(-90, 90)))
        lock = Lock(since, draw(st.none() | st.integers(1, 180).map(lambda n: since + timedelta(minutes=n))))
    made = Plan(
        limits=draw(all_limits),
        windows=tuple(draw(any_windows) for _weekday in range(7)),
        quiet=tuple(draw(st.lists(quiet, max_size=3))),
        weekend=draw(WEEKDAYS),
        week_starts_on=draw(st.integers(0, 6)),
        week_limit=draw(st.none() | st.integers(1, 60).map(lambda n: n * 15)),
        carry_max=draw(st.sampled_from([0, 15, 60, 240])),
        carry_since=draw(st.none() | st.just(near) | st.just(near - timedelta(days=3)) | st.just(FIRST)),
        finish_title=draw(st.sampled_from([0, 5, 30])),
        exceptions=tuple(sorted(draw(st.lists(exceptions(near), max_size=3)), key=lambda one: one.rank)),
        lock=lock,
        open_until=draw(st.none() | st.integers(-120, 120).map(lambda n: now + timedelta(minutes=n))),
    )
    past = {near - timedelta(days=n): draw(st.integers(0, 5 * 3600)) for n in range(8)}
    planned = PlannedChild(Timetable(made, zone), Schedule(zone, draw(st.integers(0, 23))), past)
    used = DayUse(draw(st.integers(0, 5 * 3600)), draw(st.sampled_from([0, 900, 7200])), draw(st.booleans()))
    return planned, used, now
