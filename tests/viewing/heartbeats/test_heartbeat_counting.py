"""What counts toward what: pauses, educational titles, warnings (docs/contract.md#counting)."""

import pytest

from tests.families import make_child, make_title
from tests.site import site
from viewing.hotpath import lookup


@pytest.mark.parametrize(
    ("used_minutes", "enforcement"),
    [
        (104.0, "allowed"),
        (104.5, "warning_15"),
        (114.0, "warning_15"),
        (114.5, "warning_5"),
        (119.0, "warning_5"),
        (119.5, "blocked"),
    ],
)
def test_enforcement_at_its_thresholds(http, used_minutes, enforcement):
    child = make_child()
    child.use_up(int(used_minutes * 60))

    answer = child.beat(http).json()

    assert answer["enforcement"] == enforcement
    assert answer["remaining_minutes"] == pytest.approx(120 - used_minutes - 0.5)


def test_a_weekend_takes_the_weekend_limit(http, clock):
    clock.set("2026-03-06T12:00:00Z")  # a Friday
    child = make_child(weekday_limit_minutes=60, weekend_limit_minutes=180)

    friday = child.beat(http).json()["remaining_minutes"]
    clock.forward(days=1)
    saturday = child.beat(http).json()["remaining_minutes"]

    assert (friday, saturday) == (59.5, 179.5)


def test_the_weekend_is_that_of_the_viewing_day(http, clock):
    clock.set("2026-03-07T04:00:00Z")  # Saturday by the calendar, Friday's viewing day
    child = make_child(weekday_limit_minutes=60, weekend_limit_minutes=180, reset_hour=6)

    assert child.beat(http).json()["remaining_minutes"] == 59.5
    assert str(child.balance().day) == "2026-03-06"


def test_an_exempt_educational_session_takes_nothing_of_the_limit(http):
    child = make_child()
    title = str(make_title(is_educational=True).id)

    child.watch(http, 2, title_id=title)
    answer = child.beat(http, session_id=str(child.sessions()[0].id), title_id=title).json()

    assert (answer["remaining_minutes"], answer["used_minutes"], answer["is_educational"]) == (120.0, 0.0, True)
    (session,) = child.sessions()
    assert (session.counted_seconds, session.exempt_seconds) == (0, 90)
    assert (child.balance().used_seconds, child.balance().educational_seconds) == (0, 90)


def test_an_educational_session_counts_where_the_exemption_is_off(http):
    child = make_child(educational_exempt=False)

    answer = child.beat(http, title_id=str(make_title(is_educational=True).id)).json()

    assert (answer["remaining_minutes"], answer["is_educational"]) == (119.5, True)
    assert (child.balance().used_seconds, child.balance().educational_seconds) == (30, 30)


def test_the_exemption_may_change_while_a_session_runs(http):
    child = make_child()
    title = str(make_title(is_educational=True).id)
    session_id = child.watch(http, 1, title_id=title)
    type(child.profile.config).objects.filter(profile=child.profile).update(educational_exempt=False)
    lookup.invalidate(("profiles", child.profile.id))

    child.beat(http, session_id=session_id, title_id=title)

    (session,) = child.sessions()
    assert (session.counted_seconds, session.exempt_seconds) == (30, 30)
    assert (child.balance().used_seconds, child.balance().educational_seconds) == (30, 60)


def test_a_session_stays_what_its_title_was_when_it_began(http):
    child = make_child()
    session_id = child.watch(http, 1)
    type(child.title).objects.filter(id=child.title.id).update(is_educational=True)
    lookup.invalidate(("titles", child.title.id))

    answer = child.beat(http, session_id=session_id).json()

    assert (answer["is_educational"], answer["used_minutes"]) == (False, 1.0)


def pause_for(http, child, clock, session_id, seconds):
    """A pause of so long, one beat every 30 s, the last one resuming."""
    child.beat(http, session_id=session_id, is_paused=True)
    for _ in range(seconds // 30 - 1):
        clock.forward(seconds=30)
        child.beat(http, session_id=session_id, is_paused=True)
    clock.forward(seconds=30)
    return child.beat(http, session_id=session_id)


def test_a_short_pause_counts_whole(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)

    pause_for(http, child, clock, session_id, 300)

    # Begun, ten paused (0 to 270 s), resumed at 300 s: "no more than 5 minutes have passed".
    assert child.balance().used_seconds == 30 + 10 * 30 + 30
    assert child.sessions()[0].paused_at is None


def test_a_long_pause_counts_five_minutes_and_not_the_resuming_beat(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)

    resumed = pause_for(http, child, clock, session_id, 600)
    after = child.beat(http, session_id=session_id)

    assert resumed.json()["used_minutes"] == 0.5 + 11 * 0.5
    assert after.json()["used_minutes"] == 6.5


def test_each_pause_has_its_own_grace(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)

    pause_for(http, child, clock, session_id, 300)
    pause_for(http, child, clock, session_id, 300)

    assert child.balance().used_seconds == 30 + 2 * 330


def test_the_pause_grace_is_a_site_setting(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)
    with site(pause_grace_seconds=60):
        pause_for(http, child, clock, session_id, 300)

    assert child.balance().used_seconds == 30 + 3 * 30


def test_a_switch_inherits_the_pause(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)
    child.beat(http, session_id=session_id, is_paused=True)
    clock.forward(seconds=301)

    answer = child.beat(http, session_id=session_id, title_id=str(make_title().id), is_paused=True).json()

    old, new = child.sessions()
    assert (new.paused_at, new.total_seconds) == (old.paused_at, 0)
    clock.forward(seconds=30)
    resumed = child.beat(http, session_id=answer["session_id"], title_id=str(new.title_id)).json()
    assert resumed["used_minutes"] == 1.0
    assert child.sessions()[1].paused_at is None


def test_a_take_over_inherits_no_pause(http, clock):
    child = make_child()
    session_id = child.watch(http, 1)
    child.beat(http, session_id=session_id, is_paused=True)
    clock.forward(seconds=301)

    child.beat(http, is_paused=True)

    assert child.sessions()[1].paused_at == clock.now
    assert child.sessions()[1].total_seconds == 30


def test_a_session_may_begin_paused(http):
    child = make_child()

    child.beat(http, is_paused=True)

    (session,) = child.sessions()
    assert (session.counted_seconds, session.paused_at) == (30, session.started_at)


def test_a_paused_beat_at_nothing_left_does_not_count(http):
    child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15)
    session_id = child.watch(http, 30)

    paused = child.beat(http, session_id=session_id, is_paused=True).json()
    playing = child.beat(http, session_id=session_id).json()

    assert (paused["enforcement"], paused["used_minutes"]) == ("blocked", 15.0)
    assert playing["used_minutes"] == 15.5


def test_an_adults_educational_session_has_its_time(http):
    child = make_child()
    child.profile.__class__.objects.filter(id=child.profile.id).update(is_kids=False)

    child.watch(http, 2, title_id=str(make_title(is_educational=True).id))

    (session,) = child.sessions()
    assert (session.total_seconds, session.counted_seconds) == (60, 0)
