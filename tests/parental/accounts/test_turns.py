"""Whose turn it is: nobody's calls wait behind all of somebody else's, and some places are kept."""

import threading
from contextlib import ExitStack

import pytest

from parental.accounts.bounded_thread import FRESH_PLACES, KNOWN_PLACES, MAX_PLACES_EACH, PLACES, BoundedThread
from parental.accounts.turns import Client, Job, Turns
from viewing.errors import Refusal


@pytest.fixture
def executor():
    executor = BoundedThread("test", full="Too many")
    yield executor
    executor.stop()


def order_of(*clients):
    """The order in which clients that came in this one are served."""
    turns = Turns()
    for client in clients:
        turns.put(Job(client, print))
    return [job.client for job in iter(turns.take, None)]


def test_subjects_have_turns():
    greedy, other = Client("a"), Client("b")

    assert order_of(greedy, greedy, greedy, other) == [greedy, other, greedy, greedy]


def test_sources_have_turns_whatever_they_try():
    greedy, owner = [Client(f"guess {n}", "1.1.1.1") for n in range(3)], Client("owner", "2.2.2.2")

    assert order_of(*greedy, owner) == [greedy[0], owner, *greedy[1:]]


def test_subjects_of_one_source_have_turns_too():
    child, parent = Client("device", "family"), Client("parent", "family")

    assert order_of(child, child, parent) == [child, parent, child]


def test_known_clients_and_strangers_have_turns():
    strangers, known = [Client(n) for n in range(3)], [Client(n, is_known=True) for n in range(2)]

    assert order_of(*strangers, *known) == [known[0], strangers[0], known[1], *strangers[1:]]


def test_a_job_that_was_removed_has_no_turn():
    turns = Turns()
    jobs = [Job(Client(n % 2), print) for n in range(4)]
    for job in jobs:
        turns.put(job)

    for job in (jobs[0], jobs[1], jobs[3], jobs[3]):
        turns.remove(job)

    assert len(turns) == 1
    assert [turns.take(), turns.take()] == [jobs[2], None]


def admitted(executor, clients):
    """How many of these clients get a place, one after the other."""
    count = 0
    with ExitStack() as stack:
        for client in clients:
            try:
                stack.enter_context(executor.place(client))
            except Refusal:
                continue
            count += 1
    return count


def test_one_client_gets_a_few_places_only(executor):
    assert admitted(executor, [Client("a")] * 100) == MAX_PLACES_EACH
    assert admitted(executor, [Client(n, "1.1.1.1") for n in range(100)]) == MAX_PLACES_EACH
    assert admitted(executor, [Client("a", is_known=True)] * 100) == MAX_PLACES_EACH


def test_who_has_no_place_gets_one_beside_three_greedy_ones(executor):
    greedy = [Client(n % 3) for n in range(99)]
    fresh = [Client(f"fresh {n}") for n in range(99)]

    assert admitted(executor, greedy) == PLACES
    assert admitted(executor, greedy + fresh) == PLACES + FRESH_PLACES


def test_known_clients_have_places_that_strangers_cannot_take(executor):
    strangers = [Client(n) for n in range(99)]
    known = [Client(n, is_known=True) for n in range(99)]

    assert admitted(executor, strangers + known) == PLACES + FRESH_PLACES + KNOWN_PLACES
    assert admitted(executor, known) == PLACES + FRESH_PLACES + KNOWN_PLACES
    assert admitted(executor, [*known, Client(999)]) == PLACES + FRESH_PLACES + KNOWN_PLACES + 1


def test_every_place_is_given_back(executor):
    for _ in range(3):
        assert admitted(executor, [Client(n) for n in range(99)]) == PLACES + FRESH_PLACES


def test_clients_that_go_away_while_they_wait_leave_nothing_behind(executor):
    running, go_on = threading.Event(), threading.Event()

    def hold():
        running.set()
        go_on.wait(30)

    with executor.place(Client("slow")) as place:
        slow = place.submit(hold)
    assert running.wait(30)
    for n in range(1000):
        with executor.place(Client(n)) as place:
            assert place.submit(print).cancel()
    assert executor.waiting() == 0
    go_on.set()
    slow.result(30)
