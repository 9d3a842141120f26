"""A session that was abandoned ended with its last beat, not when the service noticed."""

from datetime import timedelta

import pytest

from tests.families import make_player
from tests.parental.cast import make_parent
from tests.viewing.watched import add_session, at, days_of, history

BEGAN = "2026-03-04T10:00:00Z"


@pytest.fixture
def parent(server):
    return make_parent()


@pytest.fixture
def child(parent):
    return make_player(parent.user)


@pytest.mark.parametrize("found_by", ["another film", "a beat on the next day"])
def test_it_ends_30_s_after_its_last_beat_though_the_service_notices_20_hours_later(
    http, clock, parent, child, found_by
):
    clock.set(BEGAN)
    session_id = child.watch(http, 1)
    clock.forward(seconds=30)
    child.beat(http, session_id=session_id)
    clock.forward(hours=20)

    child.beat(http, session_id=session_id) if found_by == "a beat on the next day" else child.watch(http, 1)

    abandoned = child.sessions()[0]
    assert abandoned.ended_at == clock.now
    (session,) = days_of(http, parent, child)[-1]["sessions"]
    assert session["ended_at"] == "2026-03-04T10:01:00Z"
    assert session["stopped_without_notice"] is True
    assert "2026-03-04T10:01:00Z" in history(http, parent, child, format="csv").text
    # What session end and replays look at stays.
    end = http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=child.headers).json()
    assert end["ended_at"] == "2026-03-05T06:00:30Z"
    assert child.sessions()[0].ended_at == abandoned.ended_at


@pytest.mark.parametrize(("seconds", "shown"), [(300, "2026-03-04T10:05:00Z"), (301, "2026-03-04T10:00:30Z")])
def test_five_minutes_are_the_bound(http, parent, child, seconds, shown):
    add_session(child, BEGAN, ended_at=at(BEGAN) + timedelta(seconds=seconds))

    (session,) = days_of(http, parent, child, from_date="2026-03-04")[0]["sessions"]

    assert session["ended_at"] == shown
    assert ("stopped_without_notice" in session) == (seconds > 300)


@pytest.mark.parametrize("minutes", [5, 6])
def test_an_open_session_stays_open_but_says_that_it_is_silent(http, clock, parent, child, minutes):
    clock.set(BEGAN)
    add_session(child, BEGAN, ended_at=None, end_reason="")
    clock.forward(minutes=minutes)

    (session,) = days_of(http, parent, child)[0]["sessions"]

    assert session["ended_at"] is None
    assert session.get("stopped_without_notice", False) == (minutes > 5)
