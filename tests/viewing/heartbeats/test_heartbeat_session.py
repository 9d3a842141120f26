"""A beat that carries a session, step by step in the order of docs/contract.md#continuing-a-session."""

import uuid

import pytest

from tests.families import make_child, make_family, make_title
from viewing.models import EndReason, ViewingSession

UNKNOWN = str(uuid.uuid4())


def end(http, child, session_id):
    return http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers)


def test_counts_to_the_session_and_to_the_balance(http):
    child = make_child()
    session_id = child.watch(http, 3)

    answer = child.beat(http, session_id=session_id).json()

    assert answer["session_id"] == session_id
    assert (answer["used_minutes"], answer["remaining_minutes"]) == (2.0, 118.0)
    assert [session.counted_seconds for session in child.sessions()] == [120]
    assert child.balance().used_seconds == 120


def test_1_an_unknown_session_is_404_before_anything_else(http):
    child = make_child()

    response = child.beat(http, session_id=UNKNOWN, title_id=UNKNOWN)

    assert (response.status_code, response.json()) == (404, {"detail": "Session not found", "code": "session_unknown"})
    assert child.has_written_nothing()


def test_1_a_session_of_another_profile_is_403_before_the_title(http):
    one, other = make_family(children=2).children
    theirs = other.watch(http, 1)

    response = one.beat(http, session_id=theirs, title_id=UNKNOWN)

    assert (response.status_code, response.json()) == (
        403,
        {"detail": "Session does not belong to this profile", "code": "session_foreign"},
    )
    assert one.has_written_nothing()
    assert [session.counted_seconds for session in other.sessions()] == [30]


def test_1_an_unknown_title_is_404_before_the_replay(http):
    child = make_child()
    session_id = child.watch(http, 1, sequence=1)

    response = child.beat(http, session_id=session_id, title_id=UNKNOWN, sequence=1)

    assert (response.status_code, response.json()) == (404, {"detail": "Title not found", "code": "title_unknown"})


@pytest.mark.parametrize("sequence", [5, 4, 0])
def test_2_a_sequence_not_above_the_last_is_a_replay(http, sequence):
    child = make_child()
    session_id = child.watch(http, 1, sequence=5)

    answer = child.beat(http, session_id=session_id, sequence=sequence).json()

    assert (answer["session_id"], answer["used_minutes"], answer["enforcement"]) == (session_id, 0.5, "allowed")
    assert [session.counted_seconds for session in child.sessions()] == [30]
    assert child.balance().used_seconds == 30


def test_2_a_replay_of_an_ended_session_answers_the_present_state(http):
    child = make_child()
    session_id = child.watch(http, 1, sequence=5)
    end(http, child, session_id)

    response = child.beat(http, session_id=session_id, sequence=5)

    assert (response.status_code, response.json()["used_minutes"]) == (200, 0.5)


def test_2_after_a_minute_a_low_sequence_is_a_restarted_counter(http, clock):
    child = make_child()
    session_id = child.watch(http, 1, sequence=5)
    clock.forward(seconds=61)

    child.beat(http, session_id=session_id, sequence=1)

    assert child.balance().used_seconds == 60
    assert child.sessions()[0].last_sequence == 1


def test_2_a_replay_exactly_a_minute_later_is_still_one(http, clock):
    child = make_child()
    session_id = child.watch(http, 1, sequence=5)
    clock.forward(seconds=60)

    assert child.beat(http, session_id=session_id, sequence=5).json()["used_minutes"] == 0.5


def test_2_beats_without_a_sequence_do_not_prolong_the_minute(http, clock):
    child = make_child()
    session_id = child.watch(http, 1, sequence=5)
    for _ in range(3):
        clock.forward(seconds=30)
        child.beat(http, session_id=session_id)

    assert child.beat(http, session_id=session_id, sequence=3).json()["used_minutes"] == 2.5


def test_2_beats_without_a_sequence_all_count(http):
    child = make_child()
    child.watch(http, 5)

    assert child.balance().used_seconds == 150


