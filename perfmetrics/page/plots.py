"""Plots as the coordinates of an inline SVG, for the template and, the same ones, for the page's script.

Times are Unix times; a value of None is a gap.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

# Of the viewBox in templates/admin/perfmetrics/plot.html: 0 0 360 140.
LEFT, RIGHT, TOP, BOTTOM = 42, 342, 10, 116


@dataclass(frozen=True, slots=True)
class Spec:
    """What a plot shows: `series` are (key of the points, its name).

    `limit` is the highest value that is fine, of the series `limited` (None: of all). `top` fixes the end of the scale,
    which is at least `least` otherwise.
    """

    key: str
    title: Any
    series: Sequence[tuple[str, Any]]
    limit: float | None = None
    limited: str | None = None
    top: float | None = None
    least: float = 1
    text: Callable[[float], str] = str


@dataclass(frozen=True, slots=True)
class Range:
    """The time that a plot covers; points further apart than `step` are not joined. Labels: (time, text)."""

    start: float
    end: float
    step: float
    labels: Sequence[tuple[float, str]]


def number(value: float) -> str:
    """Short, for people: 1,234 or 12.3 or 0.012."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def draw(spec: Spec, points: Sequence[dict[str, Any]], covered: Range) -> dict[str, Any]:
    """Paths, ticks and texts of one plot, as JSON."""
    inside = [point for point in points if covered.start <= point["at"] <= covered.end]
    columns = [[(point["at"], point.get(key)) for point in inside] for key, _ in spec.series]
    values = [value for column in columns for _, value in column if value is not None]
    top = spec.top or nice(max(values, default=0), least=spec.least)
    lines = [
        {"name": str(name), "path": _path(column, covered, top), "latest": _latest(column, spec)}
        for (_, name), column in zip(spec.series, columns, strict=True)
    ]
    limit = spec.limit if spec.limit and spec.limit <= top else None
    return {
        "key": spec.key,
        "title": str(spec.title),
        "lines": lines,
        "over": _over(inside, spec, covered, top),
        "limit": None if limit is None else {"y": _y(limit, top), "text": spec.text(limit)},
        "y_ticks": [{"y": _y(value, top), "text": spec.text(value)} for value in (0, top / 2, top)],
        "x_ticks": [{"x": _x(at, covered), "text": text} for at, text in covered.labels],
        "described": _described(lines, spec, values),
    }


def _described(lines: Sequence[dict[str, Any]], spec: Spec, values: Sequence[float]) -> str:
    if not values:
        return _("No data.")
    latest = ", ".join(f"{line['name']} {line['latest']}".strip() for line in lines)
    return _("Latest: %(latest)s. Highest: %(highest)s.") % {"latest": latest, "highest": spec.text(max(values))}


def nice(value: float, *, least: float = 1) -> float:
    """The next of 1, 2, 5, 10, 20 … (0.1, 0.2, 0.5 …) that holds the value."""
    if value <= least:
        return least
    power = 10.0 ** math.floor(math.log10(value))
    return round(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= value * (1 - 1e-9)), 6)


def with_limit(spec: Spec, limit: float | None) -> Spec:
    return replace(spec, limit=limit)


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


def _over(points: Sequence[dict[str, Any]], spec: Spec, covered: Range, top: float) -> str:
    """A dot on every point that is over the limit: the round ends of a line without length."""
    if spec.limit is None:
        return ""
    keys = [key for key, _name in spec.series if spec.limited in (None, key)]
    values = [(point["at"], point.get(key)) for key in keys for point in points]
    over = [(at, value) for at, value in values if value is not None and value > spec.limit]
    return "".join(f"M{_x(at, covered)} {_y(value, top)}h0" for at, value in over)


def _latest(column: Sequence[tuple[float, float | None]], spec: Spec) -> str:
    value = column[-1][1] if column else None
    return "–" if value is None else spec.text(value)
