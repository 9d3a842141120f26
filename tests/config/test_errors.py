"""Refusals and failures: JSON under /api, as documented, and nothing more (docs/contract.md#errors)."""

import logging

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError

from config import logs
from tests.families import make_child

HEARTBEAT = "/api/v1/viewing-time/heartbeat"
BALANCE = "/api/v1/viewing-time/balance/"


def is_refusal(response, status, detail, code):
    return (
        (response.status_code, response.json()) == (status, {"detail": detail, "code": code})
        and response.headers["content-type"] == "application/json"
        and "X-Process-Time" in response.headers
    )


@pytest.fixture
def broken(monkeypatch):
    """Makes the balance, on the lean handler, raise what it is given."""

    def break_it(error):
        def fail(*args, **kwargs):
            raise error

        monkeypatch.setattr("viewing.playback.balances.read_balance", fail)

    return break_it


def ask_balance(http, **headers):
    child = make_child()
    return http.get(f"{BALANCE}{child.profile.id}", headers={**child.headers, **headers})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/unknown",
        "/api/v1",
        "/api/v1/",
        "/api/v2/auth/me",
        "/api/v1/unknown/%F0%9F",
        f"{HEARTBEAT}/",
        BALANCE,
    ],
)
def test_an_unknown_path_under_api_is_404_in_json(http, method, path):
    assert is_refusal(http.request(method, path), 404, "Not found", "not_found")


@pytest.mark.parametrize("path", ["/unknown", "/apis", "/apiv1/auth/me", "/static/unknown.css"])
def test_an_unknown_path_elsewhere_is_404_for_a_browser(http, path):
    response = http.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_on_the_hot_path_is_405(http, method):
    response = http.request(method, HEARTBEAT)

    assert is_refusal(response, 405, "Method not allowed", "method")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", f"{BALANCE}unknown", "GET"),
        ("DELETE", "/api/v1/catalog/titles", "GET"),
        ("GET", "/api/v1/viewing-time/session/unknown/end", "POST"),
        ("GET", "/api/v1/auth/login", "POST"),
        ("POST", "/api/v1/docs", "GET, HEAD"),
        ("DELETE", "/api/v1/openapi.json", "GET, HEAD"),
    ],
)
def test_a_wrong_method_on_a_cold_path_is_405(http, method, path, allowed):
    response = http.request(method, path)

    assert is_refusal(response, 405, "Method not allowed", "method")
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a_b:x"])
def test_a_host_that_is_not_ours_is_400(http, host):
    assert is_refusal(http.get("/api/v1/auth/me", headers={"Host": host}), 400, "Bad Request", "bad_request")
    assert http.get("/admin/", headers={"Host": host}).status_code == 400


def test_a_statement_that_the_database_refuses_is_a_defect_too(http, broken):
    broken(IntegrityError("null value in column"))

    assert is_refusal(ask_balance(http), 500, "Internal Server Error", "internal")


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_is_500_without_its_details_and_logged_with_them(http, broken, caplog, settings, debug):
    settings.DEBUG = debug
    broken(RuntimeError("the secret of the house"))

    response = ask_balance(http)

    assert is_refusal(response, 500, "Internal Server Error", "internal")
    assert "secret" not in response.text + str(response.headers)
    (record,) = [record for record in caplog.records if record.name == "config.api"]
    assert record.levelno == logging.ERROR
    assert (record.getMessage(), record.fields["method"]) == ("request_failed", "GET")
    assert record.fields["path"].startswith(BALANCE)
    assert "the secret of the house" in str(record.exc_info[1])
    assert record.exc_info[2] is not None


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (RuntimeError("the secret of the house"), (500, "Internal Server Error", "internal")),
        (OperationalError("password of 10.0.0.7"), (503, "The database cannot be reached. Try again.", "database")),
    ],
)
def test_the_stock_handler_answers_the_same(http, monkeypatch, error, answer):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("parental.tokens.families.rotate", fail)

    assert is_refusal(http.post("/api/v1/auth/refresh", json={"refresh_token": "sgr_x"}), *answer)


def test_a_defect_outside_of_any_endpoint_is_500_in_json_too(http, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("django.middleware.common.CommonMiddleware.process_request", fail)

    response = http.get("/api/v1/openapi.json")

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"detail": "Internal Server Error", "code": "internal"}
    assert "secret" not in response.text


@pytest.mark.parametrize("error", [OperationalError("password of 10.0.0.7"), InterfaceError("password of 10.0.0.7")])
def test_a_database_that_fails_is_503_to_be_tried_again(http, broken, caplog, error):
    broken(error)

    response = ask_balance(http)

    assert is_refusal(response, 503, "The database cannot be reached. Try again.", "database")
    assert response.headers["retry-after"] == "1"
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)


def test_a_database_that_fails_while_the_caller_is_looked_up_is_503_too(http, monkeypatch):
    async def fail(token):
        raise OperationalError("gone")

    monkeypatch.setattr("config.api.callers.authenticate", fail)

    response = ask_balance(http)

    assert is_refusal(response, 503, "The database cannot be reached. Try again.", "database")
    assert response.headers["retry-after"] == "1"


def test_a_failure_is_logged_in_one_line_whatever_the_path(http, monkeypatch, caplog):
    async def fail(token):
        raise OperationalError("gone")

    monkeypatch.setattr("config.api.callers.authenticate", fail)

    http.get(f"{BALANCE}x%0A2026-01-01%20INFO%20forged", headers=make_child().headers)

    lines = [logs.formatter(form).format(record) for record in caplog.records for form in ("json", "console")]
    assert any("forged" in line for line in lines)
    assert all(line.partition("forged")[0].isprintable() for line in lines)


def test_the_service_keeps_working_after_each_of_them(http, broken):
    broken(RuntimeError("a defect"))
    ask_balance(http)

    assert make_child().beat(http).json()["enforcement"] == "allowed"
