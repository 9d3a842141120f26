"""PIN checks are counted by what became of them, and those that wait for a thread are known."""

import threading

import pytest

from parental.accounts.bounded_thread import BoundedThread
from tests.parental.homes import PIN, make_home
from tests.perfmetrics.counted import Counted
from tests.races import until

VERIFY = "/api/v1/parental-controls/pin/verify"


@pytest.fixture
def counted(server):
    return Counted()


def test_checks_are_counted_by_outcome(http, quick_hashes, no_waiting, counted):
    home = make_home()

    def verify(pin):
        return http.post(VERIFY, json={"pin": pin}, headers=home.parent.headers).status_code

    assert verify(PIN) == 400
    home.set_pin()
    assert verify(PIN) == 200
    assert [verify("0000") for _ in range(5)] == [403] * 5
    assert verify(PIN) == 403

    assert counted.of("pin_checks_total") == {"none_set": 1, "right": 1, "wrong": 5, "locked": 1}


def test_checks_that_break_are_failures(http, quick_hashes, no_waiting, counted, monkeypatch):
    home = make_home()
    home.set_pin()
    monkeypatch.setattr("parental.pins.guards.begin_try", None)

    answer = http.post(VERIFY, json={"pin": PIN}, headers=home.parent.headers)

    assert answer.status_code == 500
    assert counted.of("pin_checks_total") == {"failed": 1}
    assert counted["failures_total",] == 1


def test_waiting_ones_are_those_without_a_thread():
    executor, go_on = BoundedThread("test", full="full"), threading.Event()
    with executor.place():
        assert executor.waiting() == 0
    jobs = []
    for n in range(4):
        with executor.place() as place:
            jobs.append(place.submit(go_on.wait, 30))
        until(lambda expected=n: executor.waiting() == expected)
    go_on.set()
    for job in jobs:
        job.result()
    executor.stop()

    assert executor.waiting() == 0
