"""A history in pages: whole days, and nothing is left out however much there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from django.db import connection

from tests.families import make_child, make_title
from tests.parental.cast import log_in
from tests.statements import statements
from tests.viewing.watched import add_many, add_session, days_of, plans
from viewing.models import ViewingSession
from viewing.reports import history_pages
from viewing.reports.history_pages import MAX_DAYS, MAX_SESSIONS, Part, history_page, parts
from viewing.reports.periods import Period

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def child(server):
    return make_child()


def on(child, day, sessions):
    add_many(child, sessions, until=f"2026-03-{day:02}T23:00:00Z", every=timedelta(seconds=30))


def page(child, number=1, period=MARCH):
    return history_page(child.profile.id, period, number=number, now=NOW)


def listed(answer):
    return [(each.day.date.day, len(each.day.sessions)) for each in answer.days]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([], []),
        ([1], [Part(0, 1)]),
        ([100], [Part(0, 1)]),
        ([60, 40], [Part(0, 2)]),
        ([60, 41], [Part(0, 1), Part(1, 2)]),
        ([1] * 7, [Part(0, 7)]),
        ([1] * 8, [Part(0, 7), Part(7, 8)]),
        ([101], [Part(0, 1), Part(0, 1, 100)]),
        ([5, 200, 5], [Part(0, 1), Part(1, 2), Part(1, 2, 100), Part(2, 3)]),
        ([100, 1, 99, 1], [Part(0, 1), Part(1, 3), Part(3, 4)]),
    ],
)
def test_days_are_laid_out_on_pages(counts, expected):
    assert parts(counts) == expected


def test_whatever_the_counts_every_session_is_on_exactly_one_page():
    dice = Random(5)
    for _ in range(500):
        counts = [dice.choice((1, 2, 30, 99, 100, 101, 250)) for _ in range(dice.randrange(40))]

        found = parts(counts)

        seen = [
            (day, skip + n)
            for part in found
            for day in range(part.first, part.end)
            for skip in [part.skip]
            for n in range(min(counts[day] - skip, MAX_SESSIONS))
        ]
        assert seen == [(day, n) for day, count in enumerate(counts) for n in range(count)]
        for part in found:
            assert part.end - part.first <= MAX_DAYS
            assert part.skip or sum(counts[part.first : part.end]) <= MAX_SESSIONS or part.end - part.first == 1


def test_pages_show_whole_days_newest_first(child):
    for day, sessions in ((9, 60), (8, 30), (7, 20), (1, 3)):
        on(child, day, sessions)

    first, second = page(child), page(child, 2)

    assert (listed(first), listed(second)) == ([(9, 60), (8, 30)], [(7, 20), (1, 3)])
    assert [(answer.number, answer.pages) for answer in (first, second)] == [(1, 2), (2, 2)]


def test_a_day_with_more_sessions_than_a_page_goes_over_several_with_the_totals_of_the_whole(child):
    on(child, 5, 250)

    pages = [page(child, number).days[0] for number in (1, 2, 3)]

    assert [(day.first_session, day.last_session, day.session_count) for day in pages] == [
        (1, 100, 250),
        (101, 200, 250),
        (201, 250, 250),
    ]
    assert [each.day.total_minutes for each in pages] == [250.0] * 3
    began = [session.started_at for each in pages for session in each.day.sessions]
    assert len(began) == 250
    assert all(later > earlier for later, earlier in pairwise(began))


def test_the_pages_together_are_the_apis_history(http, child):
    lesson = make_title("Volcanoes", is_educational=True)
    for day in range(1, 20):
        on(child, day, day)
        add_session(child, f"2026-03-{day:02}T10:00:00Z", title=lesson, is_educational=True, exempt_seconds=90)

    pages = [page(child, number + 1) for number in range(page(child).pages)]

    days = [each.day for each_page in pages for each in each_page.days]
    by_api = days_of(http, log_in(child.profile.user), child, from_date="2026-03-01", to_date="2026-03-31")
    for ours, theirs in zip(days, by_api, strict=True):
        assert str(ours.date) == theirs["date"]
        assert [str(session.session_id) for session in ours.sessions] == [
            session["session_id"] for session in theirs["sessions"]
        ]
        for total in ("total_minutes", "educational_minutes", "counted_minutes"):
            assert getattr(ours, total) == theirs[total]


def test_every_page_shows_the_sums_of_the_whole_period(child):
    on(child, 9, 100)
    add_session(child, "2026-03-05T10:00:00Z", is_educational=True, counted_seconds=0, exempt_seconds=90)

    for number in (1, 2):
        answer = page(child, number)

        assert (answer.total_minutes, answer.educational_minutes, answer.counted_minutes) == (
            101.5,
            1.5,
            100.0,
        )
        assert (answer.day_count, answer.session_count) == (2, 101)


@pytest.mark.parametrize(("asked", "number"), [(0, 1), (-3, 1), (2, 2), (3, 2), (10**9, 2)])
def test_beyond_the_last_page_is_the_last_and_before_the_first_the_first(child, asked, number):
    on(child, 9, 100)
    on(child, 8, 1)

    assert page(child, asked).number == number


def test_nothing_watched_is_a_page_without_days(child):
    answer = page(child, 3)

    assert (answer.days, answer.number, answer.pages, answer.total_minutes) == ([], 1, 0, 0)


def test_two_statements_and_one_where_nothing_was_watched(child):
    on(child, 9, 250)
    page(child)

    with statements() as sent:
        page(child, 3)
    with statements() as sent_for_nothing:
        page(child, period=Period(date(2020, 1, 1), date(2020, 1, 2)))

    # 1. the sums of each day  2. the sessions with their titles
    assert len(sent) == 2, sent
    # 1. the sums of each day: none
    assert len(sent_for_nothing) == 1, sent_for_nothing


def test_a_page_is_found_by_the_index(child):
    until = datetime(2026, 4, 1, tzinfo=UTC)
    add_many(child, 20_000, until=until, every=timedelta(minutes=30))

    with plans() as found:
        assert len(page(child, 5).days) == 2

    assert len(found) == 2
    for plan in found:
        assert "session_profile_started_idx" in plan, plan
    ViewingSession.objects.filter(profile=child.profile)._raw_delete("default")


def test_sums_and_sessions_are_of_one_moment(child, monkeypatch):
    on(child, 9, 2)
    read = history_pages._read

    def begin_another():
        on(child, 9, 1)
        connection.close()

    def changed_first(*given, now):
        with ThreadPoolExecutor(1) as other:  # a connection of its own
            other.submit(begin_another).result()
        return read(*given, now=now)

    monkeypatch.setattr(history_pages, "_read", changed_first)
    answer = page(child)
    monkeypatch.undo()

    assert (listed(answer), answer.session_count) == ([(9, 2)], 2)
    assert listed(page(child)) == [(9, 3)]
