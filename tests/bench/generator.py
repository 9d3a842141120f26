"""A load that takes little of the machine itself: requests made beforehand, answers read no further than needed.

`tests/load.py` speaks through asyncio's streams and Python's JSON at some 150 µs a beat; this takes a tenth of it. All
beats of a player have one length, so that a request is three joins: the session's id is always there (nil before the
first answer) and the sequence always has eight digits.
"""

import asyncio
import gc
import itertools
import json
import math
import random
import resource
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from tests.bench.wire import Wire, close, connect

NIL = b"00000000-0000-0000-0000-000000000000"
FIRST_SEQUENCE = 10_000_000
SEQUENCE = b"@@@@@@@@"
BEAT_SECONDS = 30
# How long an open loop waits for answers after its end, and the status of what it waited for in vain.
PATIENCE_SECONDS = 10
UNANSWERED = -1


@dataclass
class Figures:
    """What a load saw. `latencies` in seconds: of a closed loop from the send, of an open one from when it was due."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    beats: int = 0
    seconds: float = 0
    # Of this process, in seconds of CPU.
    own: float = 0

    def rate(self) -> float:
        return self.beats / self.seconds

    def quantile_ms(self, quantile: float) -> float:
        """Infinite where nothing was answered."""
        if not self.latencies:
            return math.inf
        return sorted(self.latencies)[int(len(self.latencies) * quantile)] * 1000

    def share(self, cores: int) -> float:
        """The load's own part of the machine, 0 … 1."""
        return self.own / self.seconds / cores


def median_ms(runs: list[Figures], quantile: float) -> float:
    return statistics.median(run.quantile_ms(quantile) for run in runs)


