"""Plots as the coordinates of an inline SVG: the same ones for the template and, as JSON, for the page's script.

Times are Unix times; a value of None is a gap.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext as _

from perfmetrics.reading.measures import Figure, Plot, Point

# Of the viewBox in templates/admin/perfmetrics/plot.html: 0 0 360 140.
LEFT, RIGHT, TOP, BOTTOM = 42, 342, 10, 116


@dataclass(frozen=True, slots=True)
class Range:
    """The time that a plot covers; points further apart than `step` are not joined. Labels: (time, text)."""

    start: float
    end: float
    step: float
    labels: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: its path, and its latest value as text."""

    name: str
    path: str
    latest: str


@dataclass(frozen=True, slots=True)
class XTick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class YTick:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot. `over`: a path of dots on the points over their limit."""

    key: str
    title: str
    lines: Sequence[Line]
    over: str
    limit: YTick | None
    y_ticks: Sequence[YTick]
    x_ticks: Sequence[XTick]
    described: str


def number(value: float) -> str:
    """Short, for people: 1,234 or 12.3 or 0.012."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + "%"


def text(figure: Figure, value: float | None) -> str:
    """A value of a figure, for people; a dash where there is none."""
    if value is None:
        return "–"
    return percent(value) if figure.is_share else number(value)


def draw(
    plot: Plot, points: Sequence[Point], covered: Range, *, limits: Mapping[str, float] = MappingProxyType({})
) -> Drawing:
    """Paths, ticks and texts of one plot. `limits`: those that are not the figures' own, by key."""
    inside = [point for point in points if covered.start <= point.at <= covered.end]
    columns = [[(point.at, point.values.get(figure.key)) for point in inside] for figure in plot.figures]
    values = [value for column in columns for _, value in column if value is not None]
    top = plot.top or nice(max(values, default=0), min_top=plot.min_top)
    first = plot.figures[0]
    lines = [
        Line(str(figure.name), _path(column, covered, top), text(figure, column[-1][1] if column else None))
        for figure, column in zip(plot.figures, columns, strict=True)
    ]
    limited = [
        (column, limit)
        for figure, column in zip(plot.figures, columns, strict=True)
        if (limit := limits.get(figure.key, figure.limit)) is not None
    ]
    drawn = next((limit for _, limit in limited if 0 < limit <= top), None)
    return Drawing(
        key=plot.key,
        title=str(plot.title),
        lines=lines,
        over="".join(_over(column, limit, covered, top) for column, limit in limited),
        limit=None if drawn is None else YTick(_y(drawn, top), text(first, drawn)),
        y_ticks=[YTick(_y(value, top), text(first, value)) for value in (0, top / 2, top)],
        x_ticks=[XTick(_x(at, covered), label) for at, label in covered.labels],
        described=_described(lines, text(first, max(values)) if values else None),
    )


def _described(lines: Sequence[Line], highest: str | None) -> str:
    if highest is None:
        return _("No data.")
    latest = ", ".join(f"{line.name} {line.latest}".strip() for line in lines)
    return _("Latest: %(latest)s. Highest: %(highest)s.") % {"latest": latest, "highest": highest}


def nice(value: float, *, min_top: float = 1) -> float:
    """The next of 1, 2, 5, 10, 20 … (0.1, 0.2, 0.5 …) that holds the value."""
    if value <= min_top:
        return min_top
    power = 10.0 ** math.floor(math.log10(value))
    return round(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= value * (1 - 1e-9)), 6)


def _x(at: float, covered: Range) -> float:
    return round(LEFT + (RIGHT - LEFT) * (at - covered.start) / (covered.end - covered.start), 1)


def _y(value: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(max(value, 0), top) / top, 1)


def _path(column: Sequence[tuple[float, float | None]], covered: Range, top: float) -> str:
    """Lines between neighbours; a lone point is a short dash."""
    parts: list[str] = []
    before: float | None = None
    for at, value in column:
        if value is None:
            before = None
            continue
        joined = before is not None and at - before <= covered.step * 1.6
        x, y = _x(at, covered), _y(value, top)
        parts.append(f"L{x} {y}" if joined else f"M{x - 1:.1f} {y}h2")
        before = at
    return "".join(parts)


def _over(column: Sequence[tuple[float, float | None]], limit: float, covered: Range, top: float) -> str:
    """A dot on every point that is over the limit: the round ends of a line without length."""
    over = [(at, value) for at, value in column if value is not None and value > limit]
    return "".join(f"M{_x(at, covered)} {_y(value, top)}h0" for at, value in over)
