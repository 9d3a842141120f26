"""What a request without a login may cost: the list of routes comes from the URL patterns, so a new one is in it.

Statements are those that the database logged. A route that may cost more is named, with the reason.
"""

import uuid

import httpx
import pytest

from tests.parental.pages.visitors import CSRF
from tests.routes import every_path
from tests.statements import statements

MAX_BYTES = 65_536
# A larger answer is rendered once and has an ETag; rendering one for each request is what costs.
MAX_RENDERED = 20_480
ADDRESS = "nobody@example.com"
UNKNOWN_SESSION = "a" * 32
API = "/api/v1"

# (method, path): how many statements, how many of them write, and why.
EXCEPTIONS = {
    ("GET", "/health"): (3, 0, "asks each kind of connection whether it answers"),
    ("GET", "/health/ready"): (3, 0, "the same"),
    ("POST", "/health"): (3, 0, "the same"),
    ("POST", "/health/ready"): (3, 0, "the same"),
    ("POST", f"{API}/auth/login"): (3, 2, "counts the try for five minutes and for the hour; looks up the account"),
    ("POST", "/login"): (4, 2, "the same, and the session of the page"),
    ("POST", "/admin/login/"): (4, 2, "the same"),
    ("POST", f"{API}/auth/register"): (14, 7, "creates an account, its login and token, the audit; mails a link"),
    ("POST", f"{API}/auth/device/code"): (6, 4, "counts the codes of all, deletes old ones, stores the new one"),
    ("POST", "/register"): (20, 10, "creates an account, its login and session, the audit; mails a link"),
}
# Rendered once, and has an ETag.
LARGER = {f"{API}/openapi.json": 196_608}
FORMS = {
    "/login": {"email": ADDRESS, "password": "wrong"},
    "/admin/login/": {"username": ADDRESS, "password": "wrong"},
    "/password/forgotten": {"email": ADDRESS},
    "/password/forgotten/new": {"new": "a new password"},
}
BODIES = {
    f"{API}/auth/login": {"email": ADDRESS, "password": "wrong"},
    f"{API}/auth/refresh": {"refresh_token": "sgr_nonsense"},
}


@pytest.fixture
def stranger(server):
    with httpx.Client(base_url=server, timeout=30) as client:
        client.cookies.set("csrftoken", CSRF)
        client.cookies.set("sessionid", UNKNOWN_SESSION)
        yield client


def send(client, method, path, **headers):
    if method == "GET":
        return client.get(path, headers=headers)
    if path == f"{API}/auth/register":
        return client.post(path, json={"email": f"{uuid.uuid4()}@example.com", "password": "horse battery"})
    if path.startswith("/api/"):
        return client.post(path, json=BODIES.get(path, {}), headers={"Authorization": "Bearer sgp_nonsense", **headers})
    form = FORMS.get(path, {"email": f"{uuid.uuid4()}@example.com", "password": "horse battery"})
    return client.post(path, data={"csrfmiddlewaretoken": CSRF, **form}, headers=headers)


def fresh(client):
    """As before the request: what it set is forgotten."""
    client.cookies.clear()
    client.cookies.set("csrftoken", CSRF)
    client.cookies.set("sessionid", UNKNOWN_SESSION)


def test_no_route_costs_more_than_it_says(stranger, quick_hashes):
    found, seen = {}, set()
    for path in every_path():
        for method in ("GET", "POST"):
            fresh(stranger)
            send(stranger, method, path)  # what is read once for all, is
            max_statements, max_writes, _why = EXCEPTIONS.get((method, path), (1, 0, ""))
            seen.add((method, path))
            # A worker also asks by itself, once in a while: then the request is measured again.
            for _ in range(3):
                fresh(stranger)
                with statements() as sent:
                    answer = send(stranger, method, path)
                writes = sum(not one.lstrip().upper().startswith(("SELECT", "WITH")) for one in sent.all)
                if len(sent) <= max_statements and writes <= max_writes:
                    break
            else:
                found[f"{method} {path}"] = [one[:60] for one in sent.all]
            if len(answer.content) > LARGER.get(path, MAX_BYTES) or answer.status_code >= 500:
                found[f"{method} {path}"] = [answer.status_code, len(answer.content)]

    assert not found, "\n".join(f"{route}: {cost}" for route, cost in found.items())
    assert set(EXCEPTIONS) <= seen, "a route of the table is gone"
    assert len(seen) > 150


def test_what_is_large_is_rendered_once(stranger):
    found, large = {}, []
    for path in every_path():
        answer = send(stranger, "GET", path)
        if len(answer.content) > MAX_RENDERED:
            large.append(path)
            again = send(stranger, "GET", path, **{"If-None-Match": answer.headers.get("ETag", '"none"')})
            if again.status_code != 304:
                found[path] = (again.status_code, len(answer.content))

    assert found == {}
    assert f"{API}/openapi.json" in large


@pytest.mark.parametrize("token", ["sga_nonsense", "sgp_nonsense", "sgg_nonsense", "nonsense"])
def test_a_call_with_a_token_that_nobody_has_writes_nothing(http, token):
    for path in ("viewing-time/heartbeat", "viewing-time/heartbeats", "auth/logout", "parental-controls/pin/verify"):
        with statements() as sent:
            answer = http.post(f"{API}/{path}", json={}, headers={"Authorization": f"Bearer {token}"})

        assert answer.status_code == 401
        assert len(sent) <= 1
        assert all(one.startswith(("SELECT", "WITH", "UPDATE viewing_playertoken")) for one in sent.all), sent.all
