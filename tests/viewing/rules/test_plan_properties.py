"""What holds for every week plan, at every instant: arbitrary plans in zones with all kinds of clock changes."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.viewing.rules.any_plan import dates, situations
from viewing.rules import enforcement_for, wall_instant
from viewing.rules.allowed import allowed
from viewing.rules.hours import Timetable, stretches
from viewing.rules.plan import Period, day_plan
from viewing.rules.standing import DayUse, Playing, make_frame, next_allowed, stand
from viewing.rules.weeks import opening

EXAMPLES = settings(max_examples=2000 if os.environ.get("NIGHTLY") == "true" else 60, deadline=None)
tracks = st.sampled_from(["fun", "learning"])


@EXAMPLES
@given(situations(), tracks, st.none() | st.integers(1, 3600))
def test_a_standing_is_consistent(situation, track, rest):
    planned, used, now = situation
    frame = make_frame(planned, now=now, track=track)
    found = stand(frame, used, now=now, playing=Playing(rest_seconds=rest))
    assert frame.since <= now < frame.until
    assert (found.remaining_seconds == 0) == bool(found.reasons)
    assert (found.limited_by is None) == (found.remaining_seconds is None)
    if found.is_finishing:
        assert found.enforcement == "warning_5"
        assert found.remaining_seconds == rest <= planned.plan.finish_title * 60
    else:
        assert found.enforcement == enforcement_for(found.remaining_seconds)
        if found.closes_at is not None:
            assert found.remaining_seconds <= -(-(found.closes_at - now) // timedelta(seconds=1))


@EXAMPLES
@given(situations(), tracks, st.none() | st.integers(1, 3600))
def test_the_short_way_says_the_same(situation, track, rest):
    planned, used, now = situation
    frame = make_frame(planned, now=now, track=track)
    found = stand(frame, used, now=now, playing=Playing(rest_seconds=rest))
    short = allowed(frame, used, now=now, rest_seconds=rest)
    if short is None:
        assert found.reasons or found.is_finishing or found.can_finish or found.remaining_seconds < rest
    else:
        assert (found.reasons, found.is_finishing, found.can_finish) == ((), False, False)
        assert short == (found.remaining_seconds, found.limited_by, found.closes_at)


@EXAMPLES
@given(situations(), tracks, st.floats(0, 1, exclude_max=True))
def test_a_frame_decides_as_a_new_one_until_it_ends(situation, track, part):
    planned, used, now = situation
    frame = make_frame(planned, now=now, track=track)
    later = now + (frame.until - now) * part
    assume(later < frame.until)
    kept, new = stand(frame, used, now=later), stand(make_frame(planned, now=later, track=track), used, now=later)
    assert kept == new
    assert frame.hours.kind == make_frame(planned, now=later, track=track).hours.kind


@EXAMPLES
@given(situations(), tracks)
def test_the_next_allowed_instant_is_the_first(situation, track):
    planned, used, now = situation
    at = next_allowed(planned, used, now=now, track=track)
    later = replace(
        planned, past={**planned.past, make_frame(planned, now=now, track=track).day.day: used.used_seconds}
    )
    today = make_frame(planned, now=now, track=track).day.day

    def is_allowed(instant):
        frame = make_frame(planned if instant == now else later, now=instant, track=track)
        return not stand(frame, used if frame.day.day == today else DayUse(), now=instant).reasons

    assert (at == now) == is_allowed(now)
    if at is not None:
        assert is_allowed(at)
        steps = int((at - now) / timedelta(minutes=30))
        assert not any(
            is_allowed(now + timedelta(minutes=30) * n) for n in range(steps) if now + timedelta(minutes=30) * n < at
        )


@EXAMPLES
@given(situations(), st.integers(1, 120))
def test_a_grant_never_takes_time_away(situation, minutes):
    planned, used, now = situation
    frame = make_frame(planned, now=now, track="fun")
    before = stand(frame, used, now=now).remaining_seconds
    granted = replace(used, granted_seconds=used.granted_seconds + minutes * 60)
    after = stand(frame, granted, now=now).remaining_seconds
    assert before is None if after is None else before is not None and after >= before


@EXAMPLES
@given(situations(), dates)
def test_a_week_gives_no_more_than_its_limit(situation, day):
    planned, _used, now = situation
    made = planned.plan
    begins = opening(made, now.date(), planned.past)
    assert 0 <= begins.carried_seconds <= made.carry_max * 60
    if made.week_limit is not None:
        counting = [one for one in begins.days if day_plan(made, one.day).counts_to_week]
        assert sum(one.own_seconds for one in counting) <= made.week_limit * 60
        assert begins.week_left_seconds == made.week_limit * 60 - sum(one.own_seconds for one in counting)
    if now.date().weekday() == made.week_starts_on:
        assert begins.carried_seconds == 0


@EXAMPLES
@given(situations(), st.integers(0, 6), st.integers(0, 7200))
def test_watching_more_never_raises_a_later_day(situation, ago, more):
    planned, _used, now = situation
    made = replace(planned.plan, exceptions=())
    today = now.date()
    day = today - timedelta(days=ago)
    before = opening(made, today, planned.past)
    after = opening(made, today, {**planned.past, day: planned.past[day] + more})
    assert after.carried_seconds <= before.carried_seconds
    assert before.week_left_seconds is None or after.week_left_seconds <= before.week_left_seconds


@EXAMPLES
@given(situations(), tracks, st.integers(0, 3), st.integers(0, 3))
def test_stretches_are_the_same_from_wherever_one_looks(situation, track, earlier, later):
    planned, _used, now = situation
    made, zone, day = planned.plan, planned.table.timezone, now.date()
    found = stretches(made, zone, day, day, track)
    assert all(begins < ends for begins, ends in found)
    assert all(one[1] < another[0] for one, another in pairwise(found))
    since, until = wall_instant(zone, day, 0), wall_instant(zone, day, 1440)
    wide = stretches(made, zone, day - timedelta(days=earlier), day + timedelta(days=later), track)
    clipped = [(max(begins, since), min(ends, until)) for begins, ends in wide if begins < until and ends > since]
    assert list(found) == clipped


@EXAMPLES
@given(situations(has_lock=False), tracks, st.integers(0, 1439))
def test_without_clock_changes_hours_are_those_of_the_grid(situation, track, minute):
    planned, _used, now = situation
    made = replace(planned.plan, open_until=None)
    day = now.date()
    table = Timetable(made, "Asia/Kathmandu")

    def covers(period, begins):
        return period.begins <= (day - begins).days * 1440 + minute < period.ends

    is_open = is_quiet = False
    for begins in (day - timedelta(days=n) for n in range(3)):
        plan_of_day = day_plan(made, begins)
        windows_of_day = (Period(0, 1440),) if plan_of_day.windows is None else plan_of_day.windows
        is_open |= any(covers(window, begins) for window in windows_of_day)
        is_quiet |= any(
            covers(one.period, begins) for one in plan_of_day.quiet if track == "fun" or not one.allow_educational
        )
    at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo("Asia/Kathmandu"))
    assert table.at(at, track).is_open is (is_open and not is_quiet)


@EXAMPLES
@given(situations(), dates)
def test_a_date_depends_only_on_exceptions_that_cover_it_or_the_next(situation, day):
    planned, _used, _now = situation
    made = planned.plan
    near = [one for one in made.exceptions if one.covers(day) or one.covers(day + timedelta(days=1))]
    assert day_plan(made, day) == day_plan(replace(made, exceptions=tuple(near)), day)
    if not near:
        assert day_plan(made, day) == day_plan(replace(made, exceptions=()), day)
