"""A family whose parent has a PIN, and the calls of `/parental-controls/pin`."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import make_password
from django.db import connections

from parental.models import Pin, PinGuard
from parental.pins import pins
from tests.families import make_player, make_user
from tests.http import status_and_body
from tests.parental.cast import Parent, log_in
from viewing.caller import Caller

URL = "/api/v1/parental-controls/pin"
PIN = "4711"
WRONG = "0000"
INCORRECT = (403, {"detail": "Incorrect PIN", "code": "pin_wrong"})
LOCKED = (403, {"detail": "PIN locked due to too many failed attempts", "code": "pin_locked"})
CURRENT_INCORRECT = (400, {"detail": "Current PIN is incorrect", "code": "pin_wrong"})
PLAYERS_MAY_NOT = (403, {"detail": "A player token cannot do this", "code": "caller"})


def parent_with_pin(digits: str = PIN, **fields: Any) -> Parent:
    parent = log_in(make_user(**fields))
    Pin.objects.create(user=parent.user, pin_hash=make_password(digits))
    return parent


def device_of(parent: Parent) -> Caller:
    """A child's device of the account, as the API knows it."""
    player = make_player(parent.user)
    return Caller(kind="player", user_id=parent.user.id, profile_id=player.profile.id, token_id=player.token_id)


def as_caller(parent: Parent) -> Caller:
    return Caller(kind="parent", user_id=parent.user.id, token_id=parent.login.id)


def check(caller: Caller, digits: str, *, now: datetime) -> Pin:
    """As the views that take a PIN from a device call it. Raises the refusal."""

    async def check_and_close() -> Pin:
        try:
            return await pins.check(caller, digits, now=now)
        finally:
            await sync_to_async(connections.close_all)()  # of the thread that it ran in

    return asyncio.run(check_and_close())


def before(function: Callable[..., Any], change: Callable[[], Any]) -> Callable[..., Any]:
    """The function, but before it runs something else happens: in the thread of the hash, hence with a connection."""

    def changed_first(*args: Any) -> Any:
        change()
        connections.close_all()
        return function(*args)

    return changed_first


def verify(http: Any, parent: Parent, digits: str = PIN) -> Any:
    return http.post(f"{URL}/verify", json={"pin": digits}, headers=parent.headers)


def set_pin(http: Any, parent: Parent, **body: Any) -> Any:
    return http.post(URL, json=body, headers=parent.headers)


def reset(http: Any, parent: Parent, **body: Any) -> Any:
    return http.post(f"{URL}/reset", json=body, headers=parent.headers)


def status(http: Any, parent: Parent) -> Any:
    response = http.get(f"{URL}/status", headers=parent.headers)
    assert response.status_code == 200, response.text
    return response.json()


def lock(http: Any, parent: Parent) -> None:
    for _ in range(5):
        assert status_and_body(verify(http, parent, WRONG)) == INCORRECT


def guard_of(parent: Parent) -> PinGuard:
    return PinGuard.objects.get(user=parent.user, player_token=None)
