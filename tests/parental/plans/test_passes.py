"""Grants "despite bedtime": for their minutes, hours do not matter either."""

import uuid

import pytest

from tests.parental.plans.berlin import NIGHTS, make_house, utc


@pytest.fixture
def house(http, clock):
    house = make_house(http, clock)
    house.plan(quiet=NIGHTS)
    return house


def granted(house, minutes, **proof):
    answer = house.home.grant(house.http, minutes, **proof)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_before_bedtime_it_begins_with_it(house):
    house.use(20, "2026-11-25")
    answer = granted(house.at("2026-11-25 20:20"), 20, despite_hours=True)
    assert (answer["open_until"], answer["remaining_minutes"], answer["limited_by"]) == (
        utc("2026-11-25 20:50"),
        30,
        "hours",
    )
    assert house.at("2026-11-25 20:40").beat()["closes_at"] == utc("2026-11-25 20:50")
    assert house.at("2026-11-25 20:50").beat()["hours_kind"] == "bedtime"


def test_a_second_one_is_added_and_can_be_taken_back(house):
    house.use(60, "2026-11-25")
    first = granted(house.at("2026-11-25 21:00"), 20, despite_hours=True)
    assert (first["open_until"], first["remaining_minutes"]) == (utc("2026-11-25 21:20"), 20)
    second = granted(house.at("2026-11-25 21:10"), 20, despite_hours=True)
    assert second["open_until"] == utc("2026-11-25 21:40")
    house.at("2026-11-25 21:15").home.take_back(house.http, second["grant_id"])
    assert house.balance()["open_until"] == utc("2026-11-25 21:20")
    house.at("2026-11-25 21:30").home.take_back(house.http, first["grant_id"])
    assert house.beat()["reason"] == "outside_hours"


def test_one_that_is_sent_again_moves_the_pass_once(house):
    house.use(60, "2026-11-25")
    house.at("2026-11-25 21:00")
    grant_id = str(uuid.uuid4())
    first = granted(house, 20, despite_hours=True, grant_id=grant_id)
    assert granted(house, 20, despite_hours=True, grant_id=grant_id) == first
    assert (first["open_until"], first["remaining_minutes"]) == (utc("2026-11-25 21:20"), 20)
    house.at("2026-11-25 21:05").home.take_back(house.http, grant_id)
    assert house.config.open_until == house.clock.now


def test_what_is_over_of_it_is_not_taken_back(house):
    answer = granted(house.at("2026-11-25 21:00"), 30, despite_hours=True)
    house.at("2026-11-25 21:10").home.take_back(house.http, answer["grant_id"])
    assert house.config.open_until == house.clock.now


def test_one_that_reaches_into_open_hours_ends_with_them(house):
    answer = granted(house.at("2026-11-25 06:50"), 30, despite_hours=True)
    assert answer["open_until"] == utc("2026-11-25 07:20")
    assert house.at("2026-11-25 07:05").beat()["closes_at"] == utc("2026-11-25 20:30")


def test_without_it_bedtime_stays_and_the_answer_says_so(house):
    answer = granted(house.at("2026-11-25 21:00"), 30)
    assert {key: answer[key] for key in answer if key != "grant_id"} == {
        "granted_minutes": 30,
        "remaining_minutes": 0,
        "is_unlimited_override": False,
        "limited_by": "hours",
        "reason": "outside_hours",
        "next_allowed_at": utc("2026-11-26 07:00"),
    }
    assert house.balance()["granted_minutes"] == 30


def test_unlimited_opens_until_the_reset(house):
    assert granted(house.at("2026-11-25 21:00"), None, despite_hours=True)["open_until"] == utc("2026-11-26 06:00")
    assert house.at("2026-11-26 05:59").beat()["enforcement"] == "warning_5"
    assert house.at("2026-11-26 06:00").beat()["next_allowed_at"] == utc("2026-11-26 07:00")


def test_where_nothing_closes_before_the_reset_nothing_is_opened(house):
    house.plan(quiet=[])
    assert "open_until" not in granted(house, 30, despite_hours=True)
    assert house.config.open_until is None


def test_a_child_without_a_plan_has_no_hours(house, http, clock):
    other = make_house(http, clock)
    answer = granted(other, 30, despite_hours=True)
    assert answer.keys() == {"granted_minutes", "remaining_minutes", "is_unlimited_override", "grant_id"}
    assert other.config.plan_version == 0


@pytest.mark.usefixtures("quick_hashes", "no_waiting")
def test_on_the_device_it_takes_the_pin(house):
    house.home.set_pin()
    house.at("2026-11-25 21:00")
    assert house.home.grant_on_the_device(house.http, 20, despite_hours=True).status_code == 403
    assert house.config.open_until is None
    answer = house.home.grant_on_the_device(house.http, 20, despite_hours=True, pin="1234")
    assert answer.json()["open_until"] == utc("2026-11-25 21:20")
