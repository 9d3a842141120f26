"""The last hour and the last week of all hosts, from the table that `perfmetrics/reading/recorder.py` fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, FloatField, Max, Sum
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Trunc

from perfmetrics.models import MinuteFigures
from perfmetrics.page import plots
from perfmetrics.page.plots import Drawing, Range
from perfmetrics.reading import old_columns, registry
from perfmetrics.reading.measures import MINUTE_SECONDS, Figure, Point, Values

HOUR: Final = 3600
WEEK_HOURS: Final = 7 * 24
# A minute is written up to two hours late, after the database was away (`recorder.MAX_UNSAVED_MINUTES`).
LATE_HOURS: Final = 4


@dataclass(frozen=True, slots=True)
class History:
    """Plots of a past time, and their values as a table, the latest row first."""

    plots: Sequence[Drawing]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def last_hour(*, now: float) -> History:
    """A point per minute, of all hosts."""
    end = now - now % MINUTE_SECONDS
    labels = [(end - HOUR + 600 * n, _clock(end - HOUR + 600 * n, "%H:%M")) for n in range(7)]
    covered = Range(start=end - HOUR, end=end, step=MINUTE_SECONDS, labels=labels)
    return _history(_points(since=end - HOUR, bins="minute"), covered, clock="%H:%M")


def last_week(*, now: float) -> History:
    """A point per hour, of all hosts; a figure that does not add up is that of the hour's worst minute."""
    end = now - now % HOUR + HOUR
    start = end - WEEK_HOURS * HOUR
    midnights = [at for at in (start + HOUR * n for n in range(WEEK_HOURS)) if at % 86400 == 0]
    labels = [(at, _clock(at, "%a")) for at in midnights]
    covered = Range(start=start, end=end, step=HOUR, labels=labels)
    return _history(_hours(start=start, end=end), covered, clock="%a %d, %H:%M")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Points of whole hours up to `until`, in which no minute will be written anymore."""

    until: float = 0
    points: Sequence[Point] = ()


_kept = _Kept()


def forget_hours() -> None:
    """Read every hour again."""
    global _kept  # noqa: PLW0603 — one for the process; to assign it is atomic
    _kept = _Kept()


def _hours(*, start: float, end: float) -> list[Point]:
    """A week has 10,080 minutes a host, a quarter of a second's work for the database: each hour is read once."""
    global _kept  # noqa: PLW0603 — as above
    kept = _kept
    known = [point for point in kept.points if start <= point.at < end]
    read = _points(since=max(start, kept.until), bins="hour")
    points = [*known, *read]
    until = end - LATE_HOURS * HOUR
    _kept = _Kept(until, [point for point in points if point.at < until])
    return points


def last_minute() -> Values:
    """The values of the latest minute of this host, by stored name; empty where it is older than three minutes."""
    since = datetime.now(UTC) - timedelta(minutes=3)
    rows = MinuteFigures.objects.filter(minute__gte=since, host=settings.METRICS_HOST).order_by("-minute")
    stored = {figure.column: _stored(figure) for figure in registry.all_figures()}
    found = rows.values_list(*stored.values()).first()
    return dict(zip(stored, found, strict=True)) if found else {}


def _points(*, since: float, bins: str) -> list[Point]:
    """Index: minute_figures_minute_host_uniq."""
    figures = registry.all_figures()
    combined = {f"all_{figure.column}": (Sum if figure.is_count else Max)(_stored(figure)) for figure in figures}
    rows = (
        MinuteFigures.objects.filter(minute__gte=datetime.fromtimestamp(since, UTC))
        .annotate(bin=Trunc("minute", bins, tzinfo=UTC))
        .values("bin")
        .order_by("bin")
        .annotate(minutes=Count("minute", distinct=True), **combined)
        .values_list("bin", "minutes", *combined)
    )
    points = []
    for start, minutes, *values in rows:
        found = {figure.column: value for figure, value in zip(figures, values, strict=True)}
        # Of the minutes that were written: the current hour is not over.
        points.append(Point(start.timestamp(), registry.shown(found, seconds=MINUTE_SECONDS * minutes)))
    return points


def _stored(figure: Figure) -> Combinable:
    """The value of a minute; null where the figure was not recorded."""
    value = Cast(KeyTextTransform(figure.column, "figures"), FloatField())
    old = old_columns.READ.get(figure.column)
    return value if old is None else Coalesce(value, Cast(old, FloatField()))


def _history(points: Sequence[Point], covered: Range, *, clock: str) -> History:
    columns = [(figure, figure.name or plot.title) for plot in registry.PLOTS for figure in plot.figures]
    return History(
        plots=[plots.draw(plot, points, covered) for plot in registry.PLOTS],
        heads=[str(name) for _, name in columns],
        rows=[
            [_clock(point.at, clock), *(plots.text(figure, point.values[figure.key]) for figure, _ in columns)]
            for point in reversed(points)
        ],
    )


def _clock(at: float, form: str) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(form)
