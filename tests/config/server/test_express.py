"""Which heartbeats take the express lane, and what the lane leaves to the ordinary way."""

import httpx
import pytest
from django.utils import timezone

from config.server import application, express
from parental.tokens import families
from tests import processes, wire
from tests.config.server.twins import OWN_HEADERS
from tests.families import make_child, make_gateway
from tests.statements import statements
from viewing.heartbeats.beats import Verdict
from viewing.models import ViewingSession

HEARTBEAT = "/api/v1/viewing-time/heartbeat"


@pytest.fixture
def ordinary(monkeypatch):
    """The paths of the requests that reach Django."""
    paths, handler = [], application._lean

    async def noted(scope, receive, send):
        paths.append(scope["path"])
        await handler(scope, receive, send)

    monkeypatch.setattr(application, "_lean", noted)
    return paths


def test_a_players_heartbeats_never_reach_django(http, ordinary):
    child = make_child()

    child.watch(http, 3)

    assert child.balance().used_seconds == 90
    assert ordinary == []


def test_nor_do_those_sent_with_a_parents_token(http, ordinary):
    child = make_child()
    token = families.begin_family(child.profile.user_id, now=timezone.now()).access_token

    response = http.post(HEARTBEAT, json=child.body(), headers={"Authorization": f"Bearer {token}"})

    assert response.json()["used_minutes"] == 0.5
    assert ordinary == []


def test_a_heartbeat_that_is_refused_after_its_decision_is_decided_once(http, ordinary):
    child = make_child()
    session_id = child.watch(http, 1)
    ViewingSession.objects.filter(id=session_id).update(ended_at=timezone.now(), end_reason="ended")

    with statements() as found:
        response = child.beat(http, session_id=session_id)

    assert (response.status_code, response.json()["code"]) == (409, "session_ended")
    assert len(found) == 1  # the batch
    assert ordinary == [HEARTBEAT]


def test_a_token_that_is_refused_is_looked_up_once(http, ordinary):
    child = make_child()
    headers = {"Authorization": f"Bearer {make_gateway().token}"}

    with statements() as found:
        response = http.post(HEARTBEAT, json=child.body(), headers=headers)

    assert (response.status_code, response.json()["code"]) == (403, "caller")
    assert len(found) == 1  # the token
    assert ordinary == [HEARTBEAT]


def test_a_failure_leaves_no_error_behind_on_the_connection(http, ordinary, monkeypatch):
    child = make_child()
    with monkeypatch.context() as patch:
        patch.setattr("viewing.heartbeats.single.make_beat", None)
        assert child.beat(http).json()["reason"] == Verdict.UNAVAILABLE

    assert child.beat(http).json()["used_minutes"] == 0.5
    assert ordinary == [HEARTBEAT]


def test_over_plain_http_players_are_redirected_as_everyone_is(http, settings, ordinary):
    settings.SECURE_SSL_REDIRECT = True
    child = make_child()

    response = child.beat(http)

    assert response.status_code == 308
    assert response.headers["location"].startswith("https://")
    assert child.has_written_nothing()


def test_the_lane_leaves_out_no_middleware_that_it_does_not_know(settings):
    """Another one, here or in `HOT_MIDDLEWARE`, must be thought about in `express` too."""
    assert settings.HOT_MIDDLEWARE == [express.CORS, "config.errors.json_errors"]


def test_an_answer_has_the_headers_of_the_ordinary_way(committed, real_time, tmp_path):
    """Without CORS, which the other tests have, and over HTTPS."""
    child = make_child()
    environment = {"CORS_ORIGINS": "", "SECURE_HSTS_SECONDS": "60", "TRUST_PROXY_HEADERS": "true"}
    with processes.service(tmp_path / "log", **environment) as running:
        client = wire.connect(running.url)
        heads = [head_of_answer(client, child, scheme) for scheme in ("Bearer", "bearer")]
        client.close()

    assert heads[0] == heads[1]
    assert b"strict-transport-security: max-age=60" in heads[0]
    assert b"vary: origin" not in heads[0]


def head_of_answer(client, child, scheme):
    """Of a heartbeat over HTTPS; only `Bearer` takes the lane."""
    body = httpx.Request("POST", "http://localhost", json=child.body(sequence=1)).content
    headers = {"Authorization": f"{scheme} {child.token}", "Content_Length": len(body), "X_Forwarded_Proto": "https"}
    client.sendall(wire.head(HEARTBEAT, method="POST", **headers) + body)
    head, _ = wire.read_answer(client)
    return [line for line in head.split(b"\r\n") if not line.startswith(OWN_HEADERS)]