def test_3_ten_beats_on_an_ended_session_are_409_and_count_nothing(http):
    child = make_child()
    session_id = child.watch(http, 2)
    end(http, child, session_id)

    answers = [child.beat(http, session_id=session_id) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {409}
    assert answers[0].json() == {"detail": "Session has ended", "code": "session_ended", "reason": "session_ended"}
    assert child.balance().used_seconds == 60


def test_3_the_beat_that_switched_sent_again_answers_the_successor(http):
    child = make_child()
    other = str(make_title().id)
    first = child.watch(http, 1, sequence=1)
    switched = child.beat(http, session_id=first, title_id=other, sequence=2).json()

    again = child.beat(http, session_id=first, title_id=other, sequence=2)

    assert (again.status_code, again.json()) == (200, switched)
    assert child.balance().used_seconds == 60


@pytest.mark.parametrize("change", [{"sequence": 3}, {"device_id": "phone"}, {"sequence": ...}, {"title_id": "first"}])
def test_3_another_beat_on_a_session_that_switched_is_409(http, change):
    child = make_child()
    other = str(make_title().id)
    first = child.watch(http, 1, sequence=1)
    child.beat(http, session_id=first, title_id=other, sequence=2)
    if change.get("title_id") == "first":
        change = {"title_id": str(child.title.id)}

    response = child.beat(http, **{"session_id": first, "title_id": other, "sequence": 2, **change})

    assert (response.status_code, response.json()["reason"]) == (409, "session_ended")
    assert child.balance().used_seconds == 60


def test_3_the_successor_must_be_active(http):
    child = make_child()
    other = str(make_title().id)
    first = child.watch(http, 1, sequence=1)
    successor = child.beat(http, session_id=first, title_id=other, sequence=2).json()["session_id"]
    end(http, child, successor)

    assert child.beat(http, session_id=first, title_id=other, sequence=2).status_code == 409


def test_4_nothing_left_blocks_another_title_and_writes_nothing(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    session_id = child.watch(http, 30)

    answer = child.beat(http, session_id=session_id, title_id=str(make_title().id)).json()

    assert (answer["session_id"], answer["enforcement"], answer["reason"]) == (session_id, "blocked", "limit_reached")
    (session,) = child.sessions()
    assert (session.counted_seconds, session.ended_at) == (900, None)


def test_5_another_title_begins_another_session(http):
    child = make_child()
    first = child.watch(http, 2)
    other = make_title(is_educational=True)

    answer = child.beat(http, session_id=first, title_id=str(other.id), sequence=9).json()

    old, new = child.sessions()
    assert (old.end_reason, old.counted_seconds, new.title_id) == (EndReason.SWITCHED, 60, other.id)
    assert (answer["session_id"], answer["is_educational"]) == (str(new.id), True)
    assert (new.first_sequence, new.started_at) == (9, old.ended_at)
    # A regular session cannot be made exempt by naming an educational title: what it counted stays counted.
    assert (child.balance().used_seconds, child.balance().educational_seconds) == (60, 30)


def test_5_the_viewing_day_turned(http, clock):
    clock.set("2026-03-04T23:59:00Z")
    child = make_child()
    first = child.watch(http, 2, sequence=1)
    clock.forward(minutes=1)

    answer = child.beat(http, session_id=first, sequence=2).json()

    old, new = child.sessions()
    assert (old.end_reason, str(old.day), str(new.day)) == (EndReason.DAY_TURNED, "2026-03-04", "2026-03-05")
    assert (answer["session_id"], answer["used_minutes"], answer["remaining_minutes"]) == (str(new.id), 0.5, 119.5)
    assert child.beat(http, session_id=first, sequence=2).json()["session_id"] == str(new.id)


def test_5_a_clock_that_is_behind_does_not_turn_the_day_back(http, clock):
    clock.set("2026-03-05T00:00:00Z")
    child = make_child()
    session_id = child.watch(http, 1)
    clock.forward(seconds=-1)

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["session_id"], answer["used_minutes"]) == (session_id, 1.0)
    assert [str(session.day) for session in child.sessions()] == ["2026-03-05"]


def test_6_the_device_of_later_beats_is_not_compared(http):
    child = make_child()
    session_id = child.watch(http, 1, device_id="tv")

    assert child.beat(http, session_id=session_id, device_id="other").json()["session_id"] == session_id
    assert child.balance().used_seconds == 60


def test_6_a_running_session_still_counts_at_nothing_left(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    session_id = child.watch(http, 30)

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["enforcement"], answer["remaining_minutes"], answer["used_minutes"]) == ("blocked", 0.0, 15.5)
    assert answer["reason"] == "limit_reached"
    assert child.balance().used_seconds == 930


def test_a_granted_running_session_goes_on(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    session_id = child.watch(http, 30)
    child.profile.balances.update(granted_seconds=1800)

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["enforcement"], answer["remaining_minutes"]) == ("allowed", 29.5)


def test_unlimited_today_is_not_limited(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    session_id = child.watch(http, 30)
    child.profile.balances.update(is_unlimited_override=True)

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["enforcement"], answer["remaining_minutes"], answer["used_minutes"]) == ("allowed", None, 15.5)


def test_one_session_a_profile_is_active(http):
    child = make_child()
    for device in ("a", "b", "c"):
        child.watch(http, 2, device_id=device)

    assert ViewingSession.objects.filter(profile=child.profile, ended_at=None).count() == 1
    assert child.balance().used_seconds == 180
