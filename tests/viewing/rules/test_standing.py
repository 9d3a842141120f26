"""What a child may do now, and why not: limits of 60 minutes and bedtime from 20:30 to 07:00 on a Wednesday."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.viewing.rules.week import (
    HOUR_A_DAY,
    MON,
    SCHEDULE,
    bedtime,
    child,
    local,
    plan,
    school,
    standing,
    use,
    utc,
)
from viewing.rules import Limits, Schedule
from viewing.rules.plan import Lock
from viewing.rules.standing import Playing, make_frame, next_allowed, stand

NIGHTS = plan(quiet=(bedtime("20:30", "07:00"),))
FINISHING = plan(finish_title=15)


def minutes(found):
    return None if found.remaining_seconds is None else found.remaining_seconds / 60


def opens(planned, used, at, track="fun"):
    return next_allowed(planned, used, now=local(at), track=track)


class TestHours:
    @pytest.mark.parametrize(
        ("at", "left", "enforcement", "limited_by"),
        [
            ("18:00", 60, "allowed", "day_limit"),
            ("20:14:30", 15.5, "allowed", "hours"),
            ("20:15", 15, "warning_15", "hours"),
            ("20:29:30", 0.5, "warning_5", "hours"),
            ("20:30", 0, "blocked", "hours"),
        ],
    )
    def test_bedtime_warns_as_the_limit_does(self, at, left, enforcement, limited_by):
        found = standing(child(NIGHTS), 0, f"2026-11-25 {at}")
        assert (minutes(found), found.enforcement, found.limited_by) == (left, enforcement, limited_by)
        assert found.reasons == (() if left else ("outside_hours",))

    def test_it_opens_in_the_morning(self):
        assert opens(child(NIGHTS), use(), "2026-11-25 20:30") == utc("2026-11-26 06:00")

    def test_the_last_instant_still_has_some_time(self):
        found = standing(child(NIGHTS), 0, local("2026-11-25 20:30") - timedelta(microseconds=1))
        assert found.remaining_seconds == 1

    def test_a_day_without_a_limit_ends_at_bedtime(self):
        made = replace(NIGHTS, limits=Limits.every_day(None))
        assert minutes(standing(child(made), 500, "2026-11-25 18:30")) == 120
        assert standing(child(made), 500, "2026-11-25 21:00").reasons == ("outside_hours",)
        # What is more than a day away limits nothing.
        assert standing(child(plan(limits=made.limits)), 500, "2026-11-25 18:30").remaining_seconds is None

    def test_a_day_that_is_unlimited_today_is_not_open_at_night(self):
        used = use(90, is_unlimited=True)
        assert standing(child(NIGHTS), used, "2026-11-25 21:00").reasons == ("outside_hours",)
        assert minutes(standing(child(NIGHTS), used, "2026-11-25 19:30")) == 60

    @pytest.mark.parametrize(("reset_hour", "expected"), [(6, "2026-11-26 06:00"), (8, "2026-11-26 07:00")])
    def test_hours_are_named_before_the_limit_and_both_must_allow(self, reset_hour, expected):
        planned = child(NIGHTS, schedule=Schedule("Europe/Berlin", reset_hour))
        assert standing(planned, 60, "2026-11-25 21:00").reasons == ("outside_hours", "limit_reached")
        assert opens(planned, use(60), "2026-11-25 21:00") == utc(expected)

    def test_learning_during_school(self):
        made = plan(quiet=(school("08:00", "13:00", allow_educational=True),))
        at = "2026-11-25 10:00"
        assert standing(child(made), 0, at).reasons == ("outside_hours",)
        assert standing(child(made), 0, at, track="learning").reasons == ()
        assert opens(child(made), use(), at) == utc("2026-11-25 12:00")
        assert opens(child(made), use(), at, track="learning") == local(at)

    def test_a_limit_alone_opens_at_the_reset(self):
        assert opens(child(plan()), use(60), "2026-11-25 21:00") == utc("2026-11-26 05:00")


class TestLock:
    LOCKED = plan(lock=Lock(local("2026-11-25 18:00"), note="Dinner"))

    def test_it_ranks_over_everything(self):
        made = replace(self.LOCKED, quiet=NIGHTS.quiet)
        found = standing(child(made), 60, "2026-11-25 21:00")
        assert found.reasons == ("locked", "outside_hours", "limit_reached")
        assert (found.enforcement, found.limited_by) == ("blocked", "lock")
        assert opens(child(made), use(), "2026-11-25 21:00") is None

    def test_a_grant_does_not_lift_it(self):
        assert standing(child(self.LOCKED), use(60, granted=30), "2026-11-25 19:00").reason == "locked"
        assert standing(child(self.LOCKED), use(60, is_unlimited=True), "2026-11-25 19:00").reason == "locked"

    def test_it_ends_by_itself(self):
        made = plan(lock=Lock(local("2026-11-25 18:00"), local("2026-11-25 18:30")))
        assert standing(child(made), 0, "2026-11-25 18:29:59").reason == "locked"
        assert standing(child(made), 0, "2026-11-25 18:30").reasons == ()
        assert opens(child(made), use(), "2026-11-25 18:10") == local("2026-11-25 18:30")

    def test_one_in_the_future_warns(self):
        made = replace(plan(finish_title=15), lock=Lock(local("2026-11-25 18:00")))
        playing = Playing(rest_seconds=12 * 60)
        found = standing(child(made), 0, "2026-11-25 17:55", playing=playing)
        assert (minutes(found), found.enforcement, found.limited_by) == (5, "warning_5", "lock")
        assert not found.can_finish
        assert standing(child(made), 0, "2026-11-25 18:00", playing=playing).reasons == ("locked",)

    def test_lifting_it_restores_the_standing(self):
        at = "2026-11-25 19:00"
        assert standing(child(replace(self.LOCKED, lock=None)), 20, at) == standing(child(plan()), 20, at)


class TestPass:
    def test_granted_despite_bedtime(self):
        made = replace(NIGHTS, open_until=local("2026-11-25 20:50"))
        found = standing(child(made), use(20, granted=20), "2026-11-25 20:20")
        assert (minutes(found), found.limited_by) == (30, "hours")

    def test_it_needs_minutes_too(self):
        made = replace(NIGHTS, open_until=local("2026-11-25 21:20"))
        assert standing(child(made), 60, "2026-11-25 21:00").reasons == ("limit_reached",)
        assert minutes(standing(child(made), use(60, granted=20), "2026-11-25 21:00")) == 20

    def test_granted_without_it_stays_closed(self):
        used = use(60, granted=30)
        assert standing(child(NIGHTS), used, "2026-11-25 21:00").reasons == ("outside_hours",)
        assert opens(child(NIGHTS), used, "2026-11-25 21:00") == utc("2026-11-26 06:00")


def finishing(used, rest, at="2026-11-25 18:00", made=FINISHING, **given):
    playing = Playing(rest_seconds=None if rest is None else round(rest * 60), **given)
    return standing(child(made), used, at, playing=playing)


class TestFinishing:
    def test_a_title_may_be_watched_to_its_end(self):
        found = finishing(60, 8)
        assert (found.is_finishing, found.enforcement, minutes(found), found.reasons) == (True, "warning_5", 8, ())

    @pytest.mark.parametrize(
        ("used", "rest", "is_allowed"),
        [(60, 15, True), (60, 16, False), (65, 11, False), (65, 10, True), (75, 0.5, False), (60, None, False)],
    )
    def test_the_overrun_takes_from_it(self, used, rest, is_allowed):
        assert finishing(used, rest).is_finishing is is_allowed
        assert (finishing(used, rest).enforcement == "blocked") is not is_allowed

    def test_a_title_never_begins(self):
        assert standing(child(FINISHING), 60, "2026-11-25 18:00").enforcement == "blocked"

    def test_a_title_that_does_not_count_is_stopped_by_the_limit(self):
        # It cannot have run into it: the parent has just lowered it.
        assert finishing(90, 5, is_charged=False).enforcement == "blocked"

    def test_after_closing_it_counts_by_the_clock(self):
        made = replace(NIGHTS, finish_title=15)
        assert finishing(0, 10, "2026-11-25 20:35", made).is_finishing
        assert not finishing(0, 11, "2026-11-25 20:35", made).is_finishing
        assert not finishing(0, 1, "2026-11-25 20:46", made).is_finishing
        assert finishing(0, 10, "2026-11-25 20:35", made, is_charged=False).is_finishing

    def test_with_two_reasons_the_shorter_holds(self):
        made = replace(NIGHTS, finish_title=15)
        assert finishing(70, 5, "2026-11-25 20:31", made).is_finishing
        assert not finishing(70, 6, "2026-11-25 20:31", made).is_finishing
        assert not finishing(61, 5, "2026-11-25 20:41", made).is_finishing

    def test_a_lock_has_none(self):
        made = replace(FINISHING, lock=Lock(local("2026-11-25 18:00")))
        assert finishing(10, 1, made=made).enforcement == "blocked"

    @pytest.mark.parametrize(("rest", "expected"), [(4, False), (5, False), (6, True), (20, True), (21, False)])
    def test_it_is_announced(self, rest, expected):
        found = finishing(55, rest)
        assert (found.can_finish, minutes(found)) == (expected, 5)

    def test_bedtime_may_end_while_a_later_lock_may_not(self):
        made = replace(NIGHTS, finish_title=15, lock=Lock(local("2026-11-25 20:35")))
        assert finishing(0, 12, "2026-11-25 20:20", made).can_finish
        assert not finishing(0, 18, "2026-11-25 20:20", made).can_finish


class TestFrames:
    def test_one_holds_until_the_next_edge(self):
        planned = child(NIGHTS)
        assert make_frame(planned, now=local("2026-11-25 18:00"), track="fun").until == local("2026-11-25 20:30")
        assert make_frame(planned, now=local("2026-11-25 22:00"), track="fun").until == local("2026-11-26 06:00")
        assert make_frame(planned, now=local("2026-11-26 06:00"), track="fun").until == local("2026-11-26 07:00")

    def test_the_day_it_turns_has_its_own_limit(self):
        planned = child(plan(limits=HOUR_A_DAY, carry_max=30, carry_since=MON), {MON: 40})
        frame = make_frame(planned, now=local("2026-11-24 06:00"), track="fun")
        assert frame.limit_seconds == 80 * 60
        assert stand(frame, use(80), now=frame.since).reason == "limit_reached"
        assert frame.day.day.isoformat() == "2026-11-24"
        assert SCHEDULE.reset_hour == 6
