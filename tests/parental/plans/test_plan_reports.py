"""What reports and figures say of week plans."""

import pytest

from tests.families import make_user
from tests.parental.cast import log_in
from tests.parental.plans.berlin import NIGHTS, make_house

REPORT = "weekly-report"


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def week_of(house):
    (week,) = house.call("GET", REPORT).json()["profiles"]
    return week


def test_a_report_has_the_days_own_limits_exceptions_and_the_weeks_limit(house):
    assert "week_limit_minutes" not in week_of(house)
    assert all("exception" not in day for day in week_of(house)["daily_totals"])
    house.plan(days={"tuesday": {"limit_minutes": 30}}, week={"limit_minutes": 300})
    house.at("2026-11-24 12:00").exception("2026-11-24", name="Birthday", changes={"limit_minutes": 180})
    house.exception("2026-11-24", name="Cinema", source="quick", changes={"bedtime": None})
    week = week_of(house.at("2026-11-25 12:00"))
    assert week["week_limit_minutes"] == 300
    by_day = {day["date"]: (day["limit_minutes"], day["exception"]) for day in week["daily_totals"]}
    assert by_day["2026-11-24"] == (180, "Cinema")
    assert by_day["2026-11-25"] == (60, None)
    lines = house.call("GET", REPORT, params={"format": "csv"}).text.splitlines()
    assert lines[0].endswith(",limit_minutes,exception")
    assert next(line for line in lines if ",2026-11-24," in line).endswith(",180,Cinema")


def test_blocked_heartbeats_are_counted_by_reason(house):
    staff = log_in(make_user(is_staff=True))

    def figures():
        return house.http.get("/api/v1/admin/metrics", headers=staff.headers).json()["heartbeat"]["blocked_by_reason"]

    before = figures()
    house.plan(quiet=NIGHTS, week={"limit_minutes": 30})
    house.beat()
    house.at("2026-11-25 21:00").beat()
    house.at("2026-11-25 12:00").lock()
    house.beat()
    house.unlock()
    house.use(30, "2026-11-25")
    house.beat()
    plain = make_house(house.http, house.clock)
    plain.use(60, "2026-11-25")
    plain.beat()
    risen = {reason: count - before[reason] for reason, count in figures().items()}
    assert risen == {"limit_reached": 1, "week_limit_reached": 1, "outside_hours": 1, "locked": 1}
