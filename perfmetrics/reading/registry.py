"""The list of figures that are recorded and shown on the Performance page.

To add one, count it in `perfmetrics/counting/metrics.py` and add a `Figure` here: it is then measured, stored with each
minute, plotted, and shown as a tile.
"""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from perfmetrics.reading.cache_size import wanted_entries
from perfmetrics.reading.figures import CONFIG_CACHE, Totals
from perfmetrics.reading.measures import (
    INTERVAL,
    PEAK,
    SECOND,
    WORST,
    Figure,
    Plot,
    Values,
    counter,
    fetches_per_profile,
    gauge,
    quantile_ms,
    rise,
)

P95_LIMIT_MS: Final = 200
# A minute's readings are up to a second off.
FETCHES_LIMIT: Final = 1.1
CACHE_WANTED: Final = "cache_entries_wanted"

PLOTS: tuple[Plot, ...] = (
    Plot(
        "heartbeats",
        _("Heartbeats per second"),
        (Figure("heartbeats", rise(lambda t: t.heartbeats), SECOND, tile=_("Heartbeats per second")),),
    ),
    Plot(
        "latency",
        _("Latency, ms"),
        (
            Figure("p50", quantile_ms("heartbeat_duration_seconds", 0.50), WORST, name="p50"),
            Figure(
                "p95",
                quantile_ms("heartbeat_duration_seconds", 0.95),
                WORST,
                name="p95",
                tile=_("p95, ms"),
                note=_("p50 %(p50)s · p99 %(p99)s"),
                limit=P95_LIMIT_MS,
                warning=_("p95 reached %(value)s ms; the limit is %(limit)s ms."),
            ),
            Figure("p99", quantile_ms("heartbeat_duration_seconds", 0.99), WORST, name="p99"),
        ),
    ),
    Plot(
        "statements",
        _("Statements per heartbeat"),
        (
            Figure(
                "statements",
                counter("heartbeat_statements_total"),
                per="heartbeats",
                tile=_("Statements per heartbeat"),
            ),
        ),
        min_top=0.1,
    ),
    Plot(
        "hit_rate",
        _("Config cache hits"),
        (
            Figure(
                "hit_rate",
                counter("cache_hits_total", CONFIG_CACHE),
                per="cache_reads",
                tile=_("Cache hits"),
                stored_as="cache_hits",
                is_share=True,
            ),
        ),
        top=1,
    ),
    Plot(
        "queue",
        _("Longest worker queue"),
        (
            Figure(
                "queue",
                gauge("heartbeat_queue_peak"),
                PEAK,
                tile=_("Longest queue"),
                note=_("of %(queue_limit)s per worker"),
                # Its limit is the queue's size, which the page knows.
                warning=_("A queue was full: %(value)s heartbeats waited."),
            ),
        ),
    ),
    Plot(
        "pin_checks",
        _("PIN checks per second"),
        (
            Figure(
                "pin_checks",
                counter("pin_checks_total"),
                SECOND,
                tile=_("PIN checks per second"),
                note=_("%(pins_waiting)s waiting"),
            ),
        ),
        min_top=0.1,
    ),
    Plot(
        "failures",
        _("Failures and refusals"),
        (
            Figure(
                "failures",
                rise(lambda t: t.failed_closed + t.sum("failures_total")),
                INTERVAL,
                name=_("failures"),
                tile=_("Failures"),
                note=_("in the last 6 s"),
                limit=0,
                warning=ngettext_lazy(
                    "%(value)s request failed; see the log.", "%(value)s requests failed; see the log.", "count"
                ),
            ),
            Figure(
                "refused_busy",
                rise(lambda t: t.refused_busy),
                INTERVAL,
                name=_("busy"),
                limit=0,
                warning=ngettext_lazy(
                    "A queue was full or a row was locked: %(value)s heartbeat was refused as busy.",
                    "A queue was full or a row was locked: %(value)s heartbeats were refused as busy.",
                    "count",
                ),
                marks="queue",
            ),
            Figure("connections_ended", counter("connections_ended_total"), INTERVAL, name=_("connections ended")),
        ),
    ),
    Plot(
        "config_fetches",
        _("Config reads per profile per TTL"),
        (
            Figure(
                "config_fetches",
                fetches_per_profile,
                WORST,
                tile=_("Config reads per profile"),
                note=_("per TTL; 1 or less is fine"),
                limit=FETCHES_LIMIT,
                warning=_("The config cache is too small: each profile was read %(value)s times per TTL."),
                is_live=False,
            ),
        ),
    ),
)
# Stored with each minute, and not plotted.
UNPLOTTED: tuple[Figure, ...] = (
    Figure(
        "cache_reads",
        rise(lambda t: t.sum("cache_hits_total", CONFIG_CACHE) + t.sum("cache_misses_total", CONFIG_CACHE)),
        INTERVAL,
    ),
    Figure(
        CACHE_WANTED,
        wanted_entries,
        WORST,
        limit=0,
        warning=_(
            "The caches are too small for everyone who is watching."
            " Set CONFIG_CACHE_MAX_ENTRIES to %(value)s and restart."
        ),
        marks="hit_rate",
        is_live=False,
    ),
    Figure("batches", counter("heartbeat_batch_size_count"), INTERVAL, is_live=False),
    Figure("pin_checks_wrong", counter("pin_checks_total", "wrong"), INTERVAL, is_live=False),
    Figure("slow_requests", counter("slow_requests_total"), INTERVAL, is_live=False),
)


def all_figures() -> tuple[Figure, ...]:
    """All of them, in the order of the page."""
    return (*(figure for plot in PLOTS for figure in plot.figures), *UNPLOTTED)


def measured(before: Totals, now: Totals, *, is_live: bool) -> Values:
    """What happened between two readings, by the name that figures are stored under.

    `is_live`: only the figures of the last five minutes' plots.
    """
    return {figure.column: figure.measure(before, now) for figure in all_figures() if figure.is_live or not is_live}


def shown(values: Values, *, seconds: float) -> Values:
    """What is shown of values that were measured over this many seconds, or add up to them, by the figures' keys."""
    return {figure.key: _shown(figure, values, seconds) for figure in all_figures()}


def _shown(figure: Figure, values: Values, seconds: float) -> float | None:
    value = values.get(figure.column)
    if value is None or figure.per in {INTERVAL, WORST, PEAK}:
        return value
    whole = seconds if figure.per == SECOND else values.get(figure.per)
    return round(value / whole, 4) if whole else None
