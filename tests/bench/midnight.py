"""Midnight: the viewing day of all who watch turns at once, so that each player's next beat begins another session.

That is the dearest second of a day: such a beat ends a session, inserts one and a balance, and takes two statements.
"""

from pathlib import Path

from django.db import connection

from tests import processes
from tests.bench import generator, pace
from tests.bench.cast import make_devices
from tests.bench.generator import BEAT_SECONDS, Beats
from tests.bench.results import Figure, NotMeasured
from viewing.models import ViewingSession, ViewingTimeBalance

# What two workers must hold at any time.
PLAYERS = 60_000


def figures(logs: Path, *, seconds: float) -> list[Figure]:
    """The same players on two workers in the evening, and in the 30 s in which each of them learns of the new day."""
    options = {"workers": 2, "CONFIG_CACHE_MAX_ENTRIES": str(pace.CACHE_ENTRIES)}
    with processes.service(logs / "midnight", **options) as service:  # type: ignore[arg-type]
        sources = [Beats(generator.host_of(service.url), device) for device in make_devices(PLAYERS)]
        begin = generator.run(generator.each_once(service.url, sources, connections=pace.CONNECTIONS))
        evening = pace.play(service.url, sources, seconds=seconds)
        turn_the_day()
        midnight = pace.play(service.url, sources, seconds=BEAT_SECONDS)
    turned = ViewingSession.objects.filter(end_reason="day_turned").count()
    if set(midnight.statuses) != {200} or turned != PLAYERS:
        raise NotMeasured(f"The day of {PLAYERS} players was to turn: {turned} did, {midnight.statuses}")
    return [
        Figure("first beats, two workers", begin.rate(), "a second"),
        Figure(f"p95 of {PLAYERS:,} players in the evening", evening.quantile_ms(0.95), "ms"),
        Figure("p95 of the same at midnight", midnight.quantile_ms(0.95), "ms", floor=200, maximum=True, absolute=True),
        Figure("p99 of the same at midnight", midnight.quantile_ms(0.99), "ms"),
    ]


def turn_the_day() -> None:
    """What was today is yesterday now."""
    with connection.cursor() as cursor:
        for table in (ViewingSession._meta.db_table, ViewingTimeBalance._meta.db_table):
            cursor.execute(f"UPDATE {table} SET day = day - 1")
            cursor.execute(f"VACUUM (ANALYZE) {table}")
