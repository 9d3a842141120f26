"""PINs typed on a child's device: a count and lockouts of its own, which only its parent ends for good."""

from datetime import timedelta

import pytest

from parental.models import PinGuard
from parental.pins import guards
from tests.parental import pin_cast
from tests.parental.cast import PASSWORD
from tests.parental.pin_cast import (
    PIN,
    WRONG,
    as_caller,
    device_of,
    lock,
    parent_with_pin,
    reset,
    set_pin,
    status,
    verify,
)
from viewing.errors import Refusal
from viewing.models import Profile

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


class Tried:
    """Someone who tries PINs, at the clock's time."""

    def __init__(self, caller, clock):
        self.caller = caller
        self.clock = clock

    def refused(self, digits=PIN):
        """The refusal; None when right."""
        try:
            pin_cast.check(self.caller, digits, now=self.clock.now)
        except Refusal as refusal:
            return refusal
        return None

    def locked_until(self):
        refusal = self.refused()
        assert refusal.code == "pin_locked"
        return refusal.until

    def lock(self):
        for _ in range(5):
            refusal = self.refused(WRONG)
            assert refusal.code == "pin_wrong"

    def lock_for_good(self):
        for _ in range(2):
            self.lock()
            self.clock.forward(minutes=31)
        self.lock()
        self.clock.forward(days=2)
        assert self.locked_until() == guards.FOR_GOOD


@pytest.fixture
def clock(clock):
    """At a whole second: times are returned to the millisecond."""
    clock.now = clock.now.replace(microsecond=0)
    return clock


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin(password=PASSWORD)


@pytest.fixture
def device(parent, clock):
    return Tried(device_of(parent), clock)


@pytest.fixture
def sister(parent, clock):
    return Tried(device_of(parent), clock)


def test_five_wrong_ones_lock_this_device_alone(http, parent, device, sister, clock):
    device.lock()

    assert device.locked_until() == clock.now + timedelta(minutes=30)
    assert sister.refused() is None
    assert status(http, parent)["locked_until"] is None
    lock(http, parent)  # a full five is left to the parent


def test_a_parents_lockout_leaves_the_devices_alone(http, parent, device):
    lock(http, parent)

    assert device.refused() is None


def test_a_devices_right_one_ends_no_other_lockout(parent, device, sister, clock):
    other = Tried(as_caller(parent), clock)
    device.lock()
    other.lock()

    assert sister.refused() is None

    assert device.locked_until()
    assert other.locked_until()


def test_a_right_one_resets_the_count_and_an_ended_lockout_gives_a_fresh_five(device, clock):
    for _ in range(4):
        device.refused(WRONG)
    assert device.refused() is None
    device.lock()
    clock.forward(minutes=30)
    device.lock()

    assert device.locked_until() == clock.now + timedelta(minutes=30)


PARENTS_PROOFS = {
    "verifies": verify,
    "changes": lambda http, parent: set_pin(http, parent, new_pin=PIN, current_pin=PIN),
    "resets": lambda http, parent: reset(http, parent, password=PASSWORD, new_pin=PIN),
}


@pytest.mark.parametrize("proof", PARENTS_PROOFS)
def test_a_third_lockout_in_a_day_lasts_until_the_parent(http, parent, device, clock, proof):
    device.lock_for_good()

    assert PARENTS_PROOFS[proof](http, parent).status_code == 200

    # A fresh five, and the day's lockouts no longer count.
    device.lock()
    assert device.locked_until() == clock.now + timedelta(minutes=30)
    clock.forward(minutes=30)
    assert device.refused() is None


def test_a_wrong_one_of_the_parent_ends_nothing(parent, device, clock):
    device.lock_for_good()

    assert Tried(as_caller(parent), clock).refused(WRONG)

    assert device.locked_until()


def test_another_parents_right_one_ends_nothing(device, clock):
    device.lock_for_good()

    assert Tried(as_caller(parent_with_pin()), clock).refused() is None

    assert device.locked_until()


def test_the_days_lockouts_survive_a_right_one_on_the_device(device, clock):
    for _ in range(2):
        device.lock()
        clock.forward(minutes=31)
    assert device.refused() is None

    device.lock()

    assert device.locked_until() == guards.FOR_GOOD


def test_the_parent_forgives_lockouts_that_ended_too(http, parent, device, clock):
    for _ in range(2):
        device.lock()
        clock.forward(minutes=30)
    assert device.refused() is None

    verify(http, parent)

    device.lock()
    assert device.locked_until() == clock.now + timedelta(minutes=30)


def test_without_a_pin_there_is_nothing_to_check(parent, device):
    parent.user.pin.delete()

    refusal = device.refused()

    assert refusal.code == "pin_none"


def test_a_profile_deleted_just_now(device):
    Profile.objects.filter(pk=device.caller.profile_id).delete()  # its token may be cached for 60 s

    refusal = device.refused()

    assert refusal.code == "access_denied"


def test_guards_go_with_the_profile(device):
    device.refused(WRONG)
    Profile.objects.filter(pk=device.caller.profile_id).delete()

    assert not PinGuard.objects.filter(player_token=device.caller.token_id).exists()
