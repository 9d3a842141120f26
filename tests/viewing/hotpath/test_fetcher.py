"""What is missing from a cache is read together, with little delay and only where that gathers more."""

import asyncio
import threading

import pytest

from viewing.hotpath import lookup, threads
from viewing.hotpath.lookup import GATHERED_KEYS, Fetcher

SLEEP = asyncio.sleep


class Reads:
    """Instead of the database thread: a read ends when the test says so, and finds nothing. Pauses as well."""

    def __init__(self):
        self.batches = []
        self.pauses = []
        self._under_way = None
        self._thread = threading.get_ident()

    def run(self, _read, keys, **_how):
        self.batches.append([id_ for _, id_ in keys])
        self._under_way = asyncio.get_running_loop().create_future()
        return self._under_way

    def end(self):
        self._under_way.set_result({})

    async def pause(self, seconds):
        if threading.get_ident() != self._thread:  # the tests' server, which runs in this process
            await SLEEP(seconds)
            return
        self.pauses.append(seconds)
        self._under_way = asyncio.get_running_loop().create_future()
        await self._under_way


@pytest.fixture
def reads(monkeypatch):
    found = Reads()
    monkeypatch.setattr(threads, "reads", found)
    monkeypatch.setattr(lookup, "_fetchers", [])
    monkeypatch.setattr(lookup.asyncio, "sleep", found.pause)
    return found


async def others_run():
    """Whatever can go on does."""
    for _ in range(20):
        resumed = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(resumed.set_result, None)
        await resumed


def begin(fetcher, ids):
    return [asyncio.ensure_future(fetcher.fetch([("titles", id_)])) for id_ in ids]


def test_a_first_key_is_read_immediately(reads):
    async def scene():
        waiting = begin(Fetcher(dict), "a")
        await others_run()
        assert reads.batches == [["a"]]
        reads.end()
        await asyncio.gather(*waiting)

    asyncio.run(scene())
    assert reads.pauses == []


def test_a_few_keys_that_came_during_a_read_wait_for_more(reads):
    async def scene():
        fetcher = Fetcher(dict)
        waiting = begin(fetcher, "a")
        await others_run()
        waiting += begin(fetcher, "bc")
        await others_run()
        reads.end()
        await others_run()
        assert reads.pauses == [lookup.GATHER_SECONDS]
        waiting += begin(fetcher, "d")
        await others_run()
        assert reads.batches == [["a"]]
        reads.end()  # the pause
        await others_run()
        assert reads.batches == [["a"], ["b", "c", "d"]]
        reads.end()
        await asyncio.gather(*waiting)

    asyncio.run(scene())


def test_many_keys_that_came_during_a_read_wait_no_longer(reads):
    many = [str(n) for n in range(GATHERED_KEYS)]

    async def scene():
        fetcher = Fetcher(dict)
        waiting = begin(fetcher, "a")
        await others_run()
        waiting += begin(fetcher, many)
        await others_run()
        reads.end()
        await others_run()
        assert reads.batches == [["a"], many]
        reads.end()
        await asyncio.gather(*waiting)

    asyncio.run(scene())
    assert reads.pauses == []
