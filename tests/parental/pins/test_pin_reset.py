"""POST /parental-controls/pin/reset: by the account's password, with its own limit on tries."""

import uuid
from functools import partial

import pytest
from django.utils import timezone

from parental.models import LimiterCount, Pin, User
from parental.pins import pins
from tests.families import make_user
from tests.http import status_and_body
from tests.parental.cast import PASSWORD, fields_of, log_in
from tests.parental.pin_cast import (
    LOCKED,
    PIN,
    WRONG,
    before,
    check,
    device_of,
    lock,
    parent_with_pin,
    reset,
    status,
    verify,
)
from viewing.errors import Refusal

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

DONE = (200, {"detail": "PIN reset successfully"})
INCORRECT_PASSWORD = (401, {"detail": "Incorrect account password", "code": "password_wrong"})


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin(password=PASSWORD)


def test_sets_a_new_one(http, parent, clock):
    old = Pin.objects.get(user=parent.user)
    clock.forward(days=1)
    fresh = log_in(parent.user)

    assert status_and_body(reset(http, fresh, password=PASSWORD, new_pin="8024")) == DONE

    after = Pin.objects.get(user=parent.user)
    assert (after.changed_at, after.version == old.version) == (clock.now, False)
    assert verify(http, fresh, "8024").status_code == 200
    assert verify(http, fresh, PIN).status_code == 403


def test_sets_the_first_one_too(http):
    parent = log_in(make_user(password=PASSWORD))

    assert status_and_body(reset(http, parent, password=PASSWORD, new_pin="8024")) == DONE
    assert verify(http, parent, "8024").status_code == 200


def test_a_wrong_password_changes_nothing(http, parent):
    assert status_and_body(reset(http, parent, password="wrong horse", new_pin="8024")) == INCORRECT_PASSWORD
    assert verify(http, parent).status_code == 200


def test_the_pin_is_no_password(http, parent):
    assert status_and_body(reset(http, parent, password=PIN, new_pin="8024")) == INCORRECT_PASSWORD


def test_ends_a_lockout_and_gives_a_fresh_five(http, parent):
    lock(http, parent)

    assert status_and_body(reset(http, parent, password=PASSWORD, new_pin="8024")) == DONE

    assert status(http, parent) == {"has_pin": True, "locked_until": None}
    lock(http, parent)
    assert status_and_body(verify(http, parent, "8024")) == LOCKED


def test_ends_the_lockouts_of_the_devices(http, parent):
    device = device_of(parent)
    for _ in range(5):
        with pytest.raises(Refusal):
            check(device, WRONG, now=timezone.now())

    assert status_and_body(reset(http, parent, password=PASSWORD, new_pin="8024")) == DONE

    assert check(device, "8024", now=timezone.now())


def test_a_lockout_remains_after_a_wrong_password(http, parent):
    lock(http, parent)

    assert status_and_body(reset(http, parent, password="wrong horse", new_pin="8024")) == INCORRECT_PASSWORD
    assert status_and_body(verify(http, parent)) == LOCKED


def test_wrong_passwords_are_limited_as_at_log_in(http, parent):
    for _ in range(10):
        assert status_and_body(reset(http, parent, password="wrong horse", new_pin="8024")) == INCORRECT_PASSWORD

    refused = reset(http, parent, password=PASSWORD, new_pin="8024")

    assert status_and_body(refused) == (
        429,
        {"detail": "Too many attempts. Try again later.", "code": "too_many_tries"},
    )
    assert int(refused.headers["Retry-After"]) > 0
    assert verify(http, parent).status_code == 200  # another count


def test_a_right_password_forgets_its_tries(http, parent):
    reset(http, parent, password="wrong horse", new_pin="8024")
    tried = LimiterCount.objects.count()

    reset(http, parent, password=PASSWORD, new_pin="8024")

    assert LimiterCount.objects.count() == tried - 1


def test_an_account_that_cannot_log_in(http):
    parent = parent_with_pin()

    assert status_and_body(reset(http, parent, password="!", new_pin="8024")) == INCORRECT_PASSWORD


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "changed"}])
def test_nothing_is_reset_when_the_account_changed_in_between(http, parent, monkeypatch, change):
    changing = partial(User.objects.filter(pk=parent.user.pk).update, **change)
    monkeypatch.setattr(pins, "make_password", before(pins.make_password, changing))
    version = Pin.objects.get(user=parent.user).version

    assert status_and_body(reset(http, parent, password=PASSWORD, new_pin="8024")) == INCORRECT_PASSWORD
    assert Pin.objects.get(user=parent.user).version == version


def test_an_account_with_another_address_since_is_asked_again(http, parent):
    """The address is cached for up to 60 s; its new owner does not prove this account."""
    status(http, parent)
    old = parent.user.email
    User.objects.filter(pk=parent.user.pk).update(email=f"{uuid.uuid4()}@example.com")
    User.objects.create_user(email=old, password="another password")

    assert status_and_body(reset(http, parent, password="another password", new_pin="8024")) == INCORRECT_PASSWORD
    assert not Pin.objects.filter(user__email=old).exists()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "string_too_short"),
        ("x" * 1025, "string_too_long"),
        ("pass\0word", "nul_character"),
        (12345678, "string_type"),
        (None, "string_type"),
    ],
)
def test_a_password_has_bounds(http, parent, compared, value, kind):
    answer = reset(http, parent, password=value, new_pin="8024")

    assert fields_of(answer) == [(["body", "password"], kind)]
    assert compared == []
