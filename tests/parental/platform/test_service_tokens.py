"""Service tokens: who may call `/platform/*`, and what else they may do (nothing)."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.tokens import gateways
from tests.families import make_child, make_gateway, make_service, make_user
from tests.http import any_worker, status_and_body
from tests.parental.cast import log_in
from tests.races import until
from viewing.models import ServiceToken

BALANCES = "/api/v1/platform/balances"
NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
ONLY_SERVICES = (403, {"detail": "Only a service token can do this", "code": "caller"})
NO_SERVICE = (403, {"detail": "A service token cannot do this", "code": "caller"})
NO_SCOPE = (403, {"detail": "This token cannot do this", "code": "scope"})


def ask(http, headers):
    return status_and_body(http.post(BALANCES, json={"profiles": [str(uuid.uuid4())]}, headers=headers))


def calls(schema, *, on_platform):
    """(method, path, scope needed) of the calls that ask for a token, with some id where one is needed."""
    for path, methods in schema["paths"].items():
        if path.startswith("/api/v1/platform/") == on_platform:
            for method, operation in methods.items():
                if operation.get("security"):
                    yield method, "/".join(str(uuid.uuid4()) if part[:1] == "{" else part for part in path.split("/"))


@pytest.fixture
def schema(http):
    return http.get("/api/v1/openapi.json").json()


def send(http, method, path, headers):
    return status_and_body(http.request(method, path, headers=headers, json={} if method in ("post", "put") else None))


def test_a_service_may_call_the_platforms_paths_and_nothing_else(http, schema):
    service = make_service()
    others = list(calls(schema, on_platform=False))

    assert ask(http, service.headers)[0] == 200
    assert len(others) >= 20
    for method, path in others:
        refused = send(http, method, path, service.headers)
        assert refused[0] == 403, path
        assert refused[1]["code"] == "caller", path


def test_nobody_else_may_call_them(http, schema):
    child, staff = make_child(), make_user(is_staff=True)
    callers = [child, make_gateway(), log_in(child.profile.user), log_in(staff)]
    theirs = list(calls(schema, on_platform=True))

    assert len(theirs) >= 4
    for method, path in theirs:
        assert send(http, method, path, {}) == NO_TOKEN
        for caller in callers:
            assert send(http, method, path, caller.headers) == ONLY_SERVICES, path


def test_a_token_without_the_scope_is_403(http, schema):
    for method, path in calls(schema, on_platform=True):
        answers = [send(http, method, path, make_service(scope).headers) for scope in ("catalogue", "accounts", "read")]
        assert answers.count(NO_SCOPE) == 2, path


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=lambda fields: next(iter(fields)),
)
def test_an_expired_or_revoked_token_is_401(http, fields):
    assert ask(http, make_service(**fields).headers) == NO_TOKEN


def test_a_token_expires_while_it_is_cached(http, clock):
    service = make_service(expires_at=clock.now + timedelta(seconds=10))
    assert ask(http, service.headers)[0] == 200
    clock.forward(seconds=10)

    assert ask(http, service.headers) == NO_TOKEN


def test_a_revoked_token_stops_within_a_second_in_every_process(three_workers):
    service = make_service()
    with any_worker(three_workers.url) as workers:

        def statuses():
            return three_workers.ask_each(lambda: ask(workers, service.headers)[0])

        assert statuses() == [200] * 3

        assert gateways.revoke(ServiceToken.objects.filter(pk=service.row.pk), now=timezone.now()) == 1

        until(lambda: statuses() == [401] * 3)


def test_its_last_use_is_kept_to_the_hour(http, clock, caches_later):
    service = make_service()
    ask(http, service.headers)
    first = clock.now
    for n, (hours, expected) in enumerate([(0.9, first), (0.2, first + timedelta(hours=1.1))], start=1):
        clock.forward(hours=hours)
        caches_later(60 * n)
        ask(http, service.headers)
        assert ServiceToken.objects.get(pk=service.row.pk).last_used_at == expected


def test_every_call_is_logged_with_the_tokens_id(http, events):
    service = make_service()

    http.get("/api/v1/platform/accounts/nobody", headers=service.headers)

    (line,) = events("platform_called")
    assert (line["token_id"], line["method"]) == (service.row.pk, "GET")
    assert "nobody" not in line["route"]


class TestBodies:
    """1 MB is for services: of anyone else 64 kB are read."""

    def test_a_services_is_read(self, http):
        body = {"profiles": [str(uuid.uuid4())], "padding": "x" * 900_000}

        response = http.post(BALANCES, json=body, headers=make_service().headers)

        assert response.status_code == 200

    @pytest.mark.parametrize("size", [100_000, 2_000_000])
    def test_nobody_elses(self, http, size):
        child = make_child()

        assert status_and_body(http.post(BALANCES, content=b" " * size)) == NO_TOKEN
        assert status_and_body(http.post(BALANCES, content=b" " * size, headers=child.headers)) == ONLY_SERVICES

    def test_no_more_than_1_mb(self, http):
        body = json.dumps({"profiles": [str(uuid.uuid4())]}).ljust(1_048_577)

        assert http.post(BALANCES, content=body, headers=make_service().headers).status_code == 413
