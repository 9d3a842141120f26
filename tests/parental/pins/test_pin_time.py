"""How long an answer to a PIN takes: 200 ms at least, whatever it is, and at nobody else's cost."""

import asyncio
import threading

import pytest

from config.server import lifespan
from parental.pins import pins
from tests.parental.cast import PASSWORD
from tests.parental.pin_cast import PIN, WRONG, lock, parent_with_pin, set_pin, verify
from tests.races import PATIENCE_SECONDS

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def parent(server, quick_hashes):
    return parent_with_pin(password=PASSWORD)


def seconds(answer):
    """What it took by the server's own measure. Nothing is measured from above: a busy machine may take long."""
    return float(answer.headers["X-Process-Time"])


def test_right_wrong_and_locked_take_200_ms_though_the_hash_takes_one(http, parent):
    assert seconds(verify(http, parent)) >= 0.2
    assert seconds(verify(http, parent, WRONG)) >= 0.2
    assert seconds(set_pin(http, parent, new_pin="8024", current_pin=WRONG)) >= 0.2
    verify(http, parent)
    lock(http, parent)
    assert seconds(verify(http, parent)) >= 0.2
    assert seconds(set_pin(http, parent, new_pin="8024", current_pin=PIN)) >= 0.2


class Watch:
    """A clock that only moves by what was slept, unless a test sets it otherwise."""

    def __init__(self, monkeypatch, *, early=0.0):
        self.now = 1000.0
        self.early = early
        self.slept = []
        monkeypatch.setattr(pins, "monotonic", lambda: self.now)
        monkeypatch.setattr(pins, "sleep", self.sleep)

    async def sleep(self, length):
        self.slept.append(length)
        self.now += length - self.early
        self.early = 0


def run(watch, *, work):
    async def scenario():
        async with pins._at_least(0.2):
            watch.now += work

    asyncio.run(scenario())


def test_only_the_rest_is_waited_for(monkeypatch):
    watch = Watch(monkeypatch)
    run(watch, work=0.15)
    assert watch.slept == [pytest.approx(0.05)]


def test_nothing_is_added_to_what_took_longer(monkeypatch):
    watch = Watch(monkeypatch)
    run(watch, work=0.25)
    assert watch.slept == []


def test_a_loop_that_wakes_early_waits_again(monkeypatch):
    watch = Watch(monkeypatch, early=0.001)
    run(watch, work=0.1)
    assert watch.slept == [pytest.approx(0.1), pytest.approx(0.001)]


def test_waiting_holds_up_no_other_request(server, http, parent, monkeypatch):
    """While a check waits for its 200 ms, here for as long as we like, others are answered."""
    waits, may_end = threading.Event(), threading.Event()

    async def sleep(length):
        waits.set()
        while not may_end.is_set():
            await asyncio.sleep(0.005)

    monkeypatch.setattr(pins, "sleep", sleep)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(verify(http, parent)))
    thread.start()
    try:
        assert waits.wait(PATIENCE_SECONDS)  # for a thread of the lowest priority
        assert http.get("/api/v1/auth/me", headers=parent.headers).status_code == 200
        assert not answers
    finally:
        may_end.set()
        thread.join()
    assert answers[0].status_code == 200


def test_the_servers_end_stops_its_thread(monkeypatch):
    stopped = []
    monkeypatch.setattr(pins.executor, "stop", lambda: stopped.append("pins"))

    asyncio.run(lifespan._stop_executors())

    assert stopped == ["pins"]
