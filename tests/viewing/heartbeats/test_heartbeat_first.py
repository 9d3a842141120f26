"""A first beat: begins a session, takes over a running one, or is refused (docs/contract.md#first-heartbeat)."""

import uuid

import pytest

from tests.families import NIL, make_child, make_family, make_player, make_title, make_user
from viewing.models import EndReason


def test_begins_a_session_and_counts_thirty_seconds(http):
    child = make_child()

    response = child.beat(http, sequence=1)

    session = child.sessions()[0]
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "session_id": str(session.id),
        "enforcement": "allowed",
        "remaining_minutes": 119.5,
        "used_minutes": 0.5,
        "is_educational": False,
    }
    assert (session.counted_seconds, session.exempt_seconds, session.ended_at) == (30, 0, None)
    assert (session.device_id, session.device_type, session.title_id) == ("living-room", "tv", child.title.id)
    assert (session.first_sequence, session.last_sequence) == (1, 1)
    assert child.balance().used_seconds == 30


@pytest.mark.parametrize("session_id", [None, NIL, ...], ids=["null", "nil", "absent"])
def test_the_ways_to_carry_no_session(http, session_id):
    child = make_child()

    assert child.beat(http, session_id=session_id).status_code == 200
    assert len(child.sessions()) == 1


def test_device_type_defaults_to_web(http):
    child = make_child()

    child.beat(http, device_type=...)

    assert child.sessions()[0].device_type == "web"


def test_sent_again_answers_the_same_session_and_counts_nothing(http):
    child = make_child()
    first = child.beat(http, sequence=7).json()

    again = child.beat(http, sequence=7).json()

    assert again == first
    assert [session.counted_seconds for session in child.sessions()] == [30]
    assert child.balance().used_seconds == 30


@pytest.mark.parametrize("change", [{"sequence": 8}, {"device_id": "phone"}, {"sequence": ...}])
def test_another_first_beat_is_no_replay(http, change):
    child = make_child()
    first = child.beat(http, sequence=7).json()

    other = child.beat(http, **{"sequence": 7, **change}).json()

    assert other["session_id"] != first["session_id"]
    assert child.balance().used_seconds == 60


def test_a_first_beat_repeated_after_another_beat_begins_a_new_session(http):
    child = make_child()
    first = child.beat(http, sequence=7).json()
    child.beat(http, sequence=8, session_id=first["session_id"])

    again = child.beat(http, sequence=7).json()

    assert again["session_id"] != first["session_id"]
    assert child.balance().used_seconds == 90


def test_a_first_beat_repeated_after_a_minute_begins_a_new_session(http, clock):
    child = make_child()
    first = child.beat(http, sequence=7).json()
    clock.forward(seconds=61)

    assert child.beat(http, sequence=7).json()["session_id"] != first["session_id"]


def test_takes_over_the_running_session(http):
    child = make_child()
    old = child.watch(http, 2, device_id="tv")

    new = child.beat(http, device_id="tablet", device_type="tablet").json()["session_id"]
    late = child.beat(http, device_id="tv", session_id=old)

    ended, active = child.sessions()
    assert (str(ended.id), ended.end_reason) == (old, EndReason.TAKEN_OVER)
    assert (str(active.id), active.ended_at) == (new, None)
    assert late.status_code == 409
    assert late.json() == {"detail": "Session has ended", "code": "taken_over", "reason": "taken_over"}
    assert [session.counted_seconds for session in child.sessions()] == [60, 30]
    assert child.balance().used_seconds == 90


def test_nothing_left_is_blocked_and_writes_nothing(http, clock):
    clock.set("2026-03-04T10:00:00Z")
    child = make_child(weekday_limit_minutes=15)
    child.use_up(900, day=clock.now.date())

    response = child.beat(http)

    assert response.status_code == 200
    assert response.json() == {
        "session_id": NIL,
        "enforcement": "blocked",
        "remaining_minutes": 0.0,
        "used_minutes": 15.0,
        "is_educational": False,
        "reason": "limit_reached",
        "next_reset_at": "2026-03-05T00:00:00Z",
    }
    assert not child.sessions()
    assert child.balance().used_seconds == 900


def test_nothing_left_leaves_the_running_session(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    running = child.watch(http, 30)

    blocked = child.beat(http, device_id="phone").json()

    assert (blocked["session_id"], blocked["enforcement"]) == (NIL, "blocked")
    assert [str(session.id) for session in child.sessions() if session.ended_at is None] == [running]


def test_educational_titles_are_blocked_too_when_nothing_is_left(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    child.use_up(900)

    answer = child.beat(http, title_id=str(make_title(is_educational=True).id)).json()

    assert (answer["enforcement"], answer["is_educational"]) == ("blocked", True)
    assert not child.sessions()


def test_an_adult_has_sessions_but_no_balance(http):
    adult = make_player(make_user(), is_kids=False)

    answer = adult.beat(http).json()

    assert answer["enforcement"] == "allowed"
    assert (answer["remaining_minutes"], answer["used_minutes"]) == (None, 0.0)
    assert [session.total_seconds for session in adult.sessions()] == [30]
    assert not adult.profile.balances.exists()


def test_a_child_without_a_limit_is_counted_and_not_limited(http):
    child = make_child(weekday_limit_minutes=None, weekend_limit_minutes=None)

    answer = child.beat(http).json()

    assert (answer["enforcement"], answer["remaining_minutes"], answer["used_minutes"]) == ("allowed", None, 0.5)


def test_a_missing_config_reads_as_the_defaults(http, clock):
    clock.set("2026-03-04T10:00:00Z")  # a Wednesday
    child = make_child()
    child.profile.config.delete()

    assert child.beat(http).json()["remaining_minutes"] == 119.5


def test_an_unknown_title_is_404(http):
    child = make_child()

    response = child.beat(http, title_id=str(uuid.uuid4()))

    assert (response.status_code, response.json()) == (404, {"detail": "Title not found", "code": "title_unknown"})
    assert child.has_written_nothing()


@pytest.mark.parametrize("whose", ["sibling", "stranger", "nobody"])
def test_another_profile_is_403_whether_or_not_it_exists(http, whose):
    family = make_family(children=2)
    child, sibling = family.children
    ids = {"sibling": sibling.profile.id, "stranger": make_child().profile.id, "nobody": uuid.uuid4()}

    response = child.beat(http, profile_id=str(ids[whose]))

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Profile not found or access denied", "code": "access_denied"},
    )
    assert sibling.has_written_nothing()
