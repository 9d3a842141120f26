"""POST /auth/device/disconnect: a screen takes the PIN to be disconnected."""

import pytest

from parental.models import AuditEntry
from tests.families import make_child, make_player
from tests.http import status_and_body
from tests.parental.homes import PIN, make_home
from viewing.models import PlayerToken

URL = "/api/v1/auth/device/disconnect"


@pytest.fixture
def home(server, quick_hashes, no_waiting):
    home = make_home()
    home.set_pin()
    return home


def disconnect(http, player, pin=PIN, **body):
    return http.post(URL, json={"pin": pin, **body}, headers=player.headers)


def plays(http, player):
    return player.beat(http).status_code == 200


def is_revoked(player):
    return PlayerToken.objects.get(pk=player.token_id).revoked_at is not None


def test_the_pin_disconnects_the_whole_screen(http, home):
    sister = make_player(home.parent.user)

    answer = disconnect(http, home.child, token_ids=[str(sister.token_id)])

    assert answer.status_code == 204, answer.text
    assert (plays(http, home.child), plays(http, sister)) == (False, False)
    entries = AuditEntry.objects.filter(family=home.parent.user, kind="device_revoked")
    assert {(entry.actor_kind, entry.actor_label) for entry in entries} == {("player", "Living room")}


def test_without_it_nothing_happens(http, home):
    answer = disconnect(http, home.child, pin="0000")

    assert (answer.status_code, answer.json()["code"]) == (403, "pin_wrong")
    assert plays(http, home.child)


def test_devices_of_another_family_stay(http, home):
    stranger = make_child()

    assert disconnect(http, home.child, token_ids=[str(stranger.token_id)]).status_code == 204

    assert not is_revoked(stranger)
    assert is_revoked(home.child)


def test_without_a_pin_only_the_parents_page_disconnects(http, server):
    home = make_home()

    answer = disconnect(http, home.child)

    assert status_and_body(answer) == (400, {"detail": "No PIN set", "code": "pin_none"})
    assert plays(http, home.child)


def test_a_parent_revokes_tokens_instead(http, home):
    answer = http.post(URL, json={"pin": PIN}, headers=home.parent.headers)

    assert status_and_body(answer) == (403, {"detail": "Only a player token can do this", "code": "caller"})
