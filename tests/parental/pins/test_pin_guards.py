"""How tries are counted while others are under way: by their number, in the order in which they were reserved."""

import collections
from concurrent.futures import Future
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from parental.models import PinGuard
from parental.pins import guards
from tests.parental.pin_cast import as_caller, device_of, guard_of, parent_with_pin
from tests.races import in_parallel
from viewing.errors import Refusal

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def parent(committed, quick_hashes):
    return parent_with_pin()


@pytest.fixture
def caller(parent):
    return as_caller(parent)


class Unhurried:
    """Replaces the executor: nothing is compared, and places are endless unless `full`."""

    is_full = False

    def place(self, _client):
        if self.is_full:
            raise Refusal("rate_limited", "full")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def submit(self, function, *args):
        return Future()


@pytest.fixture
def begin(clock):
    def begin(caller, executor=None):
        return guards.begin_try(caller, "0000", executor=executor or Unhurried(), now=clock.now)

    return begin


def in_a_row(parent):
    guard = guard_of(parent)
    return guard.reserved - guard.cleared


def test_a_right_one_clears_those_before_it_and_not_those_after(parent, caller, begin):
    tries = [begin(caller) for _ in range(4)]

    guards.succeed(caller, tries[1], now=timezone.now())

    assert in_a_row(parent) == 2
    guards.succeed(caller, tries[0], now=timezone.now())  # answered later, tried before
    assert in_a_row(parent) == 2


def test_any_of_five_under_way_may_be_right(parent, caller, begin):
    for n in range(5):
        tries = [begin(caller) for _ in range(5)]
        with pytest.raises(Refusal, match="locked"):
            begin(caller)

        guards.succeed(caller, tries[n], now=timezone.now())

        assert guard_of(parent).locked_until is None
        assert in_a_row(parent) == 4 - n
        guards.succeed(caller, begin(caller), now=timezone.now())
        assert in_a_row(parent) == 0


def test_a_lockout_that_was_lifted_is_none_of_the_days_three(caller, parent, begin):
    for _ in range(3):
        tries = [begin(caller) for _ in range(5)]
        guards.succeed(caller, tries[-1], now=timezone.now())

    for _ in range(5):
        begin(caller)
    assert guard_of(parent).locked_until < guards.FOR_GOOD


def test_one_right_before_a_lockout_ended_does_not_lift_the_next(caller, parent, begin, clock):
    late = [begin(caller) for _ in range(5)][2]
    clock.forward(minutes=30)
    for _ in range(5):
        begin(caller)

    guards.succeed(caller, late, now=timezone.now())

    assert guard_of(parent).locked_until == clock.now + timedelta(minutes=30)


def test_a_try_that_found_no_place_was_none(parent, caller, begin):
    full = Unhurried()
    full.is_full = True
    with pytest.raises(Refusal, match="full"):
        begin(caller, full)
    assert not PinGuard.objects.filter(user=parent.user).exists()
    for _ in range(4):
        begin(caller)

    with pytest.raises(Refusal, match="full"):
        begin(caller, full)

    assert guard_of(parent).locked_until is None
    assert in_a_row(parent) == 4


def outcomes(count, call):
    """Of calls in parallel: what each returned, or was refused with."""

    def run(n):
        try:
            return call(n)
        except Refusal as refusal:
            return refusal.detail

    return in_parallel(count, run)


@pytest.mark.parametrize("kind", ["parent", "device"])
def test_five_of_30_parallel_attempts_are_reserved(parent, begin, kind, clock):
    caller = as_caller(parent) if kind == "parent" else device_of(parent)

    results = outcomes(30, lambda n: begin(caller).number)

    locked = "PIN locked due to too many failed attempts"
    assert collections.Counter(results) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, locked: 25}


def test_after_a_lockout_five_of_30_parallel_attempts_are_reserved(parent, caller, begin, clock):
    for _ in range(5):
        begin(caller)
    clock.forward(minutes=30)

    results = outcomes(30, lambda n: begin(caller).number)

    assert sorted(result for result in results if isinstance(result, int)) == [6, 7, 8, 9, 10]
    guard = guard_of(parent)
    assert guard.lockout_at == clock.now - timedelta(minutes=30)
    assert guard.lockout_before_at is None


def test_parallel_right_ones_and_reservations_neither_block_nor_break_each_other(parent, caller, begin):
    device = device_of(parent)

    def right(n):
        whose = device if n % 2 else caller
        return guards.succeed(whose, begin(whose), now=timezone.now()) is not None

    results = outcomes(12, right)

    assert set(results) <= {True, "PIN locked due to too many failed attempts"}
    assert in_a_row(parent) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"reserved": 5},
        {"reserved": 6},
        {"reserved": 1, "cleared": 2},
        {"reserved": 1, "locked_until": guards.FOR_GOOD},
        {"reserved": 6, "locked_until": guards.FOR_GOOD},
    ],
)
def test_the_database_holds_the_rule_of_five(parent, wrong):
    with pytest.raises(IntegrityError, match="pin_guard_locks_at_five"), transaction.atomic():
        PinGuard.objects.create(user=parent.user, **wrong)


def test_the_database_holds_one_guard_a_caller(parent):
    PinGuard.objects.create(user=parent.user)

    with pytest.raises(IntegrityError, match="pin_guard_uniq"), transaction.atomic():
        PinGuard.objects.create(user=parent.user)


def test_guards_are_found_by_index(parent, caller, begin):
    begin(caller)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO parental_user (id, email, password, is_active, is_staff, is_superuser, date_joined)"
            " SELECT gen_random_uuid(), 'guard' || n || '@example.com', '!', true, false, false, now()"
            " FROM generate_series(1, 10000) n"
        )
        cursor.execute(
            "INSERT INTO parental_pinguard (user_id, reserved, cleared)"
            " SELECT id, 1, 0 FROM parental_user WHERE email LIKE 'guard%'"
        )
        cursor.execute("ANALYZE parental_pinguard")
        mine = PinGuard.objects.filter(user_id=parent.user.id, player_token_id=None)
        devices = PinGuard.objects.filter(user_id=parent.user.id, player_token__isnull=False)
        plans = [mine.explain(), devices.explain(), PinGuard.objects.filter(user_id=parent.user.id).explain()]
        transaction.set_rollback(True)

    assert all("pin_guard_uniq" in plan and "Seq Scan" not in plan for plan in plans), plans
