"""Every answer of the API with its ids, tokens and times masked: one request per endpoint and per refusal.

`tests/config/golden.json` holds them. A change there changes docs/contract.md too. `UPDATE_GOLDEN=1` writes it again.
"""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, make_password
from django.db import OperationalError
from django.utils import timezone

from parental.accounts import passwords
from parental.models import Pin, TimeGrant
from parental.pins import pins
from tests.config.golden_answers import Recorder
from tests.families import make_family, make_gateway, make_player, make_title
from tests.parental.cast import PASSWORD, Parent, make_parent
from tests.parental.queues import full
from viewing.errors import overloaded

GOLDEN = Path(__file__).with_name("golden.json")
API = "/api/v1"
PLAYERS = f"{API}/viewing-time"
PARENTS = f"{API}/parental-controls"
PIN = "4711"


@pytest.fixture
def ask(http, monkeypatch) -> Recorder:
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "rounds", 4)
    monkeypatch.setattr("parental.pins.pins.MIN_SECONDS", 0)
    return Recorder(http)


def parent_with_pin() -> Parent:
    parent = make_parent()
    Pin.objects.create(user=parent.user, pin_hash=make_password(PIN))
    return parent


def ask_accounts(ask: Recorder) -> None:
    email = f"{uuid4()}@example.com"
    auth = f"{API}/auth"
    given = {"email": email, "password": PASSWORD}
    ask("register", "POST", f"{auth}/register", json=given)
    ask("register, taken", "POST", f"{auth}/register", json=given)
    ask("register, invalid", "POST", f"{auth}/register", json={"email": "nobody", "password": "short"})
    pair = ask("login", "POST", f"{auth}/login", json=given).json()
    ask("login, wrong", "POST", f"{auth}/login", json={**given, "password": "wrong"})
    ask("login, broken body", "POST", f"{auth}/login", content=b"{")
    ask("login, not an object", "POST", f"{auth}/login", json=[])
    ask("login, wrong method", "GET", f"{auth}/login")
    ask("refresh", "POST", f"{auth}/refresh", json={"refresh_token": pair["refresh_token"]})
    ask("refresh, spent", "POST", f"{auth}/refresh", json={"refresh_token": pair["refresh_token"]})
    unknown = {"email": f"{uuid4()}@example.com", "password": "wrong"}
    for _ in range(10):
        ask.http.post(f"{auth}/login", json=unknown)
    response = ask("login, too many tries", "POST", f"{auth}/login", json=unknown)
    assert 290 <= int(response.headers["retry-after"]) <= 300
    ask.answers["login, too many tries"]["headers"]["retry-after"] = "<up to 300>"
    with full(passwords.executor):
        ask("login, busy", "POST", f"{auth}/login", json=unknown)


def ask_profiles(ask: Recorder) -> None:
    parent = parent_with_pin()
    child = make_player(parent.user)
    auth = f"{API}/auth"
    ask("me, no token", "GET", f"{auth}/me")
    answer = ask("me", "GET", f"{auth}/me", parent)
    assert answer.json()["email"] == parent.user.email
    ask.answers["me"]["body"]["email"] = "<email>"
    ask("me, player", "GET", f"{auth}/me", child)
    ask("me, gateway", "GET", f"{auth}/me", make_gateway())
    ask("profiles", "GET", f"{auth}/profiles", parent)
    new = {"name": "Ben", "is_kids": True, "avatar_url": "https://example.com/ben.png", "timezone": "Europe/Berlin"}
    ask("create profile", "POST", f"{auth}/profiles", parent, json=new)
    ask("create profile, invalid", "POST", f"{auth}/profiles", parent, json={"name": " ", "timezone": "Mars"})
    for _ in range(18):
        make_player(parent.user)
    ask("create profile, too many", "POST", f"{auth}/profiles", parent, json=new)
    issue = f"{auth}/profiles/{child.profile.id}/player-token"
    ask("player token, PIN required", "POST", issue, parent, json={"device_name": "TV"})
    pin_token = ask("verify PIN", "POST", f"{PARENTS}/pin/verify", parent, json={"pin": PIN}).json()["pin_token"]
    device = {"device_name": "TV", "pin_token": pin_token}
    issued = ask("player token", "POST", issue, parent, json=device).json()
    ask("player token, denied", "POST", f"{auth}/profiles/{uuid4()}/player-token", parent, json=device)
    ask("revoke player token", "DELETE", f"{auth}/player-tokens/{issued['token_id']}", parent)
    ask("revoke player token, unknown", "DELETE", f"{auth}/player-tokens/{uuid4()}", parent)


