"""What runs in the background starts in the order of one list, and stops in the opposite one."""

import asyncio

import pytest

from config.server import lifespan


class Recorded:
    """Parts that note what is asked of them."""

    def __init__(self):
        self.calls = []

    def part(self, name, *, start=None, stop=None):
        async def on_start():
            self.calls.append(f"start {name}")
            if start:
                raise start

        async def on_stop():
            self.calls.append(f"stop {name}")
            if stop:
                raise stop

        return lifespan.Part(name, on_start, on_stop)


@pytest.fixture
def recorded(monkeypatch):
    monkeypatch.setattr(lifespan, "_spare_the_collector", lambda: None)
    return Recorded()


def test_parts_stop_in_the_opposite_order(recorded, monkeypatch):
    monkeypatch.setattr(lifespan, "PARTS", (recorded.part("a"), recorded.part("b")))

    asyncio.run(lifespan.start())
    asyncio.run(lifespan.stop())

    assert recorded.calls == ["start a", "start b", "stop b", "stop a"]


def test_a_part_that_cannot_start_ends_the_start_and_those_before_it_stop(recorded, monkeypatch):
    broken = recorded.part("b", start=RuntimeError("no"))
    monkeypatch.setattr(lifespan, "PARTS", (recorded.part("a"), broken, recorded.part("c")))

    with pytest.raises(RuntimeError, match="no"):
        asyncio.run(lifespan.start())

    assert recorded.calls == ["start a", "start b", "stop a"]


def test_a_part_that_cannot_stop_keeps_none_from_it(recorded, monkeypatch, events):
    broken = recorded.part("b", stop=RuntimeError("no"))
    monkeypatch.setattr(lifespan, "PARTS", (recorded.part("a"), broken))

    asyncio.run(lifespan.stop())

    assert recorded.calls == ["stop b", "stop a"]
    assert [event["part"] for event in events("stop_failed")] == ["b"]


def test_the_writer_commits_before_the_connections_close():
    names = [part.name for part in lifespan.PARTS]

    assert names.index("connections") < names.index("writer") < names.index("listener")
