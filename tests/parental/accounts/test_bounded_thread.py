"""The executor of bcrypt: one at a time, eight waiting, lowest priority."""

import asyncio
import os
import threading

import pytest

from parental.accounts.bounded_thread import BoundedThread
from tests.races import until_in_loop
from viewing.errors import Refusal


@pytest.fixture
def executor():
    executor = BoundedThread("test", full="Too many")
    yield executor
    executor.stop()


class Gate:
    """Calls that wait until they are let through, and how many of them ran at once."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.running = 0
        self.most = 0
        self.lock = threading.Lock()

    def __call__(self) -> int:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.open.wait(10)
        with self.lock:
            self.running -= 1
        return self.most


def test_gives_the_result_or_the_error(executor):
    async def scenario():
        assert await executor.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await executor.run(divmod, 1, 0)

    asyncio.run(scenario())


def test_one_runs_eight_wait_and_the_tenth_is_refused(executor):
    async def scenario():
        gate = Gate()
        tasks = [asyncio.create_task(executor.run(gate)) for _ in range(9)]
        await until_in_loop(lambda: gate.running == 1)
        with pytest.raises(Refusal) as refused:
            await executor.run(gate)
        gate.open.set()
        assert await asyncio.gather(*tasks)
        assert gate.most == 1
        return refused.value

    refusal = asyncio.run(scenario())

    assert (refusal.code, refusal.detail, refusal.headers) == ("rate_limited", "Too many", {"Retry-After": "1"})


def test_a_client_that_goes_away_keeps_the_place_of_what_runs_only(executor):
    async def scenario():
        gate = Gate()
        tasks = [asyncio.create_task(executor.run(gate)) for _ in range(9)]
        await until_in_loop(lambda: gate.running == 1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        more = [asyncio.create_task(executor.run(gate)) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await executor.run(gate)
        gate.open.set()
        await asyncio.gather(*more)
        await until_in_loop(lambda: gate.running == 0)
        # Everything was given back, the refused one's place too.
        assert len(await asyncio.gather(*(executor.run(gate) for _ in range(9)))) == 9

    asyncio.run(scenario())


def test_a_place_that_is_not_used_is_given_back(executor):
    for _ in range(20):
        with pytest.raises(KeyError), executor.place():
            raise KeyError


def test_the_loop_runs_while_a_call_runs(executor):
    async def scenario():
        gate = Gate()
        task = asyncio.create_task(executor.run(gate))
        await until_in_loop(lambda: gate.running == 1)
        gate.open.set()
        return await task

    assert asyncio.run(scenario()) == 1


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no priorities here")
def test_its_threads_have_the_lowest_priority(executor):
    def priorities():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert asyncio.run(executor.run(priorities)) == 19
    assert priorities() < 19


def test_it_works_where_priorities_are_refused(executor, monkeypatch):
    def refuse(*args):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)

    assert asyncio.run(executor.run(abs, -1)) == 1


def test_stop_waits_for_what_runs_and_drops_what_waits(executor):
    async def scenario():
        gate = Gate()
        tasks = [asyncio.create_task(executor.run(gate)) for _ in range(5)]
        await until_in_loop(lambda: gate.running == 1)
        asyncio.get_running_loop().call_later(0.05, gate.open.set)
        await asyncio.to_thread(executor.stop)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[:1] == [1]
        assert all(isinstance(result, asyncio.CancelledError) for result in results[1:])
        assert not [thread for thread in threading.enumerate() if thread.name == "test"]
        assert await executor.run(abs, -1) == 1  # starts again

    asyncio.run(scenario())


def test_stop_without_a_start(executor):
    executor.stop()
    executor.stop()
