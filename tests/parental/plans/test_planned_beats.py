"""Heartbeats, balance and eligibility of a child who has a week plan."""

import pytest

from tests.families import NIL, make_gateway, make_title
from tests.parental.plans.berlin import NIGHTS, SCHOOL, forward, make_house, utc
from viewing.models import ViewingSession


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def picked(answer, *names):
    return {name: answer.get(name, "absent") for name in names}


NEW_FIELDS = {
    "next_allowed_at",
    "hours_kind",
    "note",
    "limited_by",
    "closes_at",
    "finishing",
    "finish_by",
    "can_finish",
}


class TestHours:
    def test_bedtime_warns_and_blocks(self, house):
        house.plan(quiet=NIGHTS)
        session = house.at("2026-11-25 20:14:30").beat()
        assert picked(session, "enforcement", "remaining_minutes", "limited_by", "closes_at") == {
            "enforcement": "allowed",
            "remaining_minutes": 15.5,
            "limited_by": "hours",
            "closes_at": utc("2026-11-25 20:30"),
        }
        sent = {"session_id": session["session_id"]}
        assert house.at("2026-11-25 20:15").beat(**sent)["enforcement"] == "warning_15"
        assert house.at("2026-11-25 20:29:30").beat(**sent)["enforcement"] == "warning_5"
        blocked = house.at("2026-11-25 20:30").beat(**sent)
        assert blocked == {
            "session_id": session["session_id"],
            "enforcement": "blocked",
            "remaining_minutes": 0,
            "used_minutes": 2,
            "is_educational": False,
            "limited_by": "hours",
            "reason": "outside_hours",
            "hours_kind": "bedtime",
            "sentence": "Bedtime until tomorrow at 07:00",
            "next_reset_at": utc("2026-11-26 06:00"),
            "next_allowed_at": utc("2026-11-26 07:00"),
        }

    def test_a_window_over_midnight(self, house):
        house.plan(days={"friday": {"windows": [{"from": "16:00", "to": "01:00"}]}, "saturday": {"windows": []}})
        answer = house.at("2026-11-28 00:59:30").beat()
        assert picked(answer, "remaining_minutes", "closes_at") == {
            "remaining_minutes": 0.5,
            "closes_at": utc("2026-11-28 01:00"),
        }
        answer = house.at("2026-11-28 01:00").beat(session_id=answer["session_id"])
        assert picked(answer, "reason", "hours_kind") == {"reason": "outside_hours", "hours_kind": "closed"}

    def test_nothing_begins(self, house):
        house.plan(quiet=NIGHTS)
        answer = house.at("2026-11-25 21:00").beat()
        assert (answer["session_id"], answer["reason"]) == (NIL, "outside_hours")
        assert house.child.has_written_nothing()

    def test_a_day_without_a_limit_lasts_until_bedtime(self, house):
        house.plan(days={"wednesday": {"limit_minutes": None}}, quiet=NIGHTS)
        assert house.at("2026-11-25 19:30").beat()["remaining_minutes"] == 60
        assert house.at("2026-11-25 12:00").balance()["remaining_minutes"] == 8.5 * 60

    def test_school_with_learning(self, house):
        house.plan(quiet=[SCHOOL])
        house.at("2026-11-25 10:00")
        answer = house.beat()
        assert picked(answer, "reason", "hours_kind", "next_allowed_at") == {
            "reason": "outside_hours",
            "hours_kind": "school",
            "next_allowed_at": utc("2026-11-25 13:00"),
        }
        assert house.eligible() == {
            "eligible": True,
            "remaining_minutes": 60,
            "reason": None,
            "next_reset_at": utc("2026-11-26 06:00"),
            "educational_only": True,
        }
        assert house.eligible(title_id=str(house.child.title.id)) == {
            "eligible": False,
            "remaining_minutes": 0,
            "reason": "Outside viewing hours",
            "next_reset_at": utc("2026-11-26 06:00"),
            "hours_kind": "school",
            "sentence": "School until 13:00",
            "reason_code": "outside_hours",
            "next_allowed_at": utc("2026-11-25 13:00"),
        }
        learning = house.beat(title_id=str(make_title(is_educational=True).id))
        assert picked(learning, "enforcement", "reason") == {"enforcement": "allowed", "reason": "absent"}

    def test_a_title_that_is_none(self, house):
        assert house.eligible(title_id=NIL)["code"] == "title_unknown"

    def test_the_clock_goes_back(self, house):
        house.plan(days={"sunday": {"windows": [{"from": "01:00", "to": "02:30"}]}})
        house.clock.set("2026-10-25T00:00:00+00:00")
        assert house.beat()["closes_at"] == "2026-10-25T00:30:00Z"
        house.clock.set("2026-10-25T01:15:00+00:00")
        assert house.beat()["reason"] == "outside_hours"


