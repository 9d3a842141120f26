"""At most 500 sessions: the days listed are whole, or the one day listed has the totals of all its sessions."""

from datetime import timedelta

import pytest

from tests.families import make_player
from tests.parental.cast import make_parent
from tests.viewing.watched import add_many, add_session, days_of, history
from viewing.models import ViewingSession

SPAN = {"from_date": "2026-03-01", "to_date": "2026-03-31"}


@pytest.fixture
def parent(server):
    return make_parent()


@pytest.fixture
def child(parent):
    return make_player(parent.user)


def on(child, day, sessions):
    """Add sessions of one minute on that day, two per minute."""
    add_many(child, sessions, until=f"2026-03-{day:02}T23:00:00Z", every=timedelta(seconds=30))


def listed(answer):
    return [(day["date"][-2:], len(day["sessions"]), day["total_minutes"]) for day in answer["days"]]


def asked(http, parent, child, **query):
    response = history(http, parent, child, **{**SPAN, **query})
    assert response.status_code == 200, response.text
    return response.json()


def test_exactly_500_are_all_listed(http, parent, child):
    on(child, 5, 300)
    on(child, 4, 200)

    answer = asked(http, parent, child)

    assert listed(answer) == [("05", 300, 300.0), ("04", 200, 200.0)]
    assert "truncated" not in answer


def test_with_501_the_oldest_day_is_left_out_whole(http, parent, child):
    on(child, 5, 300)
    on(child, 4, 100)
    on(child, 3, 101)

    answer = asked(http, parent, child)

    assert listed(answer) == [("05", 300, 300.0), ("04", 100, 100.0)]
    assert answer["truncated"] is True


def test_no_older_day_is_listed_after_one_that_was_left_out(http, parent, child):
    on(child, 5, 300)
    on(child, 4, 400)
    on(child, 3, 10)

    answer = asked(http, parent, child)

    assert listed(answer) == [("05", 300, 300.0)]
    assert answer["truncated"] is True
    assert listed(asked(http, parent, child, to_date="2026-03-04")) == [("04", 400, 400.0), ("03", 10, 10.0)]


def test_a_single_day_with_600_lists_its_newest_500_with_the_totals_of_all(http, parent, child):
    on(child, 5, 600)
    ViewingSession.objects.filter(profile=child.profile).update(is_educational=True, counted_seconds=20)

    answer = asked(http, parent, child)

    (day,) = answer["days"]
    began = [session["started_at"] for session in day["sessions"]]
    assert (len(began), began[0], began[-1]) == (500, "2026-03-05T23:00:00Z", "2026-03-05T18:50:30Z")
    assert began == sorted(began, reverse=True)
    assert (day["total_minutes"], day["educational_minutes"], day["counted_minutes"]) == (200.0, 200.0, 200.0)
    assert answer["truncated"] is True


def test_500_on_the_newest_day_and_more_before_it(http, parent, child):
    on(child, 5, 500)
    add_session(child, "2026-03-04T12:00:00Z")

    answer = asked(http, parent, child)

    assert listed(answer) == [("05", 500, 500.0)]
    assert answer["truncated"] is True


def test_a_day_of_600_is_listed_alone_even_with_others_around_it(http, parent, child):
    on(child, 4, 600)
    on(child, 3, 1)

    answer = asked(http, parent, child)

    assert listed(answer) == [("04", 500, 600.0)]
    assert answer["truncated"] is True


def test_a_day_of_600_before_a_smaller_one_is_left_out(http, parent, child):
    on(child, 5, 1)
    on(child, 4, 600)

    answer = asked(http, parent, child)

    assert listed(answer) == [("05", 1, 1.0)]
    assert answer["truncated"] is True


def test_the_totals_of_every_listed_day_are_those_of_its_sessions(http, parent, child):
    for day in range(1, 29):
        on(child, day, 20)

    days = days_of(http, parent, child, **SPAN)

    assert [len(day["sessions"]) for day in days] == [20] * 25
    for day in days:
        assert day["total_minutes"] == sum(session["duration_minutes"] for session in day["sessions"])


def test_what_lies_outside_of_the_days_asked_for_does_not_count(http, parent, child):
    on(child, 5, 400)
    on(child, 4, 400)

    answer = asked(http, parent, child, from_date="2026-03-05")

    assert listed(answer) == [("05", 400, 400.0)]
    assert "truncated" not in answer
