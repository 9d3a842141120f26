"""What a figure is, and how it is measured between two readings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings

from perfmetrics.counting import metrics
from perfmetrics.reading import figures
from perfmetrics.reading.figures import CONFIG_CACHE, Totals

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

# What happened between two readings; None where nothing did that could be measured.
Measure = Callable[[Totals, Totals], float | None]
Values = Mapping[str, float | None]

# How a figure is shown, and what it is over several minutes and hosts:
SECOND: Final = "second"  # a count, shown per second; counts add up
INTERVAL: Final = "interval"  # a count, shown as it is; counts add up
WORST: Final = "worst"  # a value of the whole time; the highest is shown
PEAK: Final = "peak"  # a gauge: the highest of all readings

MINUTE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    `per`: SECOND, INTERVAL, WORST, PEAK, or the stored name of another figure: a count, shown per one of those.
    `name`: its name in a plot with several lines. `tile`: the title of its tile; "" for none.
    `note`: a line on the tile, with %(key)s for the text of any figure, `queue_limit` and `pins_waiting`.
    `limit`: the highest value that is fine. Above it the tile turns red, or that of the figure `marks`, and the page
    shows `warning`, with %(value)s, %(limit)s and, for plural forms, %(count)d.
    `stored_as`: its name among the stored values of a minute, where it is not `key`.
    `is_live`: part of the plots of the last five minutes, not only of stored minutes.
    """

    key: str
    measure: Measure
    per: str
    name: "StrOrPromise" = ""
    tile: "StrOrPromise" = ""
    note: "StrOrPromise" = ""
    limit: float | None = None
    warning: "StrOrPromise" = ""
    marks: str = ""
    stored_as: str = ""
    is_share: bool = False
    is_live: bool = True

    @property
    def column(self) -> str:
        return self.stored_as or self.key

    @property
    def is_count(self) -> bool:
        return self.per not in {WORST, PEAK}


@dataclass(frozen=True, slots=True)
class Plot:
    """Figures on one scale, which ends at `top`, or at a round number that is at least `min_top`."""

    key: str
    title: "StrOrPromise"
    figures: tuple[Figure, ...]
    top: float | None = None
    min_top: float = 1


@dataclass(frozen=True, slots=True)
class Point:
    """The values that are shown of one moment (Unix time), by the key of their figure."""

    at: float
    values: Values


def rise(total: Callable[[Totals], float]) -> Measure:
    """By how much a total of both readings grew."""
    return lambda before, now: total(now) - total(before)


def counter(name: str, *labels: str) -> Measure:
    """How often something was counted, with one of these labels, or in all."""
    return rise(lambda totals: totals.sum(name, *labels))


def gauge(name: str, *labels: str) -> Measure:
    """The gauge of the later reading."""
    return lambda _before, now: now.sum(name, *labels)


def quantile_ms(name: str, q: float) -> Measure:
    """A quantile of what a histogram of `metrics.FINE` buckets observed, in milliseconds."""

    def measure(before: Totals, now: Totals) -> float | None:
        observed = now.buckets(name).since(before.buckets(name))
        seconds = figures.quantile(observed, q, bounds=metrics.FINE)
        return None if seconds is None else round(seconds * 1000, 2)

    return measure


def fetches_per_profile(before: Totals, now: Totals) -> float | None:
    """How often a profile was read within one lifetime of its cache entry, during a minute, changes not counted.

    At most 1 while the cache does its work. With a lifetime of more than a minute it is a lower bound. None where a
    worker was replaced in that minute: what the old one read is counted, what it kept is gone.
    """
    starts = "process_start_time_seconds"
    entries = now.sum("cache_entries", CONFIG_CACHE)
    if not entries or now.max(starts) > before.max(starts):
        return None
    fills, changes = (
        now.sum(name, CONFIG_CACHE) - before.sum(name, CONFIG_CACHE)
        for name in ("cache_fills_total", "cache_invalidations_total")
    )
    lifetime: float = settings.CACHES[CONFIG_CACHE]["TIMEOUT"]
    return round(max(0, fills - changes) * min(1, lifetime / MINUTE_SECONDS) / entries, 3)
