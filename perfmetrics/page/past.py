"""The last hour and the last week of all hosts, from the table that `perfmetrics/reading/recorder.py` fills."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, FloatField, Max, QuerySet, Sum
from django.db.models.functions import Cast, Trunc

from perfmetrics.models import MinuteFigures
from perfmetrics.page import plots
from perfmetrics.page.plots import Range
from perfmetrics.page.specs import SPECS

HOUR: Final = 3600
WEEK_HOURS: Final = 7 * 24


def last_hour(*, now: float) -> dict[str, Any]:
    """A point a minute, of all hosts."""
    end = now - now % 60
    rows = _summed(since=end - HOUR, bins="minute")
    labels = [(end - HOUR + 600 * n, _clock(end - HOUR + 600 * n, "%H:%M")) for n in range(7)]
    return _history(rows, Range(start=end - HOUR, end=end, step=60, labels=labels), clock="%H:%M")


def last_week(*, now: float) -> dict[str, Any]:
    """A point an hour, of all hosts; quantiles are those of its worst minute."""
    end = now - now % HOUR + HOUR
    start = end - WEEK_HOURS * HOUR
    midnights = [at for at in (start + HOUR * n for n in range(WEEK_HOURS)) if at % 86400 == 0]
    labels = [(at, _clock(at, "%a")) for at in midnights]
    covered = Range(start=start, end=end, step=HOUR, labels=labels)
    return _history(_summed(since=start, bins="hour"), covered, clock="%a %d, %H:%M")


def _summed(*, since: float, bins: str) -> QuerySet[MinuteFigures, dict[str, Any]]:
    """Index: minute_figures_minute_host_uniq."""
    sums = ["heartbeats", "statements", "cache_hits", "cache_misses", "pin_checks", "failures", "refused_busy"]
    worst = ["p50_ms", "p95_ms", "p99_ms", "longest_queue", "config_fetches"]
    return (
        MinuteFigures.objects.filter(minute__gte=datetime.fromtimestamp(since, UTC))
        .annotate(bin=Trunc("minute", bins, tzinfo=UTC))
        .values("bin")
        .order_by("bin")
        .annotate(
            minutes=Count("minute", distinct=True),
            **{f"sum_{name}": Cast(Sum(name), FloatField()) for name in sums},
            **{f"max_{name}": Max(name) for name in worst},
        )
    )


def _history(rows: QuerySet[MinuteFigures, dict[str, Any]], covered: Range, *, clock: str) -> dict[str, Any]:
    points = [_point(row) for row in rows]
    columns = [(key, name or spec.title, spec) for spec in SPECS for key, name in spec.series]
    return {
        "plots": [plots.draw(spec, points, covered) for spec in SPECS],
        "heads": [str(name) for _key, name, _spec in columns],
        "rows": [
            [
                _clock(point["at"], clock),
                *("–" if point[key] is None else spec.text(point[key]) for key, _n, spec in columns),
            ]
            for point in reversed(points)
        ],
    }


def _point(row: dict[str, Any]) -> dict[str, Any]:
    seconds = 60 * row["minutes"]  # those that were written: the running hour is not over
    beats, reads = row["sum_heartbeats"], row["sum_cache_hits"] + row["sum_cache_misses"]
    return {
        "at": row["bin"].timestamp(),
        "heartbeats": beats / seconds,
        "p50": row["max_p50_ms"],
        "p95": row["max_p95_ms"],
        "p99": row["max_p99_ms"],
        "statements": row["sum_statements"] / beats if beats else None,
        "hit_rate": row["sum_cache_hits"] / reads if reads else None,
        "queue": row["max_longest_queue"],
        "pin_checks": row["sum_pin_checks"] / seconds,
        "failures": row["sum_failures"],
        "refused_busy": row["sum_refused_busy"],
        "config_fetches": row["max_config_fetches"],
    }


def last_minute() -> MinuteFigures | None:
    """This host's, if it is no older than two minutes."""
    since = datetime.now(UTC) - timedelta(minutes=3)
    return MinuteFigures.objects.filter(minute__gte=since, host=settings.METRICS_HOST).order_by("-minute").first()


def _clock(at: float, form: str) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(form)
