"""Which settings need the PIN token, what proves it, and what a refusal names."""

import uuid

import pytest
from django.core.signing import TimestampSigner

from parental.models import Pin, SettingsChange
from parental.tokens import pin_tokens
from tests.http import status_and_body
from tests.parental.homes import make_home
from tests.statements import statements

NEW = {"reset_hour": 4, "educational_exempt": False, "timezone": "Asia/Tokyo"}


@pytest.fixture
def home(server):
    """The timezone is chosen, not the default."""
    return make_home(timezone="Europe/Berlin")


def refused(*names):
    return 403, {"detail": f"Valid PIN token required to change: {', '.join(names)}", "code": "pin_required"}


@pytest.mark.parametrize("name", NEW)
def test_each_guarded_setting_needs_it(http, home, name):
    before = home.limits(http).json()

    assert status_and_body(home.change(http, **{name: NEW[name]})) == refused(name)
    assert home.limits(http).json() == before
    assert home.change(http, **{name: NEW[name]}, pin_token=home.pin_token()).json()[name] == NEW[name]


def test_a_refusal_names_what_would_change_and_changes_nothing(http, home):
    before = home.limits(http).json()

    answer = home.change(http, timezone="Asia/Tokyo", weekday_limit_minutes=30, educational_exempt=True, reset_hour=4)

    assert status_and_body(answer) == refused("reset_hour", "timezone")
    assert home.limits(http).json() == before
    assert not SettingsChange.objects.filter(profile=home.child.profile).exists()


def test_present_values_need_none(http, home):
    answer = home.change(http, timezone="Europe/Berlin", reset_hour=0, educational_exempt=True)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", ["none", "empty", "another family's", "of the PIN before", "expired", "an access token"]
)
def test_what_does_not_prove_it(http, home, kind, monkeypatch):
    home.pin_token()
    pin = Pin.objects.get(user=home.parent.user)
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "timestamp", lambda self: "1Yq5bP")  # long ago
        expired = pin_tokens.pin_token(pin)
    wrong = {
        "none": None,
        "empty": "",
        "another family's": make_home().pin_token(),
        "of the PIN before": pin_tokens.pin_token(Pin(user=home.parent.user, version=uuid.uuid4())),
        "expired": expired,
        "an access token": home.parent.access_token,
    }

    assert status_and_body(home.change(http, reset_hour=4, pin_token=wrong[kind])) == refused("reset_hour")


def test_an_account_without_a_pin_cannot_prove_it(http, home):
    token = home.pin_token()
    Pin.objects.filter(user=home.parent.user).delete()

    assert status_and_body(home.change(http, reset_hour=4, pin_token=token)) == refused("reset_hour")


def test_the_first_move_from_the_default_timezone_is_free(http):
    home = make_home()

    assert home.change(http, timezone="Europe/Berlin").json()["timezone"] == "Europe/Berlin"
    assert status_and_body(home.change(http, timezone="Asia/Tokyo")) == refused("timezone")
    assert status_and_body(home.change(http, timezone="UTC")) == refused("timezone")


def test_back_at_the_default_it_is_not_free_again(http):
    home = make_home()
    home.change(http, timezone="Europe/Berlin")
    home.change_with_pin(http, timezone="UTC")

    assert status_and_body(home.change(http, timezone="Asia/Tokyo")) == refused("timezone")


def test_a_timezone_given_with_the_profile_is_no_default(http, home):
    assert status_and_body(home.change(http, timezone="Asia/Tokyo")) == refused("timezone")


def test_the_free_move_frees_nothing_else(http):
    home = make_home()

    assert status_and_body(home.change(http, timezone="Europe/Berlin", reset_hour=4)) == refused("reset_hour")
    assert home.limits(http).json()["timezone"] == "UTC"


def test_without_a_token_the_pin_is_not_even_read(http, home):
    home.limits(http)

    with statements() as sent:
        home.change(http, reset_hour=4)

    # 1. the settings, locked
    assert len(sent) == 1, sent
