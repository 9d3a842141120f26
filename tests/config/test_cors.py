"""Players that run in a browser on another origin: both handlers answer the same."""

import pytest

from tests.families import make_child

ORIGIN = "https://player.example"
HEARTBEAT = "/api/v1/viewing-time/heartbeat"
TITLES = "/api/v1/catalog/titles"
LOGIN = "/api/v1/auth/login"
EXPOSED = {"X-Process-Time", "X-Request-ID", "X-Locked-Until", "Retry-After"}
STRANGERS = [
    "https://evil.example",
    "http://player.example",
    "https://player.example:8443",
    "https://player.example.evil.example",
    "https://evil.example/https://player.example",
    "null",
    "https://[",
]


@pytest.fixture(autouse=True)
def _allowed_origin(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN, "http://localhost:3000"]


def listed(response, header):
    return {item.strip() for item in response.headers[header].split(",")}


def ask_first(http, path, origin, method="POST"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return http.options(path, headers=headers)


def names_cors(response):
    return [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:3000"])
@pytest.mark.parametrize(("path", "method"), [(HEARTBEAT, "POST"), (TITLES, "GET"), (LOGIN, "POST")])
def test_a_preflight_of_an_allowed_origin_is_granted(http, path, method, origin):
    response = ask_first(http, path, origin, method)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-origin"] == origin
    assert method in listed(response, "access-control-allow-methods")
    assert {"authorization", "content-type"} <= listed(response, "access-control-allow-headers")
    assert int(response.headers["access-control-max-age"]) > 0
    assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("path", [HEARTBEAT, TITLES])
def test_a_preflight_of_another_origin_is_granted_nothing(http, path, origin):
    assert names_cors(ask_first(http, path, origin)) == []


def test_an_answer_on_the_hot_path_may_be_read(http):
    child = make_child()

    response = http.post(HEARTBEAT, json=child.body(), headers={**child.headers, "Origin": ORIGIN})

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert listed(response, "access-control-expose-headers") == EXPOSED


def test_an_answer_on_a_cold_path_may_be_read(http):
    response = http.get(TITLES, headers={**make_child().headers, "Origin": ORIGIN})

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert listed(response, "access-control-expose-headers") == EXPOSED


@pytest.mark.parametrize("origin", STRANGERS)
def test_another_origin_may_read_nothing(http, origin):
    child = make_child()
    headers = {**child.headers, "Origin": origin}

    hot = http.post(HEARTBEAT, json=child.body(), headers=headers)
    cold = http.get(TITLES, headers=headers)

    assert (hot.status_code, cold.status_code) == (200, 200)
    assert (names_cors(hot), names_cors(cold)) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", HEARTBEAT, b"", 401),
        ("POST", HEARTBEAT, b" " * 70_000, 413),
        ("GET", HEARTBEAT, b"", 405),
        ("GET", TITLES, b"", 401),
        ("GET", "/api/v1/unknown", b"", 404),
        ("POST", LOGIN, b"{", 400),
        ("POST", LOGIN, b"{}", 422),
    ],
)
def test_a_refusal_may_be_read_too(http, method, path, content, status):
    response = http.request(method, path, content=content, headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert listed(response, "access-control-expose-headers") == EXPOSED


@pytest.mark.parametrize("path", [HEARTBEAT, TITLES])
def test_no_cookie_is_asked_for(http, path):
    response = ask_first(http, path, ORIGIN)

    assert response.headers["access-control-allow-origin"] != "*"
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("path", ["/health", "/admin/login/", "/unknown"])
def test_only_the_api_is_open_to_other_origins(http, path):
    assert names_cors(http.get(path, headers={"Origin": ORIGIN})) == []
    assert names_cors(ask_first(http, path, ORIGIN, "GET")) == []
