"""Whether a child process for PIN checks would cost the players less than the thread: both, in turn."""

import statistics
from pathlib import Path

import uvloop

from tests import processes
from tests.bench.pin import BURSTS, PLAYERS, make_parents, measure, p99
from tests.bench.results import Figure
from tests.families import make_player, make_title, make_user

ROUNDS = 4
WAYS = {"thread": "config.asgi:application", "process": "tests.bench.pin_process_asgi:application"}


def figures(logs: Path) -> list[Figure]:
    """The added p99 of each way, from calm and bursts in turn; the ways alternate."""
    user, title = make_user(), make_title()
    players = [
        make_player(user, title=title, weekday_limit_minutes=480, weekend_limit_minutes=480) for _ in range(PLAYERS)
    ]
    parents = make_parents(max(BURSTS))
    added: dict[tuple[str, int], list[float]] = {(way, burst): [] for way in WAYS for burst in BURSTS}
    checked: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, application in WAYS.items():
            with processes.service(logs / f"pin-{way}", application=application) as service:
                uvloop.run(measure(service.url, players, parents[:1]))
                for burst in BURSTS:
                    calm = p99(uvloop.run(measure(service.url, players, []))[0])
                    load, checks = uvloop.run(measure(service.url, players, parents[:burst]))
                    added[way, burst].append(p99(load) - calm)
                checked[way].append(checks.of(200))
    return [
        *(
            Figure(f"PIN checks by a {way}, {burst} at once: added p99", statistics.median(found), "ms")
            for (way, burst), found in added.items()
        ),
        *(
            Figure(f"PIN burst of 32 by a {way}: checked", statistics.median(found), "a second")
            for way, found in checked.items()
        ),
    ]
