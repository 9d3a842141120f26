"""The listener: a connection on which nothing can come any more is noticed, and replaced."""

import asyncio
import threading

import pytest

from tests.races import until_in_loop
from tests.relay import Relay
from viewing.hotpath import listener as module
from viewing.hotpath.listener import Listener


@pytest.fixture
def relay(committed, monkeypatch):
    monkeypatch.setattr(module, "ASK_SECONDS", 0.1)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 2)
    parameters = module._parameters()
    with Relay() as relay:
        there = {**parameters, "host": "127.0.0.1", "port": relay.port, "connect_timeout": 2}
        monkeypatch.setattr(module, "_parameters", lambda: there)
        yield relay


@pytest.mark.parametrize("fault", ["closed", "blackholed"])
def test_a_connection_that_carries_nothing_is_noticed_and_caches_are_cleared(relay, monkeypatch, fault):
    cleared = []
    monkeypatch.setattr(module.lookup, "invalidate_all", lambda: cleared.append(1))

    async def scenario():
        listener = Listener()
        await listener.start(wait_seconds=30)
        assert listener.is_listening()
        heard_at = listener.heard_at
        await until_in_loop(lambda: listener.heard_at > heard_at)  # it asks, and is answered

        relay.cut() if fault == "closed" else relay.pause()
        await until_in_loop(lambda: not listener.is_listening())
        relay.open() if fault == "closed" else relay.resume()
        await until_in_loop(listener.is_listening)
        await listener.stop()

    asyncio.run(scenario())

    assert len(cleared) == 2


def test_what_comes_while_it_asks_is_heard(relay, monkeypatch):
    heard = []

    def hear(payload):
        # The server of other tests, in a thread of this process, listens too.
        if threading.current_thread() is threading.main_thread():
            heard.append(payload)

    monkeypatch.setattr(module, "_hear", hear)

    async def scenario():
        listener = Listener()
        await listener.start(wait_seconds=30)
        sender = await module.psycopg.AsyncConnection.connect(**module._parameters())
        for n in range(100):
            await sender.execute("SELECT pg_notify(%s, %s)", [module.invalidation.CHANNEL, str(n)])
            await asyncio.sleep(0.005)
        await until_in_loop(lambda: "99" in heard)
        await sender.close()
        await listener.stop()

    asyncio.run(scenario())

    assert [payload for payload in heard if payload.isdigit()] == [str(n) for n in range(100)]
