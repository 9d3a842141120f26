"""Players at real pace: each beats every 30 s, at moments of its own; latency counts from when a beat was due.

Their sessions run. Two workers share one socket, so a player's beats meet either: about half of them find the token and
the limits, which a worker keeps for 60 s, in the cache of that one.
"""

import itertools
import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import processes
from tests.bench import generator
from tests.bench.cast import make_devices
from tests.bench.generator import Beats, Figures, median_ms
from tests.bench.results import Figure, NotMeasured

VIEWERS = 1_000
# What a proxy in front of the service would keep open.
CONNECTIONS = 256
# Every player, its token and its limits fit, as an operator with that many players would set it.
CACHE_ENTRIES = 300_000
P95_MS = 200
STEPS = (15_000, 30_000, 60_000, 100_000, 150_000)
MORE_STEPS = (175_000, 200_000, 250_000)
FIRST_TRY = 60_000


def figures(logs: Path, *, rounds: int, seconds: float, is_long: bool) -> list[Figure]:
    """The quick form tries no more players than the aim."""
    steps = (*STEPS, *MORE_STEPS) if is_long else STEPS
    return [*thousand(logs, rounds=rounds, seconds=seconds), *held(logs, seconds=seconds, steps=steps)]


def thousand(logs: Path, *, rounds: int, seconds: float) -> list[Figure]:
    """1,000 viewers on one worker, who send 33 beats a second."""
    with processes.service(logs / "thousand") as service:
        sources = [Beats(generator.host_of(service.url), device) for device in make_devices(VIEWERS)]
        play(service.url, sources, seconds=seconds / 2)
        runs = [play(service.url, sources, seconds=seconds) for _ in range(rounds)]
    for run in runs:
        if set(run.statuses) != {200}:
            raise NotMeasured(f"The service did not answer every beat: {run.statuses}")
    p95 = median_ms(runs, 0.95)
    return [
        Figure("p50 of 1,000 players at real pace", median_ms(runs, 0.5), "ms"),
        Figure("p95 of 1,000 players at real pace", p95, "ms", floor=20, aim=8, maximum=True, absolute=True),
    ]


def held(logs: Path, *, seconds: float, steps: Sequence[int]) -> list[Figure]:
    """How many players two workers hold: the most tried with p95 < 200 ms and every beat answered."""
    options = {"workers": 2, "CONFIG_CACHE_MAX_ENTRIES": str(CACHE_ENTRIES)}
    with processes.service(logs / "held", **options) as service:  # type: ignore[arg-type]
        devices = make_devices(steps[-1])
        sources = [Beats(generator.host_of(service.url), device) for device in devices]
        playing: list[Beats] = []
        shares = []

        def holds(players: int) -> bool:
            """Of two tries one must: the machine may be shared. A new player begins a session first."""
            generator.run(generator.each_once(service.url, sources[len(playing) : players], connections=CONNECTIONS))
            playing.extend(sources[len(playing) : players])
            for _ in range(2):
                found = play(service.url, playing[:players], seconds=seconds)
                shares.append(found.share(os.cpu_count() or 1))
                p95 = found.quantile_ms(0.95)
                print(f"{players:,} players: {found.rate():,.0f} beats/s, p95 {p95:,.0f} ms, {dict(found.statuses)}")
                if p95 < P95_MS and set(found.statuses) == {200}:
                    return True
            return False

        most = search(holds, steps)
    name = f"players at real pace held by two workers (cache of {CACHE_ENTRIES:,})"
    return [
        Figure(name, most, "players", floor=60_000, aim=150_000, absolute=True),
        Figure("the load generator's share of the machine at real pace", statistics.median(shares) * 100, "%"),
    ]


def search(holds: Callable[[int], bool], steps: Sequence[int]) -> int:
    """The most steps up from the first try, or the first step down from it, that holds; 0: none did."""
    if not holds(FIRST_TRY):
        return next((players for players in reversed(steps) if players < FIRST_TRY and holds(players)), 0)
    return max([FIRST_TRY, *itertools.takewhile(holds, (players for players in steps if players > FIRST_TRY))])


def play(url: str, sources: list[Beats], *, seconds: float) -> Figures:
    return generator.run(generator.open_loop(url, sources, connections=CONNECTIONS, seconds=seconds))
