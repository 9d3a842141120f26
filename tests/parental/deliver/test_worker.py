"""The deliverer's turns: how fast it sends, and what a database that is away or a defect of ours does to it."""

import pytest
from django.db import OperationalError

from parental.deliver import results
from parental.deliver.outcomes import Answer
from parental.deliver.results import Claim
from parental.deliver.worker import Budget, Deliverer

ANSWER = Answer(status=200)


def test_a_rate_holds_and_a_second_of_it_is_saved_up():
    now = [0.0]
    budget = Budget(10, most=10, clock=lambda: now[0])
    assert budget.left() == 10

    budget.spend(10)
    assert budget.left() == 0
    now[0] += 0.25
    assert budget.left() == 2
    now[0] += 3600
    assert budget.left() == 10


def test_a_rate_below_one_a_second_adds_up():
    now = [0.0]
    budget = Budget(0.5, most=5, clock=lambda: now[0])
    budget.spend(5)

    now[0] += 1
    assert budget.left() == 0
    now[0] += 1
    assert budget.left() == 1


@pytest.fixture
def deliverer():
    made = Deliverer()
    yield made
    made.pool.close()


def take_in(deliverer, *ids):
    for id_ in ids:
        deliverer._sending += 1
        deliverer._results.put((Claim(id_, "webhook", 1, None, None), ANSWER))


def test_results_wait_while_the_database_is_away(deliverer, monkeypatch):
    written, is_away = [], True

    def write(claim, answer, *, now):
        if is_away:
            raise OperationalError
        written.append(claim.id)

    monkeypatch.setattr(results, "write", write)
    take_in(deliverer, 1, 2)
    with pytest.raises(OperationalError):
        deliverer._write_results()
    assert (written, deliverer._sending) == ([], 2)

    is_away = False
    deliverer._write_results()

    assert (written, deliverer._sending) == ([1, 2], 0)


def test_a_result_that_cannot_be_written_stops_no_other(deliverer, monkeypatch, events):
    written = []

    def write(claim, answer, *, now):
        if claim.id == 1:
            raise ZeroDivisionError
        written.append(claim.id)

    monkeypatch.setattr(results, "write", write)
    take_in(deliverer, 1, 2)

    deliverer._write_results()

    assert (written, deliverer._sending) == ([2], 0)
    assert [line["delivery_id"] for line in events("result_not_written")] == [1]
