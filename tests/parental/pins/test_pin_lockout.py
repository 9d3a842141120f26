"""Five wrong PINs in a row lock for 30 minutes, on every path that takes one."""

from datetime import datetime, timedelta

import pytest

from parental.accounts import passwords
from parental.models import PinGuard
from parental.pins import guards, pins
from tests.http import status_and_body
from tests.parental.cast import PASSWORD, log_in
from tests.parental.pin_cast import (
    CURRENT_INCORRECT,
    INCORRECT,
    LOCKED,
    PIN,
    WRONG,
    guard_of,
    lock,
    parent_with_pin,
    reset,
    set_pin,
    status,
    verify,
)
from tests.parental.queues import full
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("quick_hashes", "no_waiting")


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin(password=PASSWORD)


@pytest.fixture
def clock(clock):
    """At a whole second: times are returned to the millisecond."""
    clock.now = clock.now.replace(microsecond=0)
    return clock


def locked_until(answer):
    assert status_and_body(answer) == LOCKED
    return datetime.fromisoformat(answer.headers["X-Locked-Until"])


def test_the_sixth_is_not_compared_even_when_right(http, parent, clock, compared):
    lock(http, parent)
    clock.forward(minutes=29, seconds=59)

    answer = verify(http, parent)

    assert locked_until(answer) == clock.now + timedelta(seconds=1)
    assert compared == [WRONG] * 5


def test_the_wrong_one_that_locks_says_until_when(http, parent, clock):
    answers = [verify(http, parent, WRONG) for _ in range(5)]

    assert ["X-Locked-Until" in answer.headers for answer in answers] == [False] * 4 + [True]
    assert answers[4].json() == {"detail": "Incorrect PIN", "code": "pin_wrong"}
    assert datetime.fromisoformat(answers[4].headers["X-Locked-Until"]) == clock.now + timedelta(minutes=30)


def test_status_says_how_long_it_is_locked(http, parent, clock):
    assert status(http, parent) == {"has_pin": True, "locked_until": None}
    lock(http, parent)

    until = datetime.fromisoformat(status(http, parent)["locked_until"])

    assert until == locked_until(verify(http, parent)) == clock.now + timedelta(minutes=30)
    clock.forward(minutes=30)
    assert status(http, parent) == {"has_pin": True, "locked_until": None}


def test_a_right_fifth_one_succeeds(http, parent):
    for _ in range(4):
        verify(http, parent, WRONG)

    assert verify(http, parent).status_code == 200
    assert status(http, parent)["locked_until"] is None
    lock(http, parent)


def test_a_right_one_resets_the_count(http, parent):
    for _ in range(3):
        for _ in range(4):
            assert status_and_body(verify(http, parent, WRONG)) == INCORRECT
        assert verify(http, parent).status_code == 200


def test_an_ended_lockout_gives_a_fresh_five(http, parent, clock):
    lock(http, parent)
    clock.forward(minutes=30)

    lock(http, parent)

    assert locked_until(verify(http, parent)) == clock.now + timedelta(minutes=30)


def test_after_an_ended_lockout_the_right_one_works(http, parent, clock):
    lock(http, parent)
    clock.forward(minutes=30)

    assert verify(http, parent).status_code == 200


def test_tries_while_locked_do_not_extend_it(http, parent, clock):
    lock(http, parent)
    clock.forward(minutes=20)
    verify(http, parent, WRONG)
    clock.forward(minutes=10)

    assert verify(http, parent).status_code == 200


def test_wrong_current_pins_are_counted_alike(http, parent, compared):
    answers = [status_and_body(set_pin(http, parent, new_pin="8024", current_pin=WRONG)) for _ in range(50)]

    assert answers == [CURRENT_INCORRECT] * 5 + [LOCKED] * 45
    assert compared == [WRONG] * 5
    assert status_and_body(verify(http, parent)) == LOCKED