class Beats:
    """One player's requests."""

    __slots__ = ("before", "between", "sequence", "session")

    def __init__(self, host: str, player: Any) -> None:
        body = json.dumps(player.body(session_id=NIL.decode(), sequence=FIRST_SEQUENCE)).encode()
        before, between = body.split(NIL)
        between = between.replace(b"%d" % FIRST_SEQUENCE, SEQUENCE)
        head = (
            f"POST /api/v1/viewing-time/heartbeat HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {player.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        self.before = head + before
        self.between = between.removesuffix(SEQUENCE + b"}")
        self.session = NIL
        self.sequence = FIRST_SEQUENCE

    def request(self) -> bytes:
        self.sequence += 1
        return b"%b%b%b%d}" % (self.before, self.session, self.between, self.sequence)

    def answered(self, body: bytes) -> int:
        """Reads the session's id, which comes first in an answer; the number of beats answered."""
        at = body.index(b'"', 13) + 1
        self.session = body[at : at + 36]
        return 1


class Bulk:
    """One gateway's requests: the next beat of each of its players."""

    def __init__(self, host: str, gateway: Any, players: list[Any]) -> None:
        self._players, self._gateway, self._host = players, gateway, host
        self._make([None] * len(players))
        self.sequence = FIRST_SEQUENCE

    def _make(self, sessions: list[str | None]) -> None:
        beats = [
            player.body(session_id=session, sequence=FIRST_SEQUENCE)
            for player, session in zip(self._players, sessions, strict=True)
        ]
        body = json.dumps({"heartbeats": beats}).encode()
        self._template = (
            f"POST /api/v1/viewing-time/heartbeats HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer "
            f"{self._gateway.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body.replace(b"%d" % FIRST_SEQUENCE, SEQUENCE)

    def request(self) -> bytes:
        self.sequence += 1
        return self._template.replace(SEQUENCE, b"%d" % self.sequence)

    def answered(self, body: bytes) -> int:
        if self.sequence == FIRST_SEQUENCE + 1:  # the first: the sessions go on
            self._make([result["body"]["session_id"] for result in json.loads(body)["results"]])
        return body.count(b'"status":200')


async def closed_loop(
    url: str, sources: list[Any], *, requests_each: int = 10**9, stop: asyncio.Event | None = None
) -> Figures:
    """A connection a source, each sending its requests one after the other, as fast as they are answered.

    With `stop` set, each ends after the answer that it waits for.
    """
    figures, left = Figures(), {id(source): requests_each for source in sources}
    ended, running = asyncio.Event(), len(sources)

    def done(wire: Wire, status: int, body: bytes) -> None:
        nonlocal running
        now = time.perf_counter()
        if wire.source is None:
            return
        _count(figures, wire, status, body, now)
        left[id(wire.source)] -= 1
        if status and left[id(wire.source)] and not (stop and stop.is_set()):
            wire.send(wire.source, now)
            return
        wire.source = None
        running -= 1
        if running == 0:
            ended.set()

    wires = [await connect(host_of(url), done) for _ in sources]
    with _measured(figures):
        for wire, source in zip(wires, sources, strict=True):
            wire.send(source, time.perf_counter())
        await ended.wait()
    close(wires)
    return figures


class Pool:
    """Connections that many sources share; a request that finds none free waits."""

    def __init__(self) -> None:
        self.figures = Figures()
        # Used in turn: one that is idle for long is closed by the service.
        self.free = deque[Wire]()
        self._waiting = deque[tuple[Any, float]]()
        self._unanswered = 0
        self.is_idle = asyncio.Event()
        self.is_idle.set()

    def send(self, source: Any, due: float) -> None:
        self._unanswered += 1
        self.is_idle.clear()
        if self.free:
            self.free.popleft().send(source, due)
        else:
            self._waiting.append((source, due))

    def done(self, wire: Wire, status: int, body: bytes) -> None:
        if wire.source is None:
            if wire in self.free:
                self.free.remove(wire)  # closed while it was idle
            return
        _count(self.figures, wire, status, body, time.perf_counter())
        wire.source = None
        self._unanswered -= 1
        if self._unanswered == 0:
            self.is_idle.set()
        if status and self._waiting:
            wire.send(*self._waiting.popleft())
        elif status:
            self.free.append(wire)

    def give_up(self) -> None:
        self.figures.statuses[UNANSWERED] = self._unanswered


async def each_once(url: str, sources: list[Any], *, connections: int) -> Figures:
    """One request of every source, as fast as they are answered."""
    pool = Pool()
    wires = [await connect(host_of(url), pool.done) for _ in range(connections)]
    pool.free.extend(wires)
    with _measured(pool.figures):
        for source in sources:
            pool.send(source, time.perf_counter())
        await pool.is_idle.wait()
    close(wires)
    return pool.figures


async def open_loop(url: str, sources: list[Any], *, connections: int, seconds: float) -> Figures:
    """Every source sends every 30 s, at moments of its own spread over them, whether or not the service keeps up.

    Over a pool of connections, as a proxy in front of the service would have: no one machine has room for a socket
    per player. A beat that finds none free waits, and its latency counts from when it was due.
    """
    pool = Pool()
    wires = [await connect(host_of(url), pool.done) for _ in range(connections)]
    pool.free.extend(wires)
    with _measured(pool.figures):
        await _send_at_pace(pool, sources, seconds)
        try:
            await asyncio.wait_for(pool.is_idle.wait(), PATIENCE_SECONDS)
        except TimeoutError:
            pool.give_up()
    close(wires)
    return pool.figures


async def _send_at_pace(pool: Pool, sources: list[Any], seconds: float) -> None:
    offsets = sorted(random.uniform(0, BEAT_SECONDS) for _ in sources)
    started = time.perf_counter()
    for n in itertools.count():
        offset = n // len(sources) * BEAT_SECONDS + offsets[n % len(sources)]
        if offset > seconds:
            break
        if (ahead := started + offset - time.perf_counter()) > 0:
            await asyncio.sleep(max(ahead, 0.001))
        pool.send(sources[n % len(sources)], started + offset)


def _count(figures: Figures, wire: Wire, status: int, body: bytes, now: float) -> None:
    figures.latencies.append(now - wire.since)
    figures.statuses[status] += 1
    if status == 200:
        figures.beats += wire.source.answered(body)


@contextmanager
def _measured(figures: Figures) -> Iterator[None]:
    gc.collect()
    gc.disable()
    own, started = _cpu_seconds(), time.perf_counter()
    try:
        yield
    finally:
        gc.enable()
        figures.seconds, figures.own = time.perf_counter() - started, _cpu_seconds() - own


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(load: Any) -> Figures:
    figures: Figures = uvloop.run(load)
    return figures


def host_of(url: str) -> str:
    return urlsplit(url).netloc