def ask_players(ask: Recorder) -> None:
    family = make_family(adult=True)
    child, stranger, gateway, title = family.children[0], make_family().children[0], make_gateway(), make_title()
    beat = f"{PLAYERS}/heartbeat"
    first = ask("heartbeat", "POST", beat, child, json=child.body(device_id="a"))
    session_id = first.json()["session_id"]
    ask("heartbeat, adult", "POST", beat, family.adult, json=family.adult.body())
    ask("heartbeat, no token", "POST", beat, json=child.body())
    ask("heartbeat, denied", "POST", beat, child, json=stranger.body())
    ask("heartbeat, invalid", "POST", beat, child, json=child.body(device_id="", device_type="radio"))
    ask("heartbeat, broken body", "POST", beat, child, content=b"{")
    ask("heartbeat, not an object", "POST", beat, child, json=[])
    ask("heartbeat, too large", "POST", beat, child, content=b" " * 2_000_000)
    ask("heartbeat, wrong method", "GET", beat, child)
    ask("heartbeat, gateway", "POST", beat, gateway, json=child.body())
    ask("heartbeat, unknown session", "POST", beat, child, json=child.body(session_id=str(uuid4())))
    ask("heartbeat, unknown title", "POST", beat, child, json=child.body(title_id=str(uuid4())))
    others = stranger.watch(ask.http, 1)
    ask("heartbeat, session of another", "POST", beat, child, json=child.body(session_id=others))
    taken = child.body(session_id=session_id)
    mine = ask("heartbeat, takes over", "POST", beat, child, json=child.body(device_id="b")).json()["session_id"]
    ask("heartbeat, taken over", "POST", beat, child, json=taken)
    ask("end session", "POST", f"{PLAYERS}/session/{mine}/end", child)
    ended = child.body(session_id=mine)
    ask("heartbeat, session ended", "POST", beat, child, json=ended)
    ask("end session, unknown", "POST", f"{PLAYERS}/session/{uuid4()}/end", child)
    ask("end session, denied", "POST", f"{PLAYERS}/session/{others}/end", child)
    ask("end session, invalid", "POST", f"{PLAYERS}/session/none/end", child)
    ask("balance", "GET", f"{PLAYERS}/balance/{child.profile.id}", child)
    ask("balance, adult", "GET", f"{PLAYERS}/balance/{family.adult.profile.id}", family.adult)
    ask("balance, denied", "GET", f"{PLAYERS}/balance/{uuid4()}", child)
    ask("eligible", "GET", f"{PLAYERS}/playback-eligible/{child.profile.id}", child)
    child.use_up(120 * 60)
    ask("not eligible", "GET", f"{PLAYERS}/playback-eligible/{child.profile.id}", child)
    ask("heartbeat, blocked", "POST", beat, child, json=child.body(title_id=str(title.id)))
    ask("titles, no token", "GET", f"{API}/catalog/titles")
    bodies = [
        child.body(),
        child.body(device_id=""),
        "no object",
        child.body(session_id=str(uuid4())),
        stranger.body(title_id=str(uuid4())),
        stranger.body(profile_id=str(uuid4())),
        ended,
        taken,
        stranger.body(session_id=mine),
    ]
    ask("bulk", "POST", f"{PLAYERS}/heartbeats", gateway, json={"heartbeats": bodies})
    ask("bulk, empty", "POST", f"{PLAYERS}/heartbeats", gateway, json={"heartbeats": []})
    ask("bulk, player", "POST", f"{PLAYERS}/heartbeats", child, json={"heartbeats": bodies})


def ask_pin(ask: Recorder) -> None:
    password = {"password": PASSWORD}
    parent = make_parent(**password)
    child = make_player(parent.user)
    pin = f"{PARENTS}/pin"
    ask("PIN status", "GET", f"{pin}/status", parent)
    ask("PIN status, player", "GET", f"{pin}/status", child)
    ask("verify PIN, none set", "POST", f"{pin}/verify", parent, json={"pin": PIN})
    ask("set PIN", "POST", pin, parent, json={"new_pin": PIN})
    ask("set PIN, invalid", "POST", pin, parent, json={"new_pin": "12"})
    ask("set PIN, current needed", "POST", pin, parent, json={"new_pin": PIN})
    ask("set PIN, current wrong", "POST", pin, parent, json={"new_pin": PIN, "current_pin": "0000"})
    ask("verify PIN, wrong", "POST", f"{pin}/verify", parent, json={"pin": "0000"})
    with full(pins.executor):
        ask("verify PIN, busy", "POST", f"{pin}/verify", parent, json={"pin": PIN})
    for _ in range(3):
        ask.http.post(f"{pin}/verify", json={"pin": "0000"}, headers=parent.headers)
    ask("verify PIN, locked", "POST", f"{pin}/verify", parent, json={"pin": PIN})
    ask("PIN status, locked", "GET", f"{pin}/status", parent)
    ask("reset PIN, wrong", "POST", f"{pin}/reset", parent, json={"password": "wrong", "new_pin": PIN})
    ask("reset PIN", "POST", f"{pin}/reset", parent, json={**password, "new_pin": PIN})


