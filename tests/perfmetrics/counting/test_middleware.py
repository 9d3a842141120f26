"""Every answer has its duration and its own id in headers; slow ones are logged."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from config import logs
from perfmetrics.counting import middleware
from tests.families import make_child

HEARTBEAT = "/api/v1/viewing-time/heartbeat"


def process_time(response):
    """The header's seconds, which are written with decimals."""
    text = response.headers["X-Process-Time"]
    assert "." in text
    return float(text)


class TestHeaders:
    def test_a_heartbeat(self, http):
        response = make_child().beat(http)

        assert response.status_code == 200
        assert 0 < process_time(response) < 30  # seconds, not milliseconds; the client waits no longer
        assert response.headers["X-Request-ID"]

    @pytest.mark.parametrize(
        ("method", "path", "content", "status"),
        [
            ("GET", "/api/v1/docs", b"", 200),
            ("GET", "/admin/", b"", 302),
            ("POST", "/api/v1/auth/login", b"{", 400),
            ("POST", HEARTBEAT, b"{}", 401),
            ("GET", "/api/v1/catalog/titles", b"", 401),
            ("GET", "/unknown", b"", 404),
            ("GET", "/api/v1/unknown", b"", 404),
            ("GET", "/static/unknown.css", b"", 404),
            ("GET", HEARTBEAT, b"", 405),
            ("POST", HEARTBEAT, b" " * 70_000, 413),
            ("POST", "/api/v1/auth/login", b"{}", 422),
        ],
    )
    def test_every_other_answer(self, http, method, path, content, status):
        response = http.request(method, path, content=content)

        assert response.status_code == status
        assert process_time(response) >= 0
        assert response.headers["X-Request-ID"]

    def test_a_failure(self, http, monkeypatch):
        monkeypatch.setattr("viewing.playback.balances.read_balance", None)
        child = make_child()

        response = http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers)

        assert response.status_code == 500
        assert process_time(response) >= 0

    def test_each_answer_has_another_id(self, http):
        paths = [HEARTBEAT, "/unknown"] * 5

        assert len({http.get(path).headers["X-Request-ID"] for path in paths}) == 10

    @pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
    def test_what_machines_ask_every_few_seconds_has_none(self, http, path):
        response = http.get(path)

        assert "X-Process-Time" not in response.headers
        assert "X-Request-ID" not in response.headers

    @pytest.mark.parametrize("path", ["/healthy", "/health/else", "/metrics-of-mine"])
    def test_a_path_that_only_begins_alike_has_them(self, http, path):
        assert process_time(http.get(path)) >= 0


def request(path, *, seconds, status=200, monkeypatch):
    """The headers of one answer of an application that took so long by the service's clock."""
    times = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr(middleware, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"done"})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "path": path}
    asyncio.run(middleware.profiled(application)(scope, None, send))
    assert sent[1] == {"type": "http.response.body", "body": b"done"}
    return dict(sent[0]["headers"])


class TestSlowRequests:
    @pytest.fixture(autouse=True)
    def _thresholds(self, settings):
        settings.SLOW_REQUEST_WARNING_MS = 1000
        settings.SLOW_REQUEST_ERROR_MS = 3000

    @pytest.mark.parametrize(
        ("seconds", "level"),
        [
            (0, None),
            (0.999, None),
            (1, logging.WARNING),
            (2.999, logging.WARNING),
            (3, logging.ERROR),
            (60, logging.ERROR),
        ],
    )
    def test_are_logged_by_their_thresholds(self, monkeypatch, caplog, seconds, level):
        headers = request("/slow", seconds=seconds, status=418, monkeypatch=monkeypatch)

        assert float(headers[b"x-process-time"]) == pytest.approx(seconds)
        assert [record.levelno for record in caplog.records] == ([level] if level else [])

    def test_say_what_was_slow(self, monkeypatch, caplog):
        request("/slow", seconds=1.5, status=418, monkeypatch=monkeypatch)

        (record,) = caplog.records
        assert record.name == "perfmetrics.counting.middleware"
        assert record.getMessage() == "slow_request"
        assert record.fields == {"method": "PUT", "path": "/slow", "status": 418, "duration_ms": 1500}

    def test_are_one_line_of_the_log_whatever_their_path(self, monkeypatch, caplog):
        request("/slow\nforged\r\x1b[2J", seconds=1.5, monkeypatch=monkeypatch)

        for form in ("json", "console"):
            line = logs.formatter(form).format(caplog.records[0])
            assert "forged" in line
            assert line.isprintable()

    def test_keep_the_answers_own_headers(self, monkeypatch):
        assert request("/slow", seconds=1.5, monkeypatch=monkeypatch)[b"content-type"] == b"text/plain"

    @pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
    def test_are_not_those_of_machines(self, monkeypatch, caplog, path):
        assert b"x-process-time" not in request(path, seconds=60, monkeypatch=monkeypatch)
        assert not caplog.records

    @pytest.mark.parametrize(("path", "status"), [(HEARTBEAT, 405), ("/api/v1/catalog/titles", 401)])
    def test_are_found_on_hot_and_cold_paths(self, http, settings, caplog, path, status):
        settings.SLOW_REQUEST_WARNING_MS = 0

        http.get(f"{path}?token=secret")

        (record,) = [record for record in caplog.records if record.name == "perfmetrics.counting.middleware"]
        assert record.levelno == logging.WARNING
        assert (record.fields["path"], record.fields["status"]) == (path, status)
        assert "secret" not in logs.formatter("json").format(record)
