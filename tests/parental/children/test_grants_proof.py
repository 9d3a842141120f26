"""Who may grant: a parent from afar, anyone of the family on the device with the PIN, a player by nothing else."""

import uuid

import pytest

from parental.models import Pin, TimeGrant
from parental.tokens import pin_tokens
from tests.families import make_player
from tests.http import status_and_body
from tests.parental.homes import DENIED, PIN, grant_url, make_home

TOKEN_NEEDED = (403, {"detail": "Valid PIN token required", "code": "pin_required"})

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def home(server):
    """15 minutes a day, of which 21 are used."""
    home = make_home(weekday_limit_minutes=15, weekend_limit_minutes=15)
    home.child.use_up(21 * 60)
    home.set_pin()
    return home


def grants(home):
    return list(TimeGrant.objects.filter(profile=home.child.profile))


def test_60_minutes_without_pin_from_the_childs_device_are_refused(http, home):
    assert status_and_body(home.grant_on_the_device(http, 60)) == (
        403,
        {"detail": "PIN required", "code": "pin_required"},
    )
    assert status_and_body(home.grant_on_the_device(http, None, pin=None, pin_token=None)) == (
        403,
        {"detail": "PIN required", "code": "pin_required"},
    )
    assert grants(home) == []
    assert home.child.balance().granted_seconds == 0


def test_with_the_pin_they_are_granted(http, home):
    answer = home.grant_on_the_device(http, 60, pin=PIN)

    assert (answer.status_code, answer.json()["remaining_minutes"]) == (200, 54)
    (grant,) = grants(home)
    assert (grant.granted_by, grant.player_token_id, grant.is_remote) == (home.parent.user, home.child.token_id, False)


def test_with_a_pin_token_they_are_granted(http, home):
    answer = home.grant_on_the_device(http, 60, pin_token=home.pin_token())

    assert (answer.status_code, answer.json()["remaining_minutes"]) == (200, 54)
    assert grants(home)[0].is_remote is False


@pytest.mark.parametrize("proof", ["pin", "pin_token"])
def test_a_parents_token_with_the_pin_is_a_grant_on_the_device(http, home, proof):
    answer = home.grant(http, 60, **{proof: PIN if proof == "pin" else home.pin_token()})

    assert answer.status_code == 200
    (grant,) = grants(home)
    assert (grant.player_token, grant.is_remote) == (None, False)


@pytest.mark.parametrize("way", ["grant", "grant_on_the_device"])
def test_a_wrong_pin_grants_nothing_to_anyone(http, home, way):
    answer = getattr(home, way)(http, 60, pin="4321")

    assert status_and_body(answer) == (403, {"detail": "Incorrect PIN", "code": "pin_wrong"})
    assert grants(home) == []


@pytest.mark.parametrize("way", ["grant", "grant_on_the_device"])
def test_a_wrong_pin_is_not_made_good_by_a_token(http, home, way):
    answer = getattr(home, way)(http, 60, pin="4321", pin_token=home.pin_token())

    assert status_and_body(answer) == (403, {"detail": "Incorrect PIN", "code": "pin_wrong"})


@pytest.mark.parametrize("way", ["grant", "grant_on_the_device"])
@pytest.mark.parametrize("kind", ["empty", "another family's", "of the PIN before", "an access token"])
def test_what_is_no_valid_pin_token_grants_nothing(http, home, way, kind):
    wrong = {
        "empty": "",
        "another family's": make_home().pin_token(),
        "of the PIN before": pin_tokens.pin_token(Pin(user=home.parent.user, version=uuid.uuid4())),
        "an access token": home.parent.access_token,
    }

    assert status_and_body(getattr(home, way)(http, 60, pin_token=wrong[kind])) == TOKEN_NEEDED
    assert grants(home) == []


def test_without_a_pin_there_is_nothing_to_give(http):
    home = make_home()

    assert status_and_body(home.grant_on_the_device(http, 60, pin=PIN)) == (
        400,
        {"detail": "No PIN set", "code": "pin_none"},
    )
    assert status_and_body(home.grant_on_the_device(http, 60, pin_token="sgn_x")) == TOKEN_NEEDED
    assert home.grant(http, 60).status_code == 200


def test_a_player_grants_its_own_profile_only(http, home):
    sister = make_player(home.parent.user)

    answer = http.post(grant_url(sister.profile.id), json={"minutes": 60, "pin": PIN}, headers=home.child.headers)

    assert status_and_body(answer) == DENIED


def test_five_wrong_pins_lock_the_device_but_not_the_parent(http, home):
    for _ in range(5):
        home.grant_on_the_device(http, 60, pin="4321")

    locked = home.grant_on_the_device(http, 60, pin=PIN)

    assert status_and_body(locked) == (
        403,
        {"detail": "PIN locked due to too many failed attempts", "code": "pin_locked"},
    )
    assert "X-Locked-Until" in locked.headers
    assert home.grant(http, 60, pin=PIN).status_code == 200
