"""Exceptions from the week plan: dated, in force at once, and over by themselves."""

import pytest

from parental.models import SettingsChange
from tests.families import make_family
from tests.http import status_and_body
from tests.parental.homes import DENIED, NO_CHILD
from tests.parental.plans.berlin import NIGHTS, make_house
from viewing.models import PlanException


@pytest.fixture
def house(http, clock):
    return make_house(http, clock)


def made(house, from_date, **fields):
    answer = house.exception(from_date, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(house, **params):
    answer = house.call("GET", "exceptions", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["exceptions"]


def limit(house, at):
    return house.at(at).balance()["limit_minutes"]


def test_it_holds_on_its_dates(house):
    answer = made(house, "2026-11-25", to_date="2026-11-26", changes={"limit_minutes": 90})
    assert {key: answer[key] for key in answer if key not in ("id", "created_at")} == {
        "profile_id": str(house.child.profile.id),
        "from_date": "2026-11-25",
        "to_date": "2026-11-26",
        "name": "Exception",
        "source": "manual",
        "changes": {"limit_minutes": 90},
    }
    assert listed(house) == [answer]
    assert house.beat()["remaining_minutes"] == 89.5
    assert limit(house, "2026-11-26 12:00") == 90
    assert limit(house, "2026-11-27 12:00") == 60


def test_in_each_field_the_highest_rank_decides(house):
    house.plan(days={"wednesday": {"windows": []}})
    made(house, "2026-11-25", profile_id=None, changes={"like": "saturday"})
    made(house, "2026-11-25", changes={"windows": None})
    made(house, "2026-11-25", profile_id=None, source="quick", changes={"limit_minutes": 30})
    answer = house.beat()
    assert (answer["enforcement"], answer["remaining_minutes"]) == ("allowed", 29.5)
    assert house.balance()["exception"] == "Exception"


def test_no_bedtime_tonight(house):
    house.plan(quiet=NIGHTS)
    house.at("2026-11-28 00:30")
    assert house.beat()["hours_kind"] == "bedtime"
    # The bedtime that runs began on Friday, which is the running day too.
    made(house, "2026-11-27", source="quick", changes={"bedtime": None})
    assert house.beat()["enforcement"] == "allowed"
    assert house.at("2026-11-28 22:00").beat()["hours_kind"] == "bedtime"


def test_what_runs_ends_yesterday(house):
    answer = made(house, "2026-11-25", to_date="2026-11-30", changes={"limit_minutes": 90})
    house.at("2026-11-28 12:00")
    assert house.call("DELETE", f"exceptions/{answer['id']}").status_code == 204
    assert [row["to_date"] for row in listed(house)] == ["2026-11-27"]
    assert house.balance()["limit_minutes"] == 120
    report = house.call("GET", "weekly-report").json()["profiles"][0]["daily_totals"]
    assert {day["date"]: day["limit_minutes"] for day in report}["2026-11-26"] == 90
    # Again, nothing happens.
    assert house.call("DELETE", f"exceptions/{answer['id']}").status_code == 204
    assert [row["to_date"] for row in listed(house)] == ["2026-11-27"]


def test_what_is_ahead_is_deleted(house):
    answer = made(house, "2026-11-25", changes={"limit_minutes": 90})
    assert house.call("DELETE", f"exceptions/{answer['id']}").status_code == 204
    assert listed(house) == []
    assert house.beat()["remaining_minutes"] == 59.5


def test_changes_of_one_that_runs_hold_from_today(house):
    answer = made(house, "2026-11-25", to_date="2026-11-30", changes={"limit_minutes": 90})
    house.at("2026-11-27 12:00")
    changed = house.call("PUT", f"exceptions/{answer['id']}", json={"changes": {"limit_minutes": 30}}).json()
    assert (changed["from_date"], changed["to_date"], changed["changes"]) == (
        "2026-11-27",
        "2026-11-30",
        {"limit_minutes": 30},
    )
    dates = [(row["from_date"], row["to_date"]) for row in listed(house, from_date="2026-11-25")]
    assert dates == [("2026-11-25", "2026-11-26"), ("2026-11-27", "2026-11-30")]
    renamed = house.call("PUT", f"exceptions/{changed['id']}", json={"name": "Exam", "to_date": "2026-11-28"}).json()
    assert (renamed["id"], renamed["name"], renamed["to_date"]) == (changed["id"], "Exam", "2026-11-28")


def test_the_past_stays(house):
    answer = made(house, "2026-11-25", changes={"limit_minutes": 90})
    house.at("2026-11-27 12:00")
    refused = house.call("PUT", f"exceptions/{answer['id']}", json={"name": "Other"})
    assert status_and_body(refused) == (409, {"detail": "The past cannot be changed", "code": "past"})


@pytest.mark.parametrize(
    "fields",
    [
        {"from_date": "2026-11-24"},
        {"from_date": "2026-11-25", "to_date": "2026-11-24"},
        {"from_date": "2026-11-25", "to_date": "2027-11-27"},
        {"from_date": "2029-12-25"},
        {"from_date": "2026-11-25", "changes": {}},
        {"from_date": "2026-11-25", "changes": {"nights": "before"}},
        {"from_date": "2026-11-25", "changes": {"limit_minutes": 20}},
        {"from_date": "2026-11-25", "changes": {"quiet_off": ["bedtime"]}},
        {"from_date": "2026-11-25", "name": ""},
        {"from_date": "2026-11-25", "name": "a\nb"},
        {"from_date": "2026-11-25", "source": "holiday"},
    ],
)
def test_bounds(house, fields):
    answer = house.exception(**{"changes": {"limit_minutes": 60}, **fields})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert not PlanException.objects.filter(user=house.child.profile.user).exists()


def test_a_family_has_so_many_at_most(house):
    row = {"user": house.child.profile.user, "source": "manual", "name": "x", "changes": {"like": 5}}
    PlanException.objects.bulk_create(
        PlanException(**row, from_date="2026-12-01", to_date="2026-12-01") for _ in range(300)
    )
    answer = house.exception("2026-11-25", changes={"like": "saturday"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


def test_only_of_own_children(house):
    changes = {"limit_minutes": 90}
    stranger = make_family().children[0].profile
    assert status_and_body(house.exception("2026-11-25", profile_id=str(stranger.id), changes=changes)) == DENIED
    adult = house.sibling(is_kids=False).profile.id
    assert status_and_body(house.exception("2026-11-25", profile_id=str(adult), changes=changes)) == NO_CHILD
    foreign = PlanException.objects.create(
        user=stranger.user, from_date="2026-11-25", to_date="2026-11-25", name="x", source="manual", changes={"like": 5}
    )
    for method in ("PUT", "DELETE"):
        assert house.call(method, f"exceptions/{foreign.pk}", json={}).json()["code"] == "not_found"
    assert house.exception("2026-11-25", changes=changes).status_code == 201
    assert house.http.get("/api/v1/parental-controls/exceptions", headers=house.child.headers).status_code == 403


def test_a_new_child_has_those_of_every_child(house):
    made(house, "2026-11-25", profile_id=None, changes={"limit_minutes": 30})
    headers = house.home.parent.headers
    child = house.http.post("/api/v1/auth/profiles", json={"name": "Noa", "is_kids": True}, headers=headers).json()
    balance = house.http.get(f"/api/v1/viewing-time/balance/{child['id']}", headers=headers).json()
    assert balance["limit_minutes"] == 30


def test_the_audit_shows_it_and_it_is_no_review(house):
    answer = made(house, "2026-11-25", changes={"limit_minutes": 90})
    house.call("DELETE", f"exceptions/{answer['id']}")
    rows = SettingsChange.objects.filter(profile=house.child.profile).order_by("id")
    assert [(row.field, row.old_value is None, row.new_value is None) for row in rows] == [
        ("exception", True, False),
        ("exception", False, True),
    ]
    assert rows[0].new_value["changes"] == {"limit_minutes": 90}