def test_all_paths_share_one_count(http, parent):
    for _ in range(2):
        assert status_and_body(verify(http, parent, WRONG)) == INCORRECT
    for _ in range(3):
        assert status_and_body(set_pin(http, parent, new_pin="8024", current_pin=WRONG)) == CURRENT_INCORRECT

    locked_until(set_pin(http, parent, new_pin="8024", current_pin=PIN))
    locked_until(verify(http, log_in(parent.user)))


def test_a_right_current_pin_resets_the_count(http, parent):
    for _ in range(4):
        verify(http, parent, WRONG)
    assert set_pin(http, parent, new_pin="8024", current_pin=PIN).status_code == 200

    lock(http, parent)


def test_a_missing_current_pin_is_no_try(http, parent):
    for _ in range(6):
        assert set_pin(http, parent, new_pin="8024").status_code == 400

    assert verify(http, parent).status_code == 200


def test_other_accounts_are_not_concerned(http, parent):
    lock(http, parent)

    assert verify(http, parent_with_pin()).status_code == 200


def test_a_third_lockout_in_a_day_lasts_until_a_reset(http, parent, clock):
    for _ in range(2):
        lock(http, parent)
        clock.forward(hours=11)
    lock(http, parent)

    assert locked_until(verify(http, parent)) == guards.FOR_GOOD
    assert datetime.fromisoformat(status(http, parent)["locked_until"]) == guards.FOR_GOOD
    clock.forward(days=9)
    fresh = log_in(parent.user)
    assert status_and_body(verify(http, fresh)) == LOCKED
    assert reset(http, fresh, password=PASSWORD, new_pin="8024").status_code == 200
    assert verify(http, fresh, "8024").status_code == 200


def test_a_day_is_counted_from_the_first_of_the_three(http, parent, clock):
    lock(http, parent)
    clock.forward(hours=12)
    lock(http, parent)
    clock.forward(hours=12)

    lock(http, parent)

    assert locked_until(verify(http, parent)) == clock.now + timedelta(minutes=30)
    clock.forward(hours=11)
    lock(http, parent)  # the third since the second one
    assert locked_until(verify(http, parent)) == guards.FOR_GOOD


def test_a_reserved_try_whose_process_died_counts_as_wrong(http, parent, monkeypatch):
    class Died(Exception):
        pass

    def die(*args):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("parental.pins.guards.check_password", die)
        for _ in range(4):
            assert verify(http, parent).status_code == 500
    assert status_and_body(verify(http, parent, WRONG)) == INCORRECT

    assert status_and_body(verify(http, parent)) == LOCKED


def test_the_lock_is_decided_before_the_queue(http, parent):
    lock(http, parent)
    other = parent_with_pin()
    with full(pins.executor):
        locked, refused = verify(http, parent), verify(http, other)

    assert status_and_body(locked) == LOCKED
    assert status_and_body(refused) == (
        429,
        {"detail": "Too many PIN checks are waiting. Try again.", "code": "rate_limited"},
    )
    assert refused.headers["Retry-After"] == "1"
    assert not PinGuard.objects.filter(user=other.user).exists()
    assert verify(http, other).status_code == 200


def test_a_check_without_a_place_takes_one_statement_and_no_thread(http, parent, monkeypatch):
    verify(http, parent)  # from now on the caller is cached
    monkeypatch.setattr("parental.pins.guards.begin_try", None)  # what runs in a thread

    with full(pins.executor), statements() as sent:
        refused = verify(http, parent)

    assert refused.status_code == 429
    assert sent.applications == ["sandglass-hotpath"], sent.all


def test_a_full_queue_takes_no_try_of_a_running_count(http, parent):
    verify(http, parent, WRONG)
    with full(pins.executor):
        assert {verify(http, parent, WRONG).status_code for _ in range(6)} == {429}

    assert guard_of(parent).reserved == 1


def test_pins_and_passwords_have_queues_of_their_own(http, parent):
    with full(passwords.executor):
        assert verify(http, parent).status_code == 200
