"""What the Performance page shows: tiles and warnings of now, plots of the last minutes, hour and week.

The last minutes are this host's, from the file of `perfmetrics/reading/recorder.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from perfmetrics import accuracy
from perfmetrics.accuracy import Check
from perfmetrics.counting import folder
from perfmetrics.page import past, plots
from perfmetrics.page.past import History
from perfmetrics.page.plots import Drawing, Range, number
from perfmetrics.reading import recorder, registry
from perfmetrics.reading.measures import INTERVAL, PEAK, SECOND, Figure, Point, Values
from perfmetrics.reading.recorder import Recent

LIVE_SECONDS: Final = 300
# Tiles show the mean of this many points, so that they can be read while they change.
TILE_POINTS: Final = 3
WARNING_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of now; `is_bad`: over its limit."""

    key: str
    title: str
    value: str
    note: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Live:
    """Tiles, warnings and plots of the last five minutes on this host."""

    host: str
    workers: int
    uptime: str
    read_at: str
    tiles: Sequence[Tile]
    warnings: Sequence[str]
    plots: Sequence[Drawing]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows."""

    now: Live
    hour: History
    week: History
    reconcile: Check | None


def read_page(*, now: float) -> Page:
    return Page(
        now=read_live(now=now),
        hour=past.last_hour(now=now),
        week=past.last_week(now=now),
        reconcile=accuracy.last_check(),
    )


def read_live(*, now: float) -> Live:
    """The part that changes every few seconds."""
    return live(recorder.load(folder.path()), past.last_minute(), now=now)


def live(recent: Recent | None, minute: Values, *, now: float) -> Live:
    """`recent`: None while nothing is recorded yet. `minute`: the stored values of the latest minute."""
    points = [point for point in (recent.points if recent else ()) if point.at > now - LIVE_SECONDS]
    queue_limit = recent.last.sum("heartbeat_queue_limit") if recent else settings.HEARTBEAT_QUEUE_SIZE
    # A queue that has reached its size is over its limit: the next heartbeat is refused.
    limits = {"queue": queue_limit - 1}
    texts = {
        "queue_limit": number(queue_limit),
        "pins_waiting": number(recent.last.sum("hashes_waiting", "pin") if recent else 0),
    }
    covered = Range(
        start=now - LIVE_SECONDS,
        end=now,
        step=recorder.POINT_SECONDS * 2,
        labels=[(now - 60 * ago, f"−{ago} min" if ago else _("now")) for ago in (5, 4, 3, 2, 1, 0)],
    )
    return Live(
        host=settings.METRICS_HOST,
        workers=int(recent.last.sum("workers")) if recent else 0,
        uptime=duration(now - folder.started()),
        read_at=datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S"),
        tiles=_tiles(_latest(points[-TILE_POINTS:], minute), limits, texts),
        warnings=_warnings([point for point in points if point.at > now - WARNING_SECONDS], minute, limits),
        plots=[
            plots.draw(plot, points, covered, limits=limits)
            for plot in registry.PLOTS
            if all(figure.is_live for figure in plot.figures)
        ],
    )


def _latest(points: Sequence[Point], minute: Values) -> Values:
    """Each figure over these points: counts added up, gauges at their peak, else the mean."""

    def value(figure: Figure) -> float | None:
        if not figure.is_live:
            return minute.get(figure.column)
        values = _values(figure, points)
        if figure.per == INTERVAL:
            return sum(values)
        if figure.per == PEAK:
            return max(values, default=0)
        if not values:
            return 0 if figure.per == SECOND else None
        return sum(values) / len(values)

    return {figure.key: value(figure) for figure in registry.all_figures()}


def _values(figure: Figure, points: Sequence[Point]) -> list[float]:
    return [value for point in points if (value := point.values.get(figure.key)) is not None]


def _tiles(latest: Values, limits: Mapping[str, float], texts: Mapping[str, str]) -> list[Tile]:
    figures = registry.all_figures()
    texts = {**texts, **{figure.key: plots.text(figure, latest[figure.key]) for figure in figures}}
    bad = {figure.marks or figure.key for figure in figures if _is_over(figure, latest[figure.key], limits)}
    return [
        Tile(
            key=figure.key,
            title=str(figure.tile),
            value=texts[figure.key],
            note=str(figure.note) % texts,
            is_bad=figure.key in bad,
        )
        for figure in figures
        if figure.tile
    ]


def _warnings(points: Sequence[Point], minute: Values, limits: Mapping[str, float]) -> list[str]:
    """What was over its limit at these points, in sentences."""

    def value(figure: Figure) -> float | None:
        if not figure.is_live:
            return minute.get(figure.column)
        values = _values(figure, points)
        if figure.per == INTERVAL:
            return sum(values)
        return max(values) if values else None

    return [
        figure.warning
        % {
            "value": number(found),
            "limit": number(_limit(figure, limits) or 0),
            "count": int(found),
        }
        for figure in registry.all_figures()
        if figure.warning and (found := value(figure)) is not None and _is_over(figure, found, limits)
    ]


def _is_over(figure: Figure, value: float | None, limits: Mapping[str, float]) -> bool:
    limit = _limit(figure, limits)
    return value is not None and limit is not None and value > limit


def _limit(figure: Figure, limits: Mapping[str, float]) -> float | None:
    return limits.get(figure.key, figure.limit)


def duration(seconds: float) -> str:
    """Like 3 d 4 h, 5 h 12 min or 40 s."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return _("%d min") % minutes if minutes else _("%d s") % rest
