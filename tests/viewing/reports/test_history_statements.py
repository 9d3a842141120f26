"""What a history asks of the database: how many statements, which columns, which index."""

import re
import socket
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from parental.tokens import families
from perfmetrics.counting.cache import counted
from tests import processes
from tests.families import make_child, make_player, make_title
from tests.parental.cast import bearer, make_parent
from tests.statements import statements
from tests.viewing.watched import add_many, add_session, history, plans
from viewing.models import ViewingSession
from viewing.profile import Profile
from viewing.reports import downloads
from viewing.reports.history import history as read_history
from viewing.reports.periods import Period

LAST = date(2026, 3, 31)
NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def crowd(committed):
    """A child with 120,000 sessions in 400 days, and as many of ten others; deleted afterwards."""
    until = NOW
    titles = [make_title(f"Title {n}") for n in range(30)]
    busy, others = make_child(), [make_child() for _ in range(10)]
    add_many(busy, 120_000, until=until, every=timedelta(minutes=4.8), titles=titles)
    for other in others:
        add_many(other, 12_000, until=until, every=timedelta(minutes=48), titles=titles)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE viewing_viewingsession")
    yield Profile(id=busy.profile.id, user_id=busy.profile.user_id, is_kids=True)
    ViewingSession.objects.filter(profile__in=[player.profile for player in (busy, *others)])._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE viewing_viewingsession")


def check(plan):
    """By the index, bounded on both sides, and by no other way through the sessions."""
    assert "session_profile_started_idx" in plan, plan
    assert "Seq Scan on viewing_viewingsession" not in plan, plan
    (condition,) = re.findall(r"Index Cond: \((\(profile_id .*)\)", plan)
    assert "started_at >= " in condition, plan
    assert "started_at < " in condition, plan


@pytest.mark.slow
@pytest.mark.parametrize("days", [0, 30, 90])
@pytest.mark.parametrize("back", [0, 200])
def test_with_120_000_sessions_of_one_profile_the_index_finds_the_days(crowd, days, back):
    last = LAST - timedelta(days=back)

    with plans() as found:
        answer = read_history(crowd, Period(last - timedelta(days=days), last), now=NOW)

    assert len(answer.days) == 1  # 300 a day
    assert len(found) == 2
    for plan in found:
        check(plan)


def test_every_page_of_a_csv_is_found_by_the_index(crowd):
    period = Period(LAST - timedelta(days=90), LAST)

    with plans() as found:
        first = downloads._page(crowd.id, period, None)
        second = downloads._page(crowd.id, period, first.last)

    assert [len(page.text.splitlines()) for page in (first, second)] == [downloads.PAGE_SIZE] * 2
    assert second.last.started_at < first.last.started_at
    for plan in found:
        check(plan)
        assert "Sort" not in plan or "Incremental Sort" in plan, plan


@pytest.fixture
def child(server):
    parent = make_parent()
    child = make_player(parent.user)
    for _ in range(3):
        add_session(child, "2026-03-04T12:00:00Z")
    child.parent = parent
    return child


def ask(http, child, **query):
    return history(http, child.parent, child, from_date="2026-03-01", to_date="2026-03-05", **query)


def test_a_warm_history_is_two_statements(http, child):
    ask(http, child)

    with statements() as sent:
        answer = ask(http, child)

    # 1. the sums of each day  2. the sessions with their titles
    assert (answer.status_code, len(sent)) == (200, 2), sent
    assert set(sent.applications) == {"sandglass"}


def test_a_cold_history_is_four_statements(http, child):
    for alias in ("profiles", "accounts"):
        counted(alias).clear()

    with statements() as sent:
        ask(http, child)

    # 1. the account  2. the profile with its limits  3. the sums of each day  4. the sessions with their titles
    assert len(sent) == 4, sent


def test_a_history_without_sessions_is_one_statement(http, child):
    ask(http, child)

    with statements() as sent:
        history(http, child.parent, child, from_date="2020-03-01", to_date="2020-03-05")

    # 1. the sums of each day: none
    assert len(sent) == 1, sent


@pytest.mark.parametrize("form", ["json", "csv"])
def test_only_id_and_name_of_a_title_are_read(http, child, form):
    with statements() as sent:
        ask(http, child, format=form)

    columns = {column for text in sent.all for column in re.findall(r'"viewing_title"\."(\w+)"', text)}
    assert columns == {"id", "name"}


def test_no_function_is_put_over_the_columns_that_are_compared(http, child):
    ask(http, child)
    with statements() as sent:
        ask(http, child)

    for text in sent.all:
        where = text.split(" WHERE ")[1].split(" GROUP BY ")[0].split(" ORDER BY ")[0]
        assert re.search(r'"started_at" >= ', where)
        assert re.search(r'"started_at" < ', where)
        assert not re.search(r"(?i)date_trunc|extract|::date|at time zone|cast\(", where), text


def test_a_csv_is_one_statement_a_page(http, child, monkeypatch):
    monkeypatch.setattr(downloads, "PAGE_SIZE", 2)
    ask(http, child)

    with statements() as sent:
        ask(http, child, format="csv")

    # 1. two sessions  2. the third
    assert len(sent) == 2, sent


def test_a_client_that_reads_slowly_keeps_no_connection(crowd, real_time, tmp_path):
    pair = families.begin_family(crowd.user_id, now=timezone.now())
    path = f"/api/v1/parental-controls/profiles/{crowd.id}/history"
    span = {"from_date": str(LAST - timedelta(days=90)), "to_date": str(LAST)}
    small = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    one_connection = {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1", "DB_POOL_WAIT_SECONDS": "1"}

    with (
        processes.service(tmp_path / "log", **one_connection) as service,
        httpx.Client(base_url=service.url, headers=bearer(pair.access_token), transport=small) as client,
        client.stream("GET", path, params={**span, "format": "csv"}) as download,
    ):
        lines = download.iter_lines()  # kept: without it the download would be broken off
        assert next(lines).startswith("date,")
        # 5 MB are still to come.
        answer = httpx.get(service.url + path, headers=bearer(pair.access_token))

    assert answer.status_code == 200
