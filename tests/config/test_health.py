"""Health checks: bodies and statuses, with and without a database (contract, "Outside /api")."""

import threading

import pytest
from django.db import InterfaceError, OperationalError, connections

from config import health

READY = {"status": "ok", "checks": {"database": "ok"}}
NOT_READY = {"status": "degraded", "checks": {"database": "unreachable"}}


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

    assert (response.status_code, response.json()) == (200, READY)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("error", [OperationalError("connection refused at 10.0.0.7"), InterfaceError("closed")])
@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_ready_is_503_without_a_database_and_does_not_tell_why(http, monkeypatch, path, error):
    def fail():
        raise error

    monkeypatch.setattr(health, "_ask_database", fail)

    response = http.get(path)

    assert (response.status_code, response.json()) == (503, NOT_READY)


def test_live_does_not_ask_the_database(http, monkeypatch):
    def fail():
        raise OperationalError("connection refused")

    monkeypatch.setattr(health, "_ask_database", fail)

    assert http.get("/health/live").status_code == 200


def test_ready_does_not_wait_for_a_database_that_hangs(http, check):
    response = http.get("/health/ready")

    assert (response.status_code, response.json()) == (503, NOT_READY)
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

    assert http.get("/health").json() == READY


def test_a_check_keeps_no_connection(http):
    http.get("/health")

    assert health._thread.submit(lambda: connections["default"].connection).result() is None


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_checks_are_not_timed(http, path):
    response = http.get(path)

    assert "X-Process-Time" not in response.headers
    assert "X-Request-ID" not in response.headers
