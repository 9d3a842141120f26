"""What PIN checks cost the players: the p99 of heartbeats alone, and while 1, 4 and 32 checks run, on one worker.

Players pause between their beats, so that the worker is busy (some 1,000 beats a second are 30,000 viewers) but not
full: on a full machine any added work makes everyone wait. That figure is shown too, but not judged; nor is that of
1,000 players at real pace, who send too few beats for a steady p99. A client that is refused (429) waits at least as
long as `Retry-After` says, and not all wait equally long.
"""

import asyncio
import json
import random
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import uvloop
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from parental.models import Pin
from parental.tokens import families
from tests import processes
from tests.bench import generator, pace
from tests.bench.cast import make_devices
from tests.bench.generator import Beats, Figures
from tests.bench.results import Figure, NotMeasured
from tests.families import Player, make_player, make_title, make_user
from tests.load import Connection, Load, closed_loop

PLAYERS = 32
PAUSE_SECONDS = 0.025
BEATS_EACH = 75
BEATS_EACH_FULL = 100
BURSTS = (1, 4, 32)
ROUNDS = 3
DIGITS = "4711"
PACE_SECONDS = 15.0


@dataclass
class Checks:
    """What the checks of a burst were answered."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0

    def of(self, status: int) -> float:
        """Answers with this status per second."""
        return self.statuses.get(status, 0) / self.seconds


def figures(logs: Path) -> list[Figure]:
    """Bursts and calm in turn, so that what else the machine does meets all alike; medians of the rounds."""
    user, title = make_user(), make_title()
    players = [
        make_player(user, title=title, weekday_limit_minutes=480, weekend_limit_minutes=480) for _ in range(PLAYERS)
    ]
    parents = make_parents(max(BURSTS))
    p99s: dict[int, list[float]] = {burst: [] for burst in (0, *BURSTS)}
    full: list[float] = []
    at_pace: list[float] = []
    checked: list[Checks] = []
    with processes.service(logs / "pin") as service:
        viewers = [Beats(generator.host_of(service.url), device) for device in make_devices(pace.VIEWERS)]
        uvloop.run(measure_at_pace(service.url, viewers, []))
        uvloop.run(measure(service.url, players, parents[:1]))
        for _ in range(ROUNDS):
            for burst, found in p99s.items():
                load, checks = uvloop.run(measure(service.url, players, parents[:burst]))
                found.append(p99(load))
            checked.append(checks)
            calm, loud = (uvloop.run(measure(service.url, players, some, is_full=True))[0] for some in ([], parents))
            full.append(p99(loud) - p99(calm))
            paces = [uvloop.run(measure_at_pace(service.url, viewers, some)) for some in ([], parents)]
            at_pace.append(paces[1].quantile_ms(0.99) - paces[0].quantile_ms(0.99))
    added = {burst: added_to(p99s[0], p99s[burst]) for burst in BURSTS}
    return [
        Figure("heartbeats' p99 without PIN checks", statistics.median(p99s[0]), "ms"),
        *(
            Figure(
                f"PIN checks, {burst} at once: added p99",
                added[burst],
                "ms",
                floor=10,
                aim=5,
                maximum=True,
                absolute=True,
            )
            for burst in BURSTS[:-1]
        ),
        Figure("PIN burst of 32: added p99", added[32], "ms", floor=10, aim=5, maximum=True, absolute=True),
        Figure("PIN burst of 32: added p99 at full load", statistics.median(full), "ms"),
        Figure("PIN burst of 32: added p99 of 1,000 players at real pace", statistics.median(at_pace), "ms"),
        Figure("PIN burst of 32: checked", statistics.median(checks.of(200) for checks in checked), "a second"),
        Figure("PIN burst of 32: refused", statistics.median(checks.of(429) for checks in checked), "a second"),
    ]


def make_parents(count: int) -> list[str]:
    """Access tokens of accounts that share one PIN's hash: 0.2 s for all instead of 0.2 s each."""
    encoded = make_password(DIGITS)
    users = [make_user() for _ in range(count)]
    Pin.objects.bulk_create([Pin(user=user, pin_hash=encoded) for user in users])
    return [families.begin_family(user.id, now=timezone.now()).access_token for user in users]


async def measure(url: str, players: list[Player], parents: list[str], *, is_full: bool = False) -> tuple[Load, Checks]:
    """A load of heartbeats while each parent checks its PIN again and again."""
    async with checking(url, parents) as checks:
        load = await (closed_loop(url, players, beats_each=BEATS_EACH_FULL) if is_full else paced(url, players))
    checks.seconds = load.seconds
    check_statuses(load.statuses, checks)
    return load, checks


async def measure_at_pace(url: str, viewers: list[Beats], parents: list[str]) -> Figures:
    """The same with players who send a beat every 30 s."""
    async with checking(url, parents) as checks:
        found = await generator.open_loop(url, viewers, connections=pace.CONNECTIONS, seconds=PACE_SECONDS)
    check_statuses(dict(found.statuses), checks)
    return found


@asynccontextmanager
async def checking(url: str, parents: list[str]) -> AsyncIterator[Checks]:
    """While the block runs, each parent checks its PIN again and again."""
    checks = Checks()
    tasks = [asyncio.create_task(check_again(url, token, checks)) for token in parents]
    if parents:
        await asyncio.sleep(0.5)  # until the queue is as full as it gets
        checks.statuses.clear()
    yield checks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def check_statuses(beats: dict[int, int], checks: Checks) -> None:
    if set(beats) != {200} or not set(checks.statuses) <= {200, 429}:
        raise NotMeasured(f"The service did not answer as it should: {beats}, {checks.statuses}")


async def paced(url: str, players: list[Player], *, beats_each: int = BEATS_EACH) -> Load:
    """As `closed_loop`, but every player pauses after a beat."""
    load = Load()
    started = time.perf_counter()
    await asyncio.gather(*(play(url, player, load, beats_each) for player in players))
    load.seconds = time.perf_counter() - started
    return load


async def play(url: str, player: Player, load: Load, beats_each: int) -> None:
    connection = Connection(url, player.token)
    session_id = None
    for sequence in range(beats_each):
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))
        sent = time.perf_counter()
        status, answer = await connection.post(player.body(session_id=session_id, sequence=sequence))
        session_id = answer.get("session_id", session_id)
        load.count(status, session_id or "", time.perf_counter() - sent)
    await connection.close()


async def check_again(url: str, token: str, checks: Checks) -> None:
    parts = urlsplit(url)
    body = json.dumps({"pin": DIGITS}).encode()
    request = (
        f"POST /api/v1/parental-controls/pin/verify HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        while True:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
            status = int(head[9:12])
            checks.statuses[status] = checks.statuses.get(status, 0) + 1
            if status == 429:
                seconds = int(head.split(b"retry-after:", 1)[1].split(b"\r\n", 1)[0])
                await asyncio.sleep(seconds * random.uniform(1, 2))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def p99(load: Load) -> float:
    """In milliseconds."""
    return sorted(load.latencies)[int(len(load.latencies) * 0.99)] * 1000


def added_to(calm: list[float], burst: list[float]) -> float:
    """The median of the rounds' differences."""
    return statistics.median(loud - quiet for quiet, loud in zip(calm, burst, strict=True))