class TestLimits:
    def test_each_weekday_has_its_own(self, house):
        house.plan(days={"wednesday": {"limit_minutes": 30}})
        assert house.beat()["remaining_minutes"] == 29.5
        assert house.balance()["limit_minutes"] == 30
        assert house.at("2026-11-26 12:00").beat()["remaining_minutes"] == 59.5

    def test_it_is_used_up(self, house):
        house.plan(days={"wednesday": {"limit_minutes": 30}})
        house.use(30, "2026-11-25")
        answer = house.beat()
        assert picked(answer, "session_id", "reason", "limited_by", "next_allowed_at") == {
            "session_id": NIL,
            "reason": "limit_reached",
            "limited_by": "day_limit",
            "next_allowed_at": utc("2026-11-26 06:00"),
        }

    def test_a_running_title_goes_on_counting_when_blocked(self, house):
        house.plan(days={"wednesday": {"limit_minutes": 30}})
        session = house.beat()
        house.use(30, "2026-11-25")
        sent = {"session_id": session["session_id"]}
        assert picked(house.beat(**sent), "enforcement", "used_minutes") == {
            "enforcement": "blocked",
            "used_minutes": 30.5,
        }
        assert house.beat(**sent, is_paused=True)["used_minutes"] == 30.5


class TestWeeks:
    def test_the_week_limits_the_day(self, house):
        house.plan(days={day: {"limit_minutes": 60} for day in ("saturday", "sunday")}, week={"limit_minutes": 300})
        for day, minutes in {"23": 60, "24": 60, "25": 60, "26": 60, "27": 30}.items():
            house.use(minutes, f"2026-11-{day}")
        house.at("2026-11-28 12:00")
        assert picked(house.beat(), "remaining_minutes", "limited_by") == {
            "remaining_minutes": 29.5,
            "limited_by": "week_limit",
        }
        assert house.balance()["week"] == {
            "limit_minutes": 300,
            "used_minutes": 270.5,
            "remaining_minutes": 29.5,
            "ends_at": utc("2026-11-30 06:00"),
        }
        house.use(30, "2026-11-28")
        assert house.beat()["reason"] == "week_limit_reached"
        assert house.home.grant(house.http, 30).json()["remaining_minutes"] == 30
        # Granted time costs no other day of the week.
        house.use(60, "2026-11-28")
        house.at("2026-11-29 12:00")
        answer = house.beat()
        assert picked(answer, "reason", "next_allowed_at") == {
            "reason": "week_limit_reached",
            "next_allowed_at": utc("2026-11-30 06:00"),
        }

    def test_unused_time_is_carried(self, house):
        house.at("2026-11-23 12:00").plan(week={"carry_over_minutes": 30})
        house.use(40, "2026-11-23")
        house.at("2026-11-24 12:00")
        assert picked(house.balance(), "remaining_minutes", "carried_minutes", "limit_minutes") == {
            "remaining_minutes": 80,
            "carried_minutes": 20,
            "limit_minutes": 60,
        }
        assert house.beat()["remaining_minutes"] == 79.5

    def test_the_day_before_is_read_again_when_it_has_ended(self, house):
        house.at("2026-11-23 12:00").plan(week={"carry_over_minutes": 60})
        house.at("2026-11-24 05:59:40").beat()
        # Another worker counts after this one has read.
        house.use(50, "2026-11-23")
        assert house.at("2026-11-24 06:00:10").beat()["remaining_minutes"] == 69.5

    def test_a_straggler_heals(self, house):
        house.at("2026-11-23 12:00").plan(week={"carry_over_minutes": 60})
        house.at("2026-11-24 06:00:10").beat()
        house.use(50, "2026-11-23")
        house.home.change(house.http, weekend_limit_minutes=150)  # the entry is read again, as at its TTL
        assert house.at("2026-11-24 06:01:20").balance()["carried_minutes"] == 10


