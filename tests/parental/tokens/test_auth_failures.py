"""What /auth answers when it cannot: too large, too busy, no database; and that the schema declares every status."""

import pytest
from django.db import OperationalError

from parental.accounts import passwords
from parental.children import profiles
from parental.tokens import families, sql
from tests.parental.cast import PASSWORD, make_parent
from tests.parental.queues import full

BUSY = "Too many password checks are waiting. Try again."


@pytest.fixture
def full_queue(server):
    with full(passwords.executor):
        yield


@pytest.mark.parametrize("path", ["register", "login"])
def test_too_many_hashes_are_waiting(http, full_queue, path):
    answer = http.post(f"/api/v1/auth/{path}", json={"email": f"{path}@example.com", "password": PASSWORD})

    assert (answer.status_code, answer.json()) == (429, {"detail": BUSY, "code": "rate_limited"})
    assert answer.headers["Retry-After"] == "1"


def test_the_place_is_given_back_when_the_database_fails(http, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(passwords.limiter, "require", fail)
    for _ in range(12):
        answer = http.post("/api/v1/auth/login", json={"email": "a@example.com", "password": PASSWORD})
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


def test_no_database(http, monkeypatch):
    parent = make_parent()

    def fail(*args, **kwargs):
        raise OperationalError("the host's name")

    for module, name in (
        (families, "rotate"),
        (profiles, "listing"),
        (profiles, "create"),
        (sql, "read_accounts"),
    ):
        monkeypatch.setattr(module, name, fail)
    answers = [
        http.post("/api/v1/auth/refresh", json={"refresh_token": "sgr_x"}),
        http.get("/api/v1/auth/me", headers=parent.headers),
    ]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("host" not in answer.text for answer in answers)


def test_a_body_over_the_limit(http):
    answer = http.post("/api/v1/auth/login", json={"email": "a@example.com", "password": "x" * 70_000})

    assert (answer.status_code, set(answer.json())) == (413, {"detail", "code"})


def test_the_schema_declares_every_status(http):
    paths = http.get("/api/v1/openapi.json").json()["paths"]

    def declared(path, method):
        return {int(status) for status in paths[f"/api/v1/auth{path}"][method]["responses"]}

    body = {400, 413, 422, 503}
    assert declared("/register", "post") == {201, 404, 409, 429} | body
    assert declared("/login", "post") == {200, 401, 404, 429} | body
    assert declared("/refresh", "post") == {200, 401} | body
    assert declared("/me", "get") == {200, 401, 403, 503}
    assert declared("/profiles", "get") == {200, 401, 403, 503}
    assert declared("/profiles", "post") == {201, 401, 403, 409} | body
    assert declared("/profiles/{profile_id}/player-token", "post") == {201, 401, 403} | body
    assert declared("/player-tokens/{token_id}", "delete") == {204, 401, 403, 404, 422, 503}
