"""Health checks: bodies and statuses, with and without a database (docs/contract.md#health)."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from config import health
from tests import processes
from tests.families import make_child
from tests.http import any_worker
from tests.parental.cast import make_parent
from tests.races import until
from tests.statements import statements
from viewing.hotpath.listener import listener
from viewing.models import Profile

WORKS = {"database": "ok", "writer": "ok", "reads": "ok", "pool": "off", "listener": "ok"}
POOLED = {**WORKS, "pool": "ok"}


def said_by(response):
    return response.status_code, response.json()["status"], response.json()["checks"]


class Hanging:
    """A check that comes back only when the test releases it (or gives up, after 10 s)."""

    def __init__(self):
        self.released, self.is_back = threading.Event(), threading.Event()

    def __call__(self):
        self.released.wait(10)
        self.is_back.set()


@pytest.fixture
def check(monkeypatch):
    check = Hanging()
    monkeypatch.setattr(health, "DATABASE_SECONDS", 0.02)
    monkeypatch.setattr(health, "_ask_database", check)
    yield check
    check.released.set()


def test_live_says_that_the_process_is_up(http):
    response = http.get("/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_ready_says_that_the_database_answers(http, path):
    response = http.get(path)

    assert said_by(response) == (200, "ok", WORKS)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("error", [OperationalError("connection refused at 10.0.0.7"), InterfaceError("closed")])
@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_ready_is_503_without_a_database_and_does_not_say_why(http, monkeypatch, path, error):
    def fail():
        raise error

    monkeypatch.setattr(health, "_ask_database", fail)

    response = http.get(path)

    assert said_by(response) == (503, "degraded", {**WORKS, "database": "unreachable"})


def test_live_does_not_ask_the_database(http, monkeypatch):
    def fail():
        raise OperationalError("connection refused")

    monkeypatch.setattr(health, "_ask_database", fail)

    assert http.get("/health/live").status_code == 200


def test_ready_does_not_wait_for_a_database_that_hangs(http, check):
    response = http.get("/health/ready")

    assert said_by(response) == (503, "degraded", {**WORKS, "database": "unreachable"})
    assert not check.is_back.is_set()


def test_many_checks_of_a_database_that_hangs_hold_up_nothing(http, check):
    for _ in range(40):  # more than there are threads to share
        assert http.get("/health").status_code == 503
    assert http.get("/health/live").status_code == 200
    assert http.get("/api/v1/unknown").status_code == 404

    assert not check.is_back.is_set()


def test_ready_again_once_the_database_is_back(http, check, monkeypatch):
    assert http.get("/health").status_code == 503

    check.released.set()
    monkeypatch.undo()

    assert said_by(http.get("/health")) == (200, "ok", WORKS)


def test_a_check_has_a_connection_of_its_own_and_comes_back_after_it_was_cut(http):
    http.get("/health")
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'sandglass-health' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] >= 1

    assert said_by(http.get("/health")) == (200, "ok", WORKS)


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_checks_are_not_timed(http, path):
    response = http.get(path)

    assert "X-Process-Time" not in response.headers
    assert "X-Request-ID" not in response.headers


@pytest.fixture
def lacking(http):
    """A migration that the code needs and the database lacks."""
    name = ("viewing", "9999_of_the_next_version")
    health._missing.add(name)
    yield name
    health._missing.discard(name)
    MigrationRecorder.Migration.objects.filter(app=name[0], name=name[1]).delete()


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_not_ready_while_a_migration_is_missing_and_ready_once_it_is_there(http, lacking, path):
    for _ in range(2):
        assert said_by(http.get(path)) == (503, "degraded", {**WORKS, "migrations": "missing"})

    MigrationRecorder(connections["default"]).record_applied(*lacking)

    assert said_by(http.get(path)) == (200, "ok", WORKS)


def test_once_none_is_missing_a_probe_asks_for_none(http):
    http.get("/health/ready")

    with statements() as sent:
        http.get("/health/ready")

    assert sent.all == ["SELECT 1"] * 3  # on its own connection, the writer's and the reads'


def test_every_migration_is_looked_for(monkeypatch):
    monkeypatch.setattr(health, "_missing", set())

    health.note_migrations()

    assert {("viewing", "0001_viewing_time"), ("parental", "0001_user"), ("auth", "0001_initial")} <= health._missing


@pytest.mark.slow
def test_a_service_that_started_before_its_migrations_becomes_ready_by_itself(committed, tmp_path):
    applied = MigrationRecorder.Migration.objects.get(app="sessions", name="0001_initial")
    applied.delete()
    log = tmp_path / "log"

    def apply_later():
        until(lambda: log.exists() and '"migrations": "missing"' in log.read_text())
        applied.save(force_insert=True)
        connections["default"].close()

    with ThreadPoolExecutor(1) as threads:
        later = threads.submit(apply_later)
        with processes.service(log):  # has answered that it is ready
            later.result()


def test_not_ready_while_it_drains(http, monkeypatch):
    health.draining.set()
    try:
        response = http.get("/health/ready")
        alive = http.get("/health/live")
    finally:
        health.draining.clear()

    body = {"status": "degraded", "checks": {"process": "draining"}}
    assert (response.status_code, response.json()) == (503, body)
    assert alive.status_code == 200


@pytest.mark.slow
def test_a_stopping_worker_keeps_serving_while_it_drains(committed, real_time, tmp_path):
    child = make_child()
    with (
        processes.service(tmp_path / "log", DRAIN_SECONDS="300", LOG_LEVEL="INFO") as running,
        any_worker(running.url) as http,
    ):
        session_id = child.watch(http, 1)
        (worker,) = running.workers()
        os.kill(worker, signal.SIGTERM)
        until(lambda: http.get("/health/ready").status_code == 503)

        assert child.beat(http, session_id=session_id).json()["used_minutes"] == 1.0  # on a new connection
        os.kill(worker, signal.SIGTERM)
        until(lambda: "Application shutdown complete" in running.log.read_text())


@pytest.mark.slow
def test_the_drain_ends_by_itself(committed, tmp_path):
    with processes.service(tmp_path / "log", DRAIN_SECONDS="1", LOG_LEVEL="INFO") as running:
        assert running.stop() == 0
        assert "Application shutdown complete" in running.log.read_text()


def test_it_says_how_long_ago_each_part_succeeded(http):
    make_child().beat(http)

    seconds = http.get("/health/ready").json()["seconds"]

    assert set(seconds) == {"writer", "reads", "listener", "listener_heard", "writer_queue", "reads_queue"}
    assert all(0 <= value < 60 for name, value in seconds.items() if name != "listener")
    assert seconds["listener"] >= seconds["listener_heard"]


def test_a_listener_that_does_not_listen_is_shown_and_the_service_ready(http, monkeypatch):
    monkeypatch.setattr(listener, "listens_since", None)

    assert said_by(http.get("/health/ready")) == (200, "ok", {**WORKS, "listener": "lost"})


@pytest.mark.slow
def test_a_pool_that_is_used_up_is_shown_and_the_service_ready(committed, tmp_path):
    parent = make_parent()
    settings = {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "2", "DB_POOL_WAIT_SECONDS": "1"}
    with processes.service(tmp_path / "log", **settings) as running, ThreadPoolExecutor(2) as threads:

        def profiles():
            return httpx.get(f"{running.url}/api/v1/auth/profiles", headers=parent.headers, timeout=60).status_code

        def checks():
            return said_by(httpx.get(f"{running.url}/health/ready", timeout=60))

        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Profile._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            waiting = [threads.submit(profiles) for _ in range(2)]
            until(lambda: checks() == (200, "ok", {**WORKS, "pool": "exhausted"}))
        assert [answer.result() for answer in waiting] == [200, 200]
        assert checks() == (200, "ok", POOLED)


@pytest.mark.slow
def test_a_writer_whose_connection_is_silent_is_not_ready(committed, tmp_path):
    with processes.service(tmp_path / "log") as running:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'sandglass-hotpath'"
                " AND datname = current_database() ORDER BY backend_start DESC LIMIT 3"
            )
            backends = [pid for (pid,) in cursor.fetchall()]
        try:
            for pid in backends:
                os.kill(pid, signal.SIGSTOP)
            answer = said_by(httpx.get(f"{running.url}/health/ready", timeout=60))
            again = said_by(httpx.get(f"{running.url}/health/ready", timeout=60))
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)

        assert answer == again == (503, "degraded", {**POOLED, "writer": "stalled", "reads": "stalled"})
        until(lambda: httpx.get(f"{running.url}/health/ready", timeout=60).status_code == 200)