class TestFinishing:
    @pytest.fixture
    def film(self, house):
        house.plan(soft_end={"finish_title_minutes": 15})
        session = house.beat()
        house.use(59.5, "2026-11-25")
        return {"session_id": session["session_id"], "duration_seconds": 24 * 60}

    def test_it_is_watched_to_its_end(self, house, film):
        answer = house.beat(**film, position_seconds=16 * 60)
        assert picked(answer, "enforcement", "remaining_minutes", "finishing", "reason") == {
            "enforcement": "warning_5",
            "remaining_minutes": 8,
            "finishing": True,
            "reason": "absent",
        }
        assert answer["finish_by"] == utc("2026-11-25 12:08")
        assert house.child.balance().used_seconds == 60 * 60

    def test_too_much_is_left_of_it(self, house, film):
        assert house.beat(**film, position_seconds=8 * 60)["reason"] == "limit_reached"
        assert house.beat(session_id=film["session_id"])["reason"] == "limit_reached"

    def test_no_other_title_begins(self, house, film):
        house.use(60, "2026-11-25")
        other = str(make_title().id)
        answer = house.beat(**film, position_seconds=16 * 60, title_id=other)
        assert (answer["enforcement"], answer["session_id"]) == ("blocked", film["session_id"])
        assert ViewingSession.objects.filter(profile=house.child.profile).count() == 1

    def test_the_catalogue_knows_better_how_long_it_is(self, house, film):
        house.child.title.duration_seconds = 20 * 60
        house.child.title.save()
        house.home.change(house.http, weekend_limit_minutes=90)
        house.clock.now = house.clock.now  # the title's entry is not cached by this test's id alone
        from viewing.hotpath import lookup

        lookup.invalidate(("titles", house.child.title.id))
        assert house.beat(**film, position_seconds=12 * 60)["remaining_minutes"] == 8

    def test_a_replay_is_answered_by_the_position_it_sends(self, house, film):
        first = house.beat(**film, position_seconds=16 * 60, sequence=7)
        again = house.beat(**film, position_seconds=17 * 60, sequence=7)
        assert (first["remaining_minutes"], again["remaining_minutes"]) == (8, 7)
        assert house.child.balance().used_seconds == 60 * 60

    def test_it_is_announced(self, house, film):
        house.use(49.5, "2026-11-25")
        answer = house.beat(**film, position_seconds=0)
        assert picked(answer, "can_finish", "remaining_minutes") == {"can_finish": True, "remaining_minutes": 10}


class TestWithoutAPlan:
    def test_no_answer_has_a_new_field(self, house):
        assert not NEW_FIELDS & house.beat().keys()
        house.use(60, "2026-11-25")
        blocked = house.beat(position_seconds=10, duration_seconds=20)
        assert blocked.keys() == {
            "session_id",
            "enforcement",
            "remaining_minutes",
            "used_minutes",
            "is_educational",
            "reason",
            "next_reset_at",
        }
        assert house.eligible().keys() == {"eligible", "remaining_minutes", "reason", "next_reset_at"}


def test_in_bulk_each_is_answered_as_alone(house):
    house.plan(quiet=NIGHTS, soft_end={"finish_title_minutes": 15})
    house.at("2026-11-25 20:20")
    gateway = make_gateway()
    for sequence in range(1, 4):
        body = house.child.body(position_seconds=600, duration_seconds=1500, sequence=sequence)
        alone = house.beat(**{key: body[key] for key in ("position_seconds", "duration_seconds", "sequence")})
        [result] = gateway.results(house.http, [body])
        # The same first beat again: a replay, which is answered as it was.
        assert result == {"status": 200, "body": alone}
        forward(house, minutes=6)
