"""Someone who reads a copy of the database gets into no account with it."""

import json
import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from parental.deliver import endpoints
from parental.deliver.models import WebhookEndpoint
from parental.models import User
from parental.tokens import gateways
from parental.tokens.sessions import SessionStore, stored_key
from tests.families import make_service
from tests.parental.pages.visitors import Visitor
from viewing.models import GatewayToken

PASSWORD, PIN = "correct horse battery staple", "4711"


@pytest.fixture(scope="module")
def secrets(server):
    """What lets a family in, by its name: each was given out by the service just now."""
    import httpx

    with httpx.Client(base_url=f"{server}/api/v1", timeout=60) as http:
        email = "dumped@example.com"
        pair = http.post("/auth/register", json={"email": email, "password": PASSWORD}).json()
        parent = {"Authorization": f"Bearer {pair['access_token']}"}
        assert http.post("/parental-controls/pin", json={"new_pin": PIN}, headers=parent).status_code == 200
        proof = http.post("/parental-controls/pin/verify", json={"pin": PIN}, headers=parent).json()["pin_token"]
        child = http.post("/auth/profiles", json={"name": "Mia", "is_kids": True}, headers=parent).json()
        device = {"device_name": "TV", "pin_token": proof}
        player = http.post(f"/auth/profiles/{child['id']}/player-token", json=device, headers=parent).json()
        renewed = http.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]}).json()
    gateway, digest = gateways.new_token()
    GatewayToken.objects.create(name="Edge", token_hash=digest)
    visitor = Visitor(server)
    assert visitor.post("/login", email=email, password=PASSWORD).status_code == 302
    session = visitor.http.cookies["sessionid"]
    assert visitor.get(f"/children/{child['id']}/devices").status_code == 200
    csrf = visitor.http.cookies["csrftoken"]  # a new one since the login
    made = visitor.post("/automations", name="Kitchen display", csrfmiddlewaretoken=csrf).text
    assert visitor.get("/automations").status_code == 200
    visitor.http.close()
    endpoint = WebhookEndpoint(name="Dumped", url="https://hooks.example.com/", is_enabled=False)
    webhook_secret = endpoints.give_secret(endpoint)
    endpoint.save()
    return {
        "password": PASSWORD,
        "access token": renewed["access_token"],
        "refresh token": renewed["refresh_token"],
        "spent refresh token": pair["refresh_token"],
        "player token": player["player_token"],
        "device token": pair["device_token"],
        "gateway token": gateway,
        "service token": make_service().token,
        "API token": re.findall(r'value="(sgt_[\w-]{43})"', made)[0],
        "webhook secret": webhook_secret.removeprefix("whsec_"),
        "session": session,
    }


@pytest.fixture(scope="module")
def dump(secrets):
    """Every row of every table as text; what sessions hold is unpacked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    sessions = [SessionStore().decode(row.session_data) for row in Session.objects.all()]
    assert {"parental_user", "parental_pin", "django_session", "viewing_playertoken"} <= set(tables)
    return "\n".join([*rows, json.dumps(sessions, default=str)])


def test_the_dump_is_of_this_family(dump):
    assert "dumped@example.com" in dump


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "access token",
        "refresh token",
        "spent refresh token",
        "player token",
        "device token",
        "gateway token",
        "service token",
        "API token",
        "webhook secret",
        "session",
    ],
)
def test_no_secret_is_in_it_in_any_form(secrets, dump, name):
    secret = secrets[name]

    assert secret not in dump
    assert secret.encode().hex() not in dump  # as binary columns are written


def test_passwords_and_pins_are_slow_hashes(secrets):
    user = User.objects.select_related("pin").get(email="dumped@example.com")

    for encoded in (user.password, user.pin.pin_hash):
        algorithm, _, cost = encoded.partition("$$2b$")
        assert (algorithm, int(cost[:2]) >= 12) == ("bcrypt_sha256", True)


def test_what_is_kept_of_a_session_opens_nothing(secrets, server):
    for key in (stored_key(secrets["session"]), *Session.objects.values_list("session_key", flat=True)[:20]):
        visitor = Visitor(server)
        visitor.http.cookies.set("sessionid", key, domain="127.0.0.1")
        answer = visitor.get("/")
        visitor.http.close()
        assert answer.headers["location"] == "/login?next=/"
