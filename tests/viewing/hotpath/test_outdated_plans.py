"""A column changes its type while players watch: prepared statements meet it once, and run again."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from django.db import connection

from perfmetrics.counting.cache import counted
from tests import processes
from tests.families import make_child
from tests.parental.cast import log_in
from viewing.models import Profile, Title, ViewingSession, ViewingTimeBalance, ViewingTimeConfig

pytestmark = pytest.mark.slow

# More often than psycopg runs a statement before it prepares it.
ENOUGH = 8


@contextmanager
def other_type(model, column, type_):
    """A column has another type for a while."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        (present,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {type_}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {present}")


def balance(http, child):
    return http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers)


def test_the_writer_runs_its_statements_again(http):
    child = make_child()
    session_id = child.watch(http, ENOUGH)
    for n in range(ENOUGH):  # beginnings, too
        make_child().beat(http, device_id=str(n))

    with other_type(ViewingSession, "end_reason", "text"), other_type(ViewingTimeBalance, "used_seconds", "bigint"):
        assert child.beat(http, session_id=session_id).json()["used_minutes"] == (ENOUGH + 1) / 2
        assert make_child().beat(http).json()["used_minutes"] == 0.5
    assert child.beat(http, session_id=session_id).json()["used_minutes"] == (ENOUGH + 2) / 2


def test_the_reads_run_their_statements_again(http):
    child = make_child()

    def read_all():
        for alias in ("profiles", "titles", "catalog"):
            counted(alias).clear()
        answers = [
            child.beat(http),
            balance(http, child),
            http.get("/api/v1/catalog/titles", headers=child.headers),
        ]
        return {answer.status_code for answer in answers} | {answers[0].json()["enforcement"]}

    for _ in range(ENOUGH):
        read_all()

    with (
        other_type(ViewingTimeConfig, "timezone", "text"),
        other_type(ViewingTimeBalance, "granted_seconds", "bigint"),
        other_type(Title, "name", "text"),
    ):
        assert read_all() == {200, "allowed"}
    assert read_all() == {200, "allowed"}


def test_pages_and_parents_calls_run_their_statements_again(committed, real_time, tmp_path):
    parent = log_in(make_child().profile.user)
    headers, one = parent.headers, {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1"}
    with processes.service(tmp_path / "log", **one) as running, httpx.Client(base_url=running.url, timeout=60) as http:

        def call_all():
            """A read, and a transaction."""
            return [
                http.get("/api/v1/auth/profiles", headers=headers).status_code,
                http.post("/api/v1/auth/profiles", json={"name": "Mia"}, headers=headers).status_code,
            ]

        for _ in range(ENOUGH):
            assert call_all() == [200, 201]
        with other_type(Profile, "name", "text"):
            assert call_all()[0] == 200
            assert call_all() == [200, 201]


@pytest.mark.parametrize("players", [8])
def test_while_all_beat_each_beat_counts_once(http, players):
    children = [make_child() for _ in range(players)]
    ids = [child.watch(http, ENOUGH) for child in children]

    def beat(n):
        """How many of twenty beats were counted; the rest met the lock of the change."""
        child, counted_beats = children[n], 0
        for _ in range(20):
            answer = child.beat(http, session_id=ids[n])
            assert answer.status_code == 503 or answer.json()["enforcement"] == "allowed"
            counted_beats += answer.status_code == 200
        return counted_beats

    with ThreadPoolExecutor(players) as threads:
        running = [threads.submit(beat, n) for n in range(players)]
        with other_type(ViewingSession, "end_reason", "text"):
            pass
        counts = [future.result() for future in running]

    assert [child.balance().used_seconds for child in children] == [30 * (ENOUGH + count) for count in counts]
