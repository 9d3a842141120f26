"""No line of the log holds a PIN, a password, a token, a mail address or a name, whatever is asked or fails."""

import json
import logging
import re
import uuid

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from config import logs
from tests.families import make_player
from tests.parental.cast import log_in
from tests.parental.homes import Home
from tests.parental.pin_cast import parent_with_pin
from viewing.models import Profile

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

PIN = "4711"
NAME = "Zebulon-the-Third"
DEVICE = "Kitchen-Tablet-of-Zebulon"
PASSWORD = "a-password-that-nobody-has"
# The test's own client writes down what it sends.
NOT_OURS = ("httpx", "httpcore")


@pytest.fixture
def home(server):
    parent = parent_with_pin(PIN, password=PASSWORD)
    child = make_player(parent.user)
    Profile.objects.filter(pk=child.profile.pk).update(name=NAME)
    return Home(child=child, parent=log_in(parent.user))


@pytest.fixture
def log_lines(caplog, home):
    """Every line so far, as it is written; and our own code's messages, before anything is hidden."""
    caplog.set_level(logging.DEBUG)

    def lines():
        records = [record for record in caplog.records if not record.name.startswith(NOT_OURS)]
        formatter = logs.formatter("json")
        messages = [record.getMessage() + repr(getattr(record, "fields", "")) for record in records]
        return [formatter.format(record) for record in records], messages

    return lines


def secrets_of(home):
    plain = [NAME, DEVICE, PASSWORD, home.parent.user.email, home.parent.access_token, home.parent.refresh_token]
    tokens = [home.child.token, home.pin_token()]
    return [re.compile(re.escape(secret)) for secret in plain + tokens] + [
        re.compile(rf"(?<![0-9a-fA-F.-]){PIN}(?![0-9a-fA-F-])")  # but not in the middle of an id or a figure
    ]


def assert_none_is_logged(home, lines):
    for secret in secrets_of(home):
        assert not [line for line in lines if secret.search(line)], secret


def endpoints():
    """(method, path) of every call that the schema names."""
    from config.api import api

    schema = api.get_openapi_schema()
    return [(method, path) for path, methods in schema["paths"].items() for method in methods]


def call_every_endpoint(http, home, token):
    """With every field that any of them knows, right or wrong; the statuses."""
    ids = {"profile_id": home.child.profile.id, "session_id": uuid.uuid4(), "grant_id": uuid.uuid4()}
    ids |= {
        "token_id": uuid.uuid4(),
        "login_id": uuid.uuid4(),
        "exception_id": uuid.uuid4(),
        "request_id": uuid.uuid4(),
    }
    ids |= {"user_code": "BBBB-BBBB", "external_id": uuid.uuid4().hex, "profile_external_id": uuid.uuid4().hex}
    beat = home.child.body(device_id=DEVICE)
    fields = {
        **beat,
        "heartbeats": [beat],
        "email": home.parent.user.email,
        "password": PASSWORD,
        "refresh_token": home.parent.refresh_token,
        "name": NAME,
        "is_kids": True,
        "device_name": DEVICE,
        "pin": PIN,
        "new_pin": PIN,
        "current_pin": PIN,
        "pin_token": home.pin_token(),
        "user_code": "BBBB-BBBB",
        "device_code": home.child.token,
        "profile_ids": [str(home.child.profile.id)],
        "minutes": 30,
        "weekday_limit_minutes": 60,
    }
    statuses = {}
    # What ends the token that everything else is called with comes last.
    for method, path in sorted(endpoints(), key=lambda call: (call[1].endswith(("/logout", "/disconnect")), call)):
        body = None if method in ("get", "delete") else fields
        headers = {"Authorization": f"Bearer {token}"}
        with http.stream(method, path.format(**ids), json=body, headers=headers) as answer:
            statuses[method, path] = answer.status_code
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):  # it has no end
                answer.read()
    return statuses


@pytest.mark.parametrize("as_player", [False, True])
def test_not_where_all_goes_well_or_is_refused(http, home, log_lines, settings, as_player):
    settings.SLOW_REQUEST_WARNING_MS = 0  # a line for each
    token = home.child.token if as_player else home.parent.access_token

    statuses = call_every_endpoint(http, home, token)
    http.post("/api/v1/parental-controls/pin/verify", json={"pin": "0000"}, headers=home.parent.headers)
    http.get(f"/api/v1/unknown/{home.child.token}", params={"email": home.parent.user.email})
    http.get(f"/unknown/{home.parent.user.email}")

    assert 200 in statuses.values()
    lines, messages = log_lines()
    assert len([line for line in lines if '"event": "slow_request"' in line]) > len(statuses)
    assert_none_is_logged(home, lines)
    ours = [text for text in messages if "/unknown/" not in text]
    assert_none_is_logged(home, ours)


@pytest.mark.parametrize("as_player", [False, True])
def test_not_where_everything_fails(http, home, log_lines, monkeypatch, as_player):
    token = home.child.token if as_player else home.parent.access_token
    # Fills the caches, so that callers are known.
    http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    home.child.beat(http)
    quoted = f"{home.parent.user.email}, {NAME}, {PIN}, {home.child.token}"

    def fail(*args, **kwargs):
        raise IntegrityError(f"a constraint is violated\nDETAIL:  Failing row contains ({quoted}).")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", fail)
    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", fail)
    # Under `execute` and `execute_as`, so that no module that imports them is left out.
    monkeypatch.setattr("viewing.hotpath.threads._execute", fail)
    monkeypatch.setattr(Home, "pin_token", lambda self: "sgn_not-asked-for")
    statuses = call_every_endpoint(http, home, token)
    monkeypatch.undo()

    lines, _ = log_lines()
    failed = [json.loads(line) for line in lines if '"exception"' in line]
    assert len(failed) >= list(statuses.values()).count(500) > 3
    assert any("a constraint is violated" in line["exception"] for line in failed)
    assert_none_is_logged(home, lines)


def test_not_where_staff_log_in(home, log_lines, monkeypatch):
    client = Client(raise_request_exception=False)
    form = {"username": home.parent.user.email, "password": PASSWORD}
    client.post(reverse("admin:login"), form)

    def fail(*args, **kwargs):
        raise IntegrityError(f"a constraint is violated\nDETAIL:  Failing row contains ({home.parent.user.email}).")

    monkeypatch.setattr("parental.accounts.admin_forms.AdminLogInForm._prove", fail)
    assert client.post(reverse("admin:login"), form).status_code == 500

    lines, _ = log_lines()
    assert any("a constraint is violated" in line for line in lines)
    assert_none_is_logged(home, lines)
