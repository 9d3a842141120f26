"""A parent's "stop now": in force with the next heartbeat, over everything else, and undone alone."""

from datetime import timedelta

import pytest
from django.test import override_settings

from parental.models import AuditEntry
from tests.families import NIL, make_family, make_title
from tests.http import status_and_body
from tests.parental.homes import DENIED, NO_CHILD, NO_PLAYER
from tests.parental.plans.berlin import make_house, utc


@pytest.fixture
def house(http, clock):
    return make_house(http, clock, "2026-11-25 18:00")


def test_everyone_stops_and_one_is_unlocked(house):
    leo = house.sibling()
    session = house.beat()
    locked = house.lock(note="Dinner")
    assert {row["profile_id"] for row in locked} == {str(house.child.profile.id), str(leo.profile.id)}
    answer = house.beat(session_id=session["session_id"])
    assert answer == {
        "session_id": session["session_id"],
        "enforcement": "blocked",
        "remaining_minutes": 0,
        "used_minutes": 1,
        "is_educational": False,
        "limited_by": "lock",
        "reason": "locked",
        "note": "Dinner",
        "sentence": "Stopped until a parent allows it",
        "next_reset_at": utc("2026-11-26 06:00"),
        "next_allowed_at": None,
    }
    assert house.unlock(house.child.profile.id) == [str(house.child.profile.id)]
    assert house.beat(session_id=session["session_id"])["enforcement"] == "allowed"
    assert leo.beat(house.http).json()["reason"] == "locked"
    assert house.unlock() == [str(leo.profile.id)]
    assert house.unlock() == []


def test_while_it_runs(house):
    session = house.beat()
    sent = {"session_id": session["session_id"]}
    house.lock()
    # What plays on counts, what pauses does not, and nothing else begins.
    assert house.beat(**sent)["used_minutes"] == 1
    assert house.beat(**sent, is_paused=True)["used_minutes"] == 1
    other = str(make_title().id)
    assert house.beat(**sent, title_id=other)["session_id"] == session["session_id"]
    assert house.beat(title_id=other)["session_id"] == NIL
    assert house.child.balance().used_seconds == 60
    assert len(house.child.sessions()) == 1


def test_for_a_time(house):
    house.lock(minutes=30)
    assert house.at("2026-11-25 18:29").beat()["next_allowed_at"] == utc("2026-11-25 18:30")
    assert house.at("2026-11-25 18:10").lock()[0]["until"] is None
    assert house.at("2026-11-25 18:31").beat()["reason"] == "locked"
    house.lock(until="2026-11-25T18:00:00Z")
    assert house.at("2026-11-25 19:00").beat()["enforcement"] == "allowed"
    assert house.unlock() == []


def test_in_some_minutes(house):
    house.plan(soft_end={"finish_title_minutes": 15})
    house.lock(starts_in_minutes=10)
    answer = house.at("2026-11-25 18:05").beat(position_seconds=0, duration_seconds=12 * 60)
    assert (answer["enforcement"], answer["remaining_minutes"], answer["limited_by"]) == ("warning_5", 5, "lock")
    assert "can_finish" not in answer
    blocked = house.at("2026-11-25 18:10").beat(
        session_id=answer["session_id"], position_seconds=300, duration_seconds=12 * 60
    )
    assert blocked["reason"] == "locked"


def test_a_grant_does_not_lift_it_and_says_so(house):
    house.lock()
    answer = house.home.grant(house.http, 30).json()
    assert (answer["remaining_minutes"], answer["reason"], answer["next_allowed_at"]) == (0, "locked", None)
    balance = house.balance()
    assert (balance["granted_minutes"], balance["has_limits"]) == (30, True)
    assert balance["locked"] == {"since": utc("2026-11-25 18:00"), "until": None, "note": ""}
    assert house.eligible()["reason"] == "Locked by a parent"


def test_it_works_where_there_are_no_plans(house):
    with override_settings(WEEK_PLAN=False):
        house.lock()
        assert house.beat()["reason"] == "locked"
        house.unlock()
        assert house.beat()["enforcement"] == "allowed"


def test_unlocked_is_as_it_was(house):
    before = house.balance()
    house.lock()
    house.unlock()
    assert house.balance() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"minutes": 4},
        {"minutes": 1441},
        {"until": "2026-11-25T16:59:00Z"},
        {"until": "2026-12-02T18:00:00Z"},
        {"minutes": 30, "until": "2026-11-25T18:00:00Z"},
        {"starts_in_minutes": 61},
        {"note": "x" * 61},
        {"note": "a\nb"},
        {"profile_ids": []},
    ],
)
def test_bounds(house, fields):
    answer = house.call("POST", "lock", json=fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_only_parents_of_the_children(house):
    assert (
        status_and_body(house.http.post("/api/v1/parental-controls/lock", json={}, headers=house.child.headers))
        == NO_PLAYER
    )
    assert (
        status_and_body(house.http.delete("/api/v1/parental-controls/lock", headers=house.child.headers)) == NO_PLAYER
    )
    stranger = str(make_family().children[0].profile.id)
    own = str(house.child.profile.id)
    assert status_and_body(house.call("POST", "lock", json={"profile_ids": [own, stranger]})) == DENIED
    assert status_and_body(house.call("DELETE", "lock", params={"profile_id": stranger})) == DENIED
    adult = str(house.sibling(is_kids=False).profile.id)
    assert status_and_body(house.call("POST", "lock", json={"profile_ids": [adult]})) == NO_CHILD
    assert house.config.locked_at is None


def test_the_audit_shows_it(house):
    house.lock(minutes=30, note="Dinner")
    house.unlock()
    rows = AuditEntry.objects.filter(family=house.child.profile.user, profile=house.child.profile).order_by("id")
    assert [row.kind for row in rows] == ["locked", "unlocked"]
    # The note is the family's own; the audit holds no free text.
    assert "Dinner" not in str(rows[0].data)
    until = house.clock.now + timedelta(minutes=30)
    assert rows[0].data["until"] == until.isoformat()
