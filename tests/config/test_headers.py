"""One policy of security headers for every answer of the service."""

import httpx
import pytest

from config.server import headers
from tests import processes
from tests.families import make_child, make_user
from tests.parental.pages.visitors import Visitor
from tests.production import PRODUCTION
from tests.routes import every_path

HTTPS = {"Host": "sandglass.example", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def production(committed, real_time, tmp_path_factory):
    """One worker behind a proxy that ends TLS."""
    settings = {**PRODUCTION, "DJANGO_SETTINGS_MODULE": "tests.uncollected"}
    with processes.service(tmp_path_factory.mktemp("headers") / "log", **settings) as running:
        yield running


def check(response):
    """What is missing or doubled, as a set of names: nothing is."""
    values = response.headers
    expected = {
        "x-content-type-options": values.get_list("x-content-type-options") == ["nosniff"],
        "x-frame-options": values.get_list("x-frame-options") == ["DENY"],
        "referrer-policy": values.get_list("referrer-policy") in (["same-origin"], ["no-referrer"]),
        "content-security-policy": len(values.get_list("content-security-policy")) == 1,
        "frame-ancestors": "frame-ancestors 'none'" in values.get("content-security-policy", ""),
    }
    return {name for name, is_right in expected.items() if not is_right}


def test_the_routes_are_all_there():
    paths = every_path()

    assert {"/", "/login", "/health/ready", "/metrics", "/api/v1/viewing-time/heartbeat", "/admin/login/"} <= set(paths)
    assert len(paths) > 60


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_route_has_the_policy(server, method):
    with httpx.Client(base_url=server, timeout=30) as http:
        wrong = {path: check(http.request(method, path)) for path in every_path()}

    assert not {path: names for path, names in wrong.items() if names}


@pytest.mark.slow
def test_every_route_has_it_for_staff_too(server):
    staff = Visitor(server, make_user(is_staff=True, is_superuser=True))
    try:
        wrong = {path: check(staff.get(path)) for path in every_path() if not path.startswith("/admin/logout")}
    finally:
        staff.http.close()

    assert not {path: names for path, names in wrong.items() if names}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/unknown", b"", 404),
        ("GET", "/api/v1/unknown", b"", 404),
        ("GET", "/static/parental/unknown.css", b"", 404),
        ("POST", "/login", b" " * 3_000_000, 413),
        ("POST", "/login", b"", 403),
        ("POST", "/api/v1/auth/login", b"{", 400),
        ("POST", "/api/v1/viewing-time/heartbeat", b" " * 70_000, 413),
        ("PUT", "/api/v1/viewing-time/heartbeat", b"", 405),
    ],
)
def test_every_refusal_has_it(http, method, path, content, status):
    response = http.request(method, path, content=content)

    assert response.status_code == status
    assert not check(response)


@pytest.mark.parametrize(
    "path", [path for path in every_path() if path.startswith("/api/") and "openapi" not in path and "docs" not in path]
)
def test_no_answer_of_the_api_is_stored(http, path):
    assert http.get(path).headers.get_list("cache-control") == ["no-store"]


def test_a_heartbeat_has_it_and_is_not_stored(http):
    response = make_child().beat(http)

    assert (response.status_code, check(response)) == (200, set())
    assert response.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/login", "/health", "/api/v1/catalog/titles", "/api/v1/auth/profiles", "/static/x"])
def test_over_https_browsers_must_stay_there(production, path):
    response = httpx.get(f"{production.url}{path}", headers=HTTPS)

    (value,) = response.headers.get_list("strict-transport-security")
    assert value == "max-age=31536000"
    assert not check(response)


def test_subdomains_and_preloading_only_where_they_are_asked_for(settings):
    settings.SECURE_HSTS_SECONDS = 60
    found = []
    for subdomains, preload in ((False, False), (True, False), (True, True)):
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD = subdomains, preload
        found += [value for _, value in headers._hsts(True)]

    assert found == [b"max-age=60", b"max-age=60; includeSubDomains", b"max-age=60; includeSubDomains; preload"]


def test_a_host_that_is_not_ours_gets_the_policy_with_its_refusal(production):
    response = httpx.get(f"{production.url}/login", headers={**HTTPS, "Host": "other.example"})

    assert (response.status_code, check(response)) == (400, set())


def test_players_are_redirected_to_https_too(production):
    child = make_child()
    path = "/api/v1/viewing-time/heartbeat"
    over_http = {**child.headers, "Host": "sandglass.example"}

    redirected = httpx.post(f"{production.url}{path}?a=b", json=child.body(), headers=over_http)
    foreign = httpx.post(f"{production.url}{path}", json=child.body(), headers={**over_http, "Host": "x.example"})
    unchecked = httpx.post(f"{production.url}{path}", json=child.body(), headers={**child.headers, **HTTPS})

    assert (redirected.status_code, redirected.headers["location"]) == (308, f"https://sandglass.example{path}?a=b")
    assert foreign.status_code == 400
    assert unchecked.status_code == 200
    assert child.balance().used_seconds == 30


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_probes_are_not_redirected(production, path):
    assert httpx.get(f"{production.url}{path}").status_code == 200
