"""Who may send beats in bulk: a gateway, which may do nothing else (docs/contract.md#who-may-call)."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.tokens import families, gateways
from tests.families import make_child, make_gateway, make_user
from tests.http import any_worker
from tests.races import until
from viewing.models import GatewayToken

BULK = "/api/v1/viewing-time/heartbeats"
NO_TOKEN = (401, {"detail": "Invalid or missing token", "code": "unauthenticated"})
ONLY_GATEWAYS = (403, {"detail": "Only a gateway token can do this", "code": "caller"})
NO_GATEWAY = (403, {"detail": "A gateway token cannot do this", "code": "caller"})


def bulk_as(http, child, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = http.post(BULK, json={"heartbeats": [child.body()]}, headers=headers)
    return response.status_code, response.json()


def test_a_gateway_may_beat_for_every_familys_children(http):
    children = [make_child() for _ in range(3)]

    results = make_gateway().results(http, [child.body() for child in children])

    assert [result["body"]["used_minutes"] for result in results] == [0.5] * 3


@pytest.mark.parametrize("token", [None, "unknown", "sgg_unknown", "sgg_\N{SNOWMAN}".encode().decode("latin-1")])
def test_no_token_or_one_that_we_never_issued_is_401(http, token):
    child = make_child()
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode("latin-1")}

    response = http.post(BULK, json={"heartbeats": [child.body()]}, headers=headers)

    assert (response.status_code, response.json()) == NO_TOKEN
    assert child.has_written_nothing()


def test_a_player_a_parent_and_staff_are_403(http):
    child, staff = make_child(), make_user(is_staff=True)
    now = timezone.now()
    parents = [families.begin_family(user.id, now=now).access_token for user in (child.profile.user, staff)]

    for token in (child.token, *parents):
        assert bulk_as(http, child, token) == ONLY_GATEWAYS
    assert child.has_written_nothing()


@pytest.mark.parametrize("content", [b"{", b"[]", b"", b"[" * 60_000])
def test_a_stranger_learns_nothing_from_a_wrong_body(http, content):
    child = make_child()

    assert http.post(BULK, content=content).status_code == 401
    assert http.post(BULK, content=content, headers=child.headers).status_code == 403


def other_calls(schema):
    """Every call of the API that asks for a token, but the bulk one and services', with some id where it needs one."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") and path != BULK and not path.startswith("/api/v1/platform/"):
                yield method, "/".join(str(uuid.uuid4()) if part[:1] == "{" else part for part in path.split("/"))


def test_a_gateway_may_do_nothing_else(http):
    gateway = make_gateway()
    calls = list(other_calls(http.get("/api/v1/openapi.json").json()))

    assert len(calls) >= 19
    for method, path in calls:
        response = http.request(method, path, headers=gateway.headers, json={} if method in ("post", "put") else None)
        assert (response.status_code, response.json()) == NO_GATEWAY, path


def test_a_gateway_is_a_stranger_to_a_child_in_every_other_way(http):
    child, gateway = make_child(), make_gateway()
    session_id = child.watch(http, 1)

    beat = http.post("/api/v1/viewing-time/heartbeat", json=child.body(), headers=gateway.headers)
    end = http.post(f"/api/v1/viewing-time/session/{session_id}/end", headers=gateway.headers)

    assert [(answer.status_code, answer.json()) for answer in (beat, end)] == [NO_GATEWAY] * 2
    assert [session.ended_at for session in child.sessions()] == [None]


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=lambda fields: next(iter(fields)),
)
def test_an_expired_or_revoked_token_is_401(http, fields):
    child, gateway = make_child(), make_gateway(**fields)

    assert bulk_as(http, child, gateway.token) == NO_TOKEN
    assert last_used(gateway) is None


def test_a_token_expires_while_it_is_cached(http, clock):
    child, gateway = make_child(), make_gateway(expires_at=clock.now + timedelta(seconds=10))
    assert bulk_as(http, child, gateway.token)[0] == 200
    clock.forward(seconds=10)

    assert bulk_as(http, child, gateway.token) == NO_TOKEN


def test_a_token_without_expiry_lives_on(http, clock):
    child, gateway = make_child(), make_gateway()
    clock.forward(days=3650)

    assert bulk_as(http, child, gateway.token)[0] == 200


def revoke(gateway):
    return gateways.revoke(GatewayToken.objects.filter(pk=gateway.row.pk), now=timezone.now())


def test_a_revoked_token_stops_within_a_second_in_every_process(http, three_workers):
    child, gateway = make_child(), make_gateway()
    with any_worker(three_workers.url) as workers:

        def statuses():
            return three_workers.ask_each(lambda: bulk_as(workers, child, gateway.token)[0])

        assert statuses() == [200] * 3

        assert (revoke(gateway), revoke(gateway)) == (1, 0)

        until(lambda: statuses() == [401] * 3)


def test_a_revoked_tokens_message_lost_stops_within_60_s(http, caches_later):
    child, gateway = make_child(), make_gateway()
    assert bulk_as(http, child, gateway.token)[0] == 200
    GatewayToken.objects.filter(pk=gateway.row.pk).update(revoked_at=timezone.now())
    assert bulk_as(http, child, gateway.token)[0] == 200

    caches_later(60)

    assert bulk_as(http, child, gateway.token) == NO_TOKEN


def last_used(gateway):
    return GatewayToken.objects.get(pk=gateway.row.pk).last_used_at


def test_its_last_use_is_kept_to_the_hour(http, clock, caches_later):
    child, gateway = make_child(), make_gateway()
    assert last_used(gateway) is None

    bulk_as(http, child, gateway.token)
    first = clock.now
    assert last_used(gateway) == first
    for n, (hours, expected) in enumerate([(0.9, first), (0.2, first + timedelta(hours=1.1))], start=1):
        clock.forward(hours=hours)
        caches_later(60 * n)
        bulk_as(http, child, gateway.token)
        assert last_used(gateway) == expected
