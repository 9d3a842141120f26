"""Whether the caches that `CONFIG_CACHE_MAX_ENTRIES` bounds are too small for those who play, and what would do."""

from typing import Final

from django.conf import settings

from perfmetrics.reading.figures import Totals

MINUTE_SECONDS: Final = 60
# A cache hits less often than this also where entries expire before their next use, so what counts is whether entries
# are dropped before they expire, and as many as would be noticed.
MIN_HIT_RATE: Final = 0.9
MIN_OVERFLOW_SHARE: Final = 0.01


def wanted_entries(before: Totals, now: Totals) -> float | None:
    """How many entries each worker needs, from readings a minute apart; None while its caches are large enough.

    Each key that is used misses at least once in the lifetime of an entry, so there are no more keys than misses in
    that time. It is an upper bound: a key that finds no room misses more often.
    """
    workers = max(1, now.sum("workers"))
    found = [_wanted(alias, before, now, workers) for alias in _bounded_by_the_setting()]
    return max((entries for entries in found if entries is not None), default=None)


def _bounded_by_the_setting() -> list[str]:
    maximum = settings.CONFIG_CACHE_MAX_ENTRIES
    return [alias for alias, cache in settings.CACHES.items() if cache["OPTIONS"]["MAX_ENTRIES"] == maximum]


def _wanted(alias: str, before: Totals, now: Totals, workers: float) -> float | None:
    hits, misses, overflows = (
        now.sum(name, alias) - before.sum(name, alias)
        for name in ("cache_hits_total", "cache_misses_total", "cache_overflows_total")
    )
    reads = hits + misses
    if overflows <= MIN_OVERFLOW_SHARE * reads or hits >= MIN_HIT_RATE * reads:
        return None
    lifetime: float = settings.CACHES[alias]["TIMEOUT"]
    in_a_lifetime = lifetime / MINUTE_SECONDS / workers
    keys = max(misses * in_a_lifetime, settings.CONFIG_CACHE_MAX_ENTRIES + overflows * in_a_lifetime)
    return _rounded_up(keys)


def _rounded_up(value: float) -> float:
    """To two digits, like 51,000."""
    step = 10 ** max(0, len(str(int(value))) - 2)
    return float(-(-value // step) * step)