def ask_limits(ask: Recorder) -> None:
    parent = parent_with_pin()
    child, adult = make_player(parent.user), make_player(parent.user, is_kids=False)
    path = f"{PARENTS}/profiles/{child.profile.id}/viewing-time"
    ask("limits", "GET", path, parent)
    ask("limits, adult", "GET", f"{PARENTS}/profiles/{adult.profile.id}/viewing-time", parent)
    ask("change limits", "PUT", path, parent, json={"weekday_limit_minutes": 90})
    ask("change limits, steps", "PUT", path, parent, json={"weekday_limit_minutes": 91})
    ask("change limits, invalid", "PUT", path, parent, json={"reset_hour": None})
    ask("change limits, PIN required", "PUT", path, parent, json={"reset_hour": 5, "educational_exempt": False})
    given = ask("grant", "POST", f"{path}/grant", parent, json={"minutes": 30}).json()
    ask("grant, unlimited", "POST", f"{path}/grant", parent, json={"minutes": None})
    ask("grant, invalid", "POST", f"{path}/grant", parent, json={"minutes": 5})
    ask("grant, PIN required", "POST", f"{path}/grant", child, json={"minutes": 30})
    ask("grant, proof invalid", "POST", f"{path}/grant", child, json={"minutes": 30, "pin_token": "sgn_x"})
    ask("grant, PIN wrong", "POST", f"{path}/grant", child, json={"minutes": 30, "pin": "0000"})
    ask("grant on the device", "POST", f"{path}/grant", child, json={"minutes": 30, "pin": PIN})
    ask("take back", "DELETE", f"{path}/grant/{given['grant_id']}", parent)
    ask("take back, again", "DELETE", f"{path}/grant/{given['grant_id']}", parent)
    ask("take back, unknown", "DELETE", f"{path}/grant/{uuid4()}", parent)
    past = ask.http.post(f"{path}/grant", json={"minutes": 15}, headers=parent.headers).json()
    yesterday = timezone.now().date() - timedelta(days=1)
    TimeGrant.objects.filter(pk=past["grant_id"]).update(day=yesterday)
    ask("take back, day over", "DELETE", f"{path}/grant/{past['grant_id']}", parent)


def ask_reports(ask: Recorder) -> None:
    parent = make_parent()
    child = make_player(parent.user)
    child.watch(ask.http, 2)
    path = f"{PARENTS}/profiles/{child.profile.id}/history"
    ask("history", "GET", path, parent)
    ask("history, CSV", "GET", f"{path}?format=csv", parent)
    ask("history, reversed", "GET", f"{path}?from_date=2026-02-02&to_date=2026-02-01", parent)
    ask("history, too long", "GET", f"{path}?from_date=2026-01-01&to_date=2026-05-01", parent)
    ask("history, invalid", "GET", f"{path}?from_date=then", parent)
    ask("history, player", "GET", path, child)
    ask("weekly report", "GET", f"{PARENTS}/weekly-report", parent)
    ask("metrics, not staff", "GET", f"{API}/admin/metrics", parent)
    ask("metrics, no token", "GET", f"{API}/admin/metrics")


def ask_failures(ask: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    child = make_family().children[0]
    path = f"{PLAYERS}/balance/{child.profile.id}"

    def fail_with(error: Exception) -> Any:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise error

        return fail

    ask("unknown path", "GET", f"{API}/unknown")
    ask("unknown host", "GET", f"{API}/auth/me", headers={"Host": "evil.example"})
    with monkeypatch.context() as patch:
        patch.setattr("viewing.playback.balances.read_balance", fail_with(RuntimeError("a defect")))
        ask("a defect", "GET", path, child)
        patch.setattr("viewing.playback.balances.read_balance", fail_with(OperationalError("gone")))
        ask("no database", "GET", path, child)
        patch.setattr("viewing.heartbeats.writer.writer.put", fail_with(overloaded()))
        ask("heartbeat, busy", "POST", f"{PLAYERS}/heartbeat", child, json=child.body())
        two = {"heartbeats": [child.body(device_id=""), child.body()]}
        ask("bulk, busy", "POST", f"{PLAYERS}/heartbeats", make_gateway(), json=two)
        patch.setattr("viewing.heartbeats.writer.writer.put", fail_with(RuntimeError("a defect")))
        ask("heartbeat, unavailable", "POST", f"{PLAYERS}/heartbeat", child, json=child.body())
        ask("bulk, unavailable", "POST", f"{PLAYERS}/heartbeats", make_gateway(), json=two)


@pytest.mark.usefixtures("clock")
def test_every_answer_is_as_recorded(ask, monkeypatch):
    ask_accounts(ask)
    ask_profiles(ask)
    ask_players(ask)
    ask_pin(ask)
    ask_limits(ask)
    ask_reports(ask)
    ask_failures(ask, monkeypatch)

    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(ask.answers, indent=1, ensure_ascii=False) + "\n")
    assert ask.answers == json.loads(GOLDEN.read_text())
