"""A body over the limit is 413 on every path, and the connection stays open (docs/contract.md#errors)."""

import json
import socket
from contextlib import closing
from http.client import HTTPConnection

import pytest
from django.conf import settings

from tests.families import make_child, make_gateway

HEARTBEAT = "/api/v1/viewing-time/heartbeat"
LOGIN = "/api/v1/auth/login"
TOO_LARGE = {"detail": "Request body too large", "code": "too_large"}


def address(server):
    host, port = server.removeprefix("http://").split(":")
    return host, int(port)


def chunks(size):
    for _ in range(size // 10_000):
        yield b" " * 10_000


@pytest.mark.parametrize("path", [HEARTBEAT, LOGIN, "/api/v1/unknown"])
@pytest.mark.parametrize("size", [settings.API_MAX_BODY_BYTES + 1, 2_000_000])
@pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
def test_a_body_over_the_limit_is_413(http, path, size, announced):
    response = http.post(path, content=b" " * size if announced else chunks(size + 10_000))

    assert (response.status_code, response.json()) == (413, TOO_LARGE)
    assert response.headers["content-type"] == "application/json"
    assert "X-Process-Time" in response.headers


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_exact(http, over):
    child = make_child()
    content = json.dumps(child.body()).encode().ljust(settings.API_MAX_BODY_BYTES + over)

    response = http.post(HEARTBEAT, content=content, headers=child.headers)

    assert response.status_code == (413 if over else 200)
    assert len(child.sessions()) == 1 - over


@pytest.mark.parametrize("path", [HEARTBEAT, LOGIN])
def test_the_next_request_on_the_connection_is_answered(server, path):
    child = make_child()
    with closing(HTTPConnection(*address(server), timeout=30)) as connection:
        for _ in range(3):
            connection.request("POST", path, body=b" " * 1_000_000)
            assert connection.getresponse().read() == json.dumps(TOO_LARGE).encode()
            connection.request("POST", HEARTBEAT, body=json.dumps(child.body()), headers=child.headers)
            assert json.loads(connection.getresponse().read())["enforcement"] == "allowed"

    assert child.balance().used_seconds == 90


@pytest.mark.parametrize("path", [HEARTBEAT, LOGIN])
def test_it_is_answered_before_the_whole_body_has_come(server, path):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n".encode()

    with closing(socket.create_connection(address(server), timeout=30)) as client:
        client.sendall(head + b" " * 200_000)

        assert client.recv(12) == b"HTTP/1.1 413"


def test_a_body_cut_short_writes_nothing(http, server):
    child = make_child()
    content = json.dumps(child.body())
    head = (
        f"POST {HEARTBEAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {child.token}\r\nContent-Length: 5000"
    )

    with closing(socket.create_connection(address(server), timeout=30)) as client:
        client.sendall(f"{head}\r\n\r\n{content}".encode())

    assert child.beat(http).json()["used_minutes"] == 0.5


class TestBulk:
    """1 MB is for gateways: of anyone else 64 kB are read."""

    BULK = "/api/v1/viewing-time/heartbeats"

    def begin(self, server, token=None):
        """The status that 100 kB of 900 get."""
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"POST {self.BULK} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Length: 900000\r\n\r\n"
        with closing(socket.create_connection(address(server), timeout=30)) as client:
            client.sendall(head.encode() + b" " * 100_000)
            return client.recv(12)

    def test_a_stranger_is_refused_before_the_rest_has_come(self, server):
        assert self.begin(server) == b"HTTP/1.1 401"
        assert self.begin(server, "sgg_unknown") == b"HTTP/1.1 401"

    def test_so_is_a_player(self, server):
        assert self.begin(server, make_child().token) == b"HTTP/1.1 403"

    def test_a_gateways_is_read(self, http):
        child, gateway = make_child(), make_gateway()
        body = {"heartbeats": [child.body()], "padding": "x" * 300_000}

        response = http.post(self.BULK, json=body, headers=gateway.headers)

        assert [result["status"] for result in response.json()["results"]] == [200]

    def test_no_more_than_its_limit(self, http):
        response = http.post(self.BULK, content=b" " * 1_100_000, headers=make_gateway().headers)

        assert (response.status_code, response.json()) == (413, TOO_LARGE)
