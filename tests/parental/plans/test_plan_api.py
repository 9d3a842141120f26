"""The week plan over HTTP: seven limits next to the two of old apps, its rules, and who may change it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import override_settings

from parental.models import SettingsChange
from tests.families import make_family
from tests.http import status_and_body
from tests.parental.homes import DENIED, NO_CHILD, NO_PLAYER
from tests.parental.plans.berlin import NIGHTS, make_house

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def limits(answer):
    return [answer["days"][weekday]["limit_minutes"] for weekday in WEEKDAYS]


def old(house):
    answer = house.home.limits(house.http).json()
    return answer["weekday_limit_minutes"], answer["weekend_limit_minutes"]


def days(**minutes):
    return {name: {"limit_minutes": value} for name, value in minutes.items()}


class TestReading:
    def test_without_a_plan_it_shows_the_two_limits(self, house):
        assert house.home.change(house.http, weekday_limit_minutes=45, weekend_limit_minutes=90).status_code == 200
        answer = house.plan()
        assert limits(answer) == [45, 45, 45, 45, 45, 90, 90]
        assert {key: answer[key] for key in answer if key not in ("days", "profile_id", "updated_at")} == {
            "version": 0,
            "timezone": "Europe/Berlin",
            "reset_hour": 6,
            "quiet": [],
            "week": {"limit_minutes": None, "carry_over_minutes": 0},
            "soft_end": {"finish_title_minutes": 0},
            "lock": None,
            "open_until": None,
            "weekend": ["saturday", "sunday"],
            "week_starts_on": "monday",
        }
        assert house.config.day_limits is None

    def test_what_was_written_is_read(self, house):
        windows = [{"from": "08:00", "to": "12:00"}, {"from": "16:00", "to": "01:00"}]
        sent = {
            "days": {"friday": {"windows": windows}, "sunday": {"windows": []}},
            "quiet": NIGHTS,
            "week": {"limit_minutes": 600, "carry_over_minutes": 30},
            "soft_end": {"finish_title_minutes": 15},
        }
        house.plan(**sent)
        answer = house.plan()
        assert answer["version"] == 1
        assert answer["days"]["friday"] == {"limit_minutes": 60, "windows": windows}
        assert answer["days"]["sunday"]["windows"] == []
        assert answer["days"]["monday"]["windows"] is None
        assert answer["quiet"] == [{**NIGHTS[0], "allow_educational": False}]
        assert (answer["week"], answer["soft_end"]) == (sent["week"], sent["soft_end"])
        assert house.config.uses_week


class TestOldFields:
    def test_one_day_is_changed(self, house):
        house.home.change(house.http, weekend_limit_minutes=90)
        answer = house.plan(days=days(monday=30))
        assert (limits(answer), answer["version"]) == ([30, 60, 60, 60, 60, 90, 90], 1)
        assert old(house) == (30, 90)

    def test_an_old_app_that_sends_all_back_changes_nothing(self, house):
        house.plan(days=days(monday=30))
        read = house.home.limits(house.http).json()
        sent = {name: read[name] for name in read if name not in ("profile_id", "updated_at")}
        assert house.home.change(house.http, **sent).status_code == 200
        assert house.plan()["version"] == 1
        assert house.home.change(house.http, weekday_limit_minutes=45).status_code == 200
        answer = house.plan()
        assert (limits(answer), answer["version"]) == ([45, 45, 45, 45, 45, 120, 120], 2)
        assert (house.config.day_limits, old(house)) == (None, (45, 120))

    def test_an_old_change_of_one_class_leaves_the_other(self, house):
        house.plan(days=days(monday=30, saturday=240))
        house.home.change(house.http, weekday_limit_minutes=75)
        assert limits(house.plan()) == [75, 75, 75, 75, 75, 240, 120]
        assert old(house) == (75, 120)

    def test_no_limit_is_the_greatest(self, house):
        house.plan(days=days(wednesday=None))
        assert old(house) == (60, 120)
        house.plan(days=days(monday=None, tuesday=None, thursday=None, friday=None))
        assert old(house) == (None, 120)
        assert house.config.day_limits is None

    def test_equal_days_are_two_limits_again(self, house):
        house.plan(days=days(monday=30))
        answer = house.plan(days=days(monday=60))
        assert (answer["version"], house.config.day_limits) == (2, None)

    def test_what_is_no_change_raises_no_version(self, house):
        assert house.plan(days=days(monday=60), quiet=[])["version"] == 0
        assert not SettingsChange.objects.filter(profile=house.child.profile).exists()


class TestCalendar:
    def test_friday_and_saturday(self, house):
        answer = house.call("PUT", "family/calendar", json={"weekend": ["saturday", "friday"]})
        assert status_and_body(answer) == (200, {"weekend": ["friday", "saturday"], "week_starts_on": "monday"})
        plan = house.plan()
        assert (limits(plan), plan["version"]) == ([60, 60, 60, 60, 120, 120, 60], 1)
        house.at("2026-11-27 12:00")
        assert house.balance()["limit_minutes"] == 120
        assert house.beat()["remaining_minutes"] == 119.5
        house.at("2026-11-29 12:00")
        assert house.balance()["limit_minutes"] == 60
        report = house.call("GET", "weekly-report").json()
        by_date = {day["date"]: day["limit_minutes"] for day in report["profiles"][0]["daily_totals"]}
        assert (by_date["2026-11-27"], by_date["2026-11-29"]) == (120, 60)

    def test_seven_limits_stay(self, house):
        house.plan(days=days(friday=90))
        house.call("PUT", "family/calendar", json={"weekend": ["friday", "saturday"]})
        assert limits(house.plan()) == [60, 60, 60, 60, 90, 120, 120]
        assert old(house) == (60, 90)

    def test_a_new_child_has_it(self, house):
        house.call("PUT", "family/calendar", json={"weekend": ["friday", "saturday"]})
        made = house.http.post(
            "/api/v1/auth/profiles", json={"name": "Noa", "is_kids": True}, headers=house.home.parent.headers
        ).json()
        answer = house.call("GET", f"profiles/{made['id']}/plan").json()
        assert (answer["version"], limits(answer)) == (1, [120, 120, 120, 120, 180, 180, 120])

    @pytest.mark.parametrize("weekend", [[], list(WEEKDAYS), ["someday"]])
    def test_a_week_has_some_of_both(self, house, weekend):
        assert house.call("PUT", "family/calendar", json={"weekend": weekend}).status_code == 422


BROKEN = {
    "a limit of 0": {"days": days(monday=0)},
    "a limit between the steps": {"days": days(monday=20)},
    "a limit too long": {"days": days(monday=495)},
    "an empty window": {"days": {"monday": {"windows": [{"from": "16:00", "to": "16:00"}]}}},
    "windows that overlap": {
        "days": {"monday": {"windows": [{"from": "09:00", "to": "12:00"}, {"from": "11:00", "to": "13:00"}]}}
    },
    "windows out of order": {
        "days": {"monday": {"windows": [{"from": "15:00", "to": "16:00"}, {"from": "09:00", "to": "12:00"}]}}
    },
    "a time between the steps": {"days": {"monday": {"windows": [{"from": "09:01", "to": "12:00"}]}}},
    "a beginning at 24:00": {"days": {"monday": {"windows": [{"from": "24:00", "to": "12:00"}]}}},
    "too many windows": {"days": {"monday": {"windows": [{"from": "09:00", "to": "10:00"}] * 7}}},
    "a day that is none": {"days": {"someday": {}}},
    "bedtimes that overlap": {"quiet": [NIGHTS[0], {**NIGHTS[0], "from": "22:00", "to": "23:00"}]},
    "quiet on no weekday": {"quiet": [{**NIGHTS[0], "weekdays": []}]},
    "too many quiet times": {"quiet": NIGHTS * 11},
    "a week too long": {"week": {"limit_minutes": 3375}},
    "a week between the steps": {"week": {"limit_minutes": 50}},
    "too much carried": {"week": {"carry_over_minutes": 255}},
    "a finish between the steps": {"soft_end": {"finish_title_minutes": 7}},
}


class TestRefusals:
    @pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
    def test_a_plan_that_breaks_a_rule(self, house, changes):
        status, body = house.refused(**changes)
        assert (status, body["code"]) == (422, "invalid")
        assert house.plan()["version"] == 0

    def test_a_plan_that_was_changed_in_the_meantime(self, house):
        for minutes in (30, 45):
            house.plan(days=days(monday=minutes))
        assert house.refused(version=1, days=days(monday=90)) == (
            409,
            {"detail": "The plan was changed in the meantime", "code": "plan_changed", "version": 2},
        )
        assert limits(house.plan())[0] == 45
        assert house.plan(version=2, days=days(monday=90))["version"] == 3

    def test_of_two_at_the_same_time_one_is_refused(self, house):
        with ThreadPoolExecutor(2) as threads:
            sent = [threads.submit(house.refused, version=0, days=days(**{name: 30})) for name in ("monday", "friday")]
            statuses = sorted(each.result()[0] for each in sent)
        assert statuses == [200, 409]
        assert limits(house.plan()).count(30) == 1

    def test_only_parents_of_the_child(self, house):
        path = f"/api/v1/parental-controls/profiles/{house.child.profile.id}/plan"
        for method in ("GET", "PUT"):
            assert status_and_body(house.http.request(method, path, json={}, headers=house.child.headers)) == NO_PLAYER
        stranger = make_family().children[0].profile.id
        assert status_and_body(house.call("GET", f"profiles/{stranger}/plan")) == DENIED
        adult = house.sibling(is_kids=False).profile.id
        assert status_and_body(house.call("PUT", f"profiles/{adult}/plan", json={})) == NO_CHILD

    def test_where_there_are_no_plans(self, house):
        with override_settings(WEEK_PLAN=False):
            status, body = house.refused(days=days(monday=30))
            assert (status, body["code"]) == (503, "not_available")
            for path in ("exceptions", "family/calendar"):
                assert house.call("GET", path).json()["code"] == "not_available"


class TestAudit:
    def test_each_part_leaves_a_row(self, house):
        house.plan(
            days={"monday": {"limit_minutes": 30, "windows": [{"from": "16:00", "to": "18:00"}]}},
            quiet=NIGHTS,
            week={"limit_minutes": 300},
            soft_end={"finish_title_minutes": 10},
        )
        rows = SettingsChange.objects.filter(profile=house.child.profile).order_by("id")
        assert [(row.field, row.old_value, row.new_value) for row in rows] == [
            ("days.limit", {"monday": 60}, {"monday": 30}),
            ("days.windows", {"monday": None}, {"monday": [{"from": "16:00", "to": "18:00"}]}),
            ("quiet", [], [{**NIGHTS[0], "allow_educational": False}]),
            (
                "week",
                {"limit_minutes": None, "carry_over_minutes": 0},
                {"limit_minutes": 300, "carry_over_minutes": 0},
            ),
            ("soft_end", {"finish_title_minutes": 0}, {"finish_title_minutes": 10}),
        ]
