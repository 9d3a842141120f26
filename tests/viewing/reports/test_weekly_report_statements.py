"""What a weekly report asks of the database: three statements for any number of children, by the index."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.families import make_child, make_player, make_title, make_user
from tests.parental.cast import log_in, make_parent
from tests.statements import statements
from tests.viewing.watched import add_many, plans, weekly_report
from viewing.models import ViewingSession
from viewing.reports import weekly

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def crowd(committed):
    """Ten children with 12,000 sessions each in 400 days, and 100,000 of one other; deleted afterwards."""
    user, other = make_user(), make_child()
    children = [make_player(user) for _ in range(10)]
    titles = [make_title(f"Title {n}") for n in range(30)]
    for child in children:
        add_many(child, 12_000, until=NOW, every=timedelta(minutes=48), titles=titles)
    add_many(other, 100_000, until=NOW, every=timedelta(minutes=6))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE viewing_viewingsession")
    yield user
    ViewingSession.objects.filter(profile__in=[player.profile for player in (*children, other)])._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE viewing_viewingsession")


def test_ten_childrens_sessions_are_found_by_the_index(crowd):
    with plans() as found:
        answer = weekly.weekly_report(crowd.id, now=NOW)

    assert [week.total_minutes for week in answer.profiles] == [6 * 30 + 16] * 10
    # 1. the profiles  2. the settings  3. the sessions
    assert len(found) == 3
    assert "session_profile_started_idx" in found[2], found[2]
    assert "Seq Scan on viewing_viewingsession" not in found[2], found[2]
    condition = found[2].split("session_profile_started_idx")[1].split("Index Cond:")[1].splitlines()[0]
    assert "started_at >= " in condition
    assert "started_at < " in condition


def asked(http, parent, **query):
    with statements() as sent:
        answer = weekly_report(http, parent, **query)
    assert answer.status_code == 200
    return answer, sent


@pytest.mark.parametrize("children", [1, 10])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_three_statements_for_one_child_or_ten(http, children, form):
    parent = log_in(make_user())
    for _ in range(children):
        child = make_player(parent.user)
        for _ in range(3):
            child.watch(http, 1, title_id=str(make_title().id))
    http.get("/api/v1/auth/me", headers=parent.headers)

    answer, sent = asked(http, parent, format=form)

    # 1. the profiles  2. their settings  3. their sessions, summed by day and by title
    assert len(sent) == 3, sent
    assert set(sent.applications) == {"sandglass"}
    if form == "json":
        assert [len(report["top_titles"]) for report in answer.json()["profiles"]] == [3] * children


def test_without_children_it_is_one_statement(http):
    parent = make_parent()
    http.get("/api/v1/auth/me", headers=parent.headers)

    _, sent = asked(http, parent)

    # 1. the profiles: none
    assert len(sent) == 1, sent


def test_the_number_of_rows_that_are_handed_over_does_not_grow_with_the_titles(http):
    parent = make_parent()
    child = make_player(parent.user)
    titles = [make_title(f"Title {n:03}") for n in range(200)]
    add_many(child, 200, until=datetime.now(UTC), every=timedelta(seconds=1), titles=titles)
    week = weekly._week([], now=datetime.now(UTC))

    sums = weekly._sums([child.profile], week)[child.profile.id]

    assert len([row for row in sums if row.title_id]) == 3
    assert [row.title_name for row in sums if row.title_id] == ["Title 000", "Title 001", "Title 002"]
    assert sum(row.total for row in sums if row.day) == 200 * 60
