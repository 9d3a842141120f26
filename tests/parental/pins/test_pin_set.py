"""POST /parental-controls/pin and GET /parental-controls/pin/status."""

import uuid
from functools import partial

import pytest
from django.contrib.auth.hashers import make_password

from parental.models import Pin
from parental.pins import guards, pins
from parental.pins.pins import COMMON, TOO_COMMON
from tests.http import status_and_body
from tests.parental.cast import PASSWORD, make_parent
from tests.parental.pin_cast import (
    CURRENT_INCORRECT,
    INCORRECT,
    PIN,
    WRONG,
    before,
    parent_with_pin,
    reset,
    set_pin,
    status,
    verify,
)
from tests.parental.queues import full
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")

DONE = (200, {"detail": "PIN set successfully"})
CURRENT_NEEDED = (400, {"detail": "Current PIN required to change existing PIN", "code": "pin_required"})


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin()


def test_the_first_needs_none(http, clock):
    parent = make_parent()
    assert status(http, parent) == {"has_pin": False, "locked_until": None}

    assert status_and_body(set_pin(http, parent, new_pin="0007")) == DONE

    assert status(http, parent) == {"has_pin": True, "locked_until": None}
    assert verify(http, parent, "0007").status_code == 200
    assert Pin.objects.get(user=parent.user).changed_at == clock.now


def test_a_current_pin_where_none_is_set_is_ignored(http):
    assert status_and_body(set_pin(http, make_parent(), new_pin="0007", current_pin="1234")) == DONE


@pytest.mark.parametrize("body", [{}, {"current_pin": None}])
def test_a_change_needs_the_current_one(http, parent, body):
    assert status_and_body(set_pin(http, parent, new_pin="8024", **body)) == CURRENT_NEEDED
    assert verify(http, parent).status_code == 200


def test_a_wrong_current_one_changes_nothing(http, parent):
    assert status_and_body(set_pin(http, parent, new_pin="8024", current_pin=WRONG)) == CURRENT_INCORRECT
    assert verify(http, parent).status_code == 200


def test_the_right_one_changes_it(http, parent, clock):
    before = Pin.objects.get(user=parent.user)
    clock.forward(days=1)

    assert status_and_body(set_pin(http, parent, new_pin="8024", current_pin=PIN)) == DONE

    after = Pin.objects.get(user=parent.user)
    assert after.version != before.version
    assert after.changed_at == clock.now
    assert verify(http, parent, "8024").status_code == 200
    assert verify(http, parent, PIN).status_code == 403


def test_a_concurrent_change_is_not_lost(http, parent, monkeypatch):
    """Someone else changes the PIN while the hash of ours is made: theirs stays."""
    theirs = {"pin_hash": make_password("9999"), "version": uuid.uuid4()}
    change = partial(Pin.objects.filter(user=parent.user).update, **theirs)
    monkeypatch.setattr(pins, "make_password", before(pins.make_password, change))

    assert status_and_body(set_pin(http, parent, new_pin="8024", current_pin=PIN)) == CURRENT_INCORRECT
    assert verify(http, parent, "9999").status_code == 200


def test_a_pin_changed_while_it_was_compared_is_not_right(http, parent, monkeypatch):
    change = partial(Pin.objects.filter(user=parent.user).update, version=uuid.uuid4())
    monkeypatch.setattr(guards, "check_password", before(guards.check_password, change))

    assert status_and_body(verify(http, parent)) == INCORRECT


def test_a_full_queue_refuses_the_first_one_too(http):
    parent = make_parent()
    with full(pins.executor):
        refused = set_pin(http, parent, new_pin="8024")

    assert status_and_body(refused) == (
        429,
        {"detail": "Too many PIN checks are waiting. Try again.", "code": "rate_limited"},
    )
    assert status(http, parent)["has_pin"] is False


def test_status_takes_two_statements(http, parent):
    status(http, parent)

    with statements() as sent:
        status(http, parent)

    # 1. is there a PIN, 2. the account's guard
    assert len(sent) == 2, sent.all


def test_a_right_check_takes_seven_statements(http, parent):
    verify(http, parent)

    with statements() as sent:
        verify(http, parent)

    # 1. whether it is locked; 2. the PIN, 3. the guard, 4. the reservation; 5. the PIN, locked, 6. the guard cleared,
    # 7. the devices' guards
    assert len(sent) == 7, sent.all


def test_a_locked_check_takes_one_statement(http, parent):
    for _ in range(5):
        verify(http, parent, WRONG)

    with statements() as sent:
        verify(http, parent)

    assert len(sent) == 1, sent.all
    assert sent.applications == ["sandglass-hotpath"]  # and no thread of its own


@pytest.mark.parametrize("pin", sorted(COMMON))
def test_the_most_common_pins_are_refused(http, pin):
    refused = (422, {"detail": TOO_COMMON, "code": "invalid"})
    first, fresh = make_parent(), parent_with_pin(password=PASSWORD)

    assert status_and_body(set_pin(http, first, new_pin=pin)) == refused
    assert status_and_body(set_pin(http, fresh, new_pin=pin, current_pin=PIN)) == refused
    assert status_and_body(reset(http, fresh, password=PASSWORD, new_pin=pin)) == refused

    assert not Pin.objects.filter(user=first.user).exists()
    assert verify(http, fresh).status_code == 200


def test_there_are_twenty():
    assert len(COMMON) == 20


def test_a_common_pin_of_before_keeps_working(http):
    parent = parent_with_pin("1234")

    assert verify(http, parent, "1234").status_code == 200
    assert status_and_body(set_pin(http, parent, new_pin="8024", current_pin="1234")) == DONE
