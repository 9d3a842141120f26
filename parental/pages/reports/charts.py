"""Bar charts as geometry: from minutes a day to the coordinates of an SVG, which parental/chart.html draws.

Pure functions. Coordinates are in units of the viewBox, as text: a template would write a number in the reader's
language, 12,5, which no SVG understands. Colours and fonts are the style sheet's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final

from viewing.reports.answers import ProfileWeek

WIDTH: Final = 300
HEIGHT: Final = 190
LEFT: Final = 36  # the labels of the axis stand here
TOP: Final = 18  # the figure over the highest bar
BOTTOM: Final = 24  # the weekdays
BAR_SHARE: Final = 0.6  # of a day's width
MAX_STEPS: Final = 4
STEPS: Final = (15, 30, 60, 120, 180, 240, 360)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's minutes: charged to the limit, not charged to it, and the limit (None: no limit)."""

    day: date
    counted: float
    exempt: float
    limit: int | None

    @property
    def total(self) -> float:
        return self.counted + self.exempt


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; of no height where there is nothing to see."""

    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what was charged stands on the axis, the rest on top of it."""

    day: Day
    x: str
    width: str
    middle: str
    counted: Box
    exempt: Box
    figure_y: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid, at `minutes`."""

    y: str
    label_y: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws. `limit` is a path, "" where no day has a limit."""

    bars: list[Bar]
    grid: list[Line]
    limit: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    weekday_y: int = HEIGHT - 8


def chart_days(week: ProfileWeek) -> list[Day]:
    """The days of one child in a weekly report."""
    return [
        Day(
            day=day.date,
            counted=day.counted_minutes,
            exempt=round(day.minutes - day.counted_minutes, 2),
            limit=day.limit_minutes,
        )
        for day in week.daily_totals
    ]


def bar_chart(days: Sequence[Day]) -> Chart:
    """One bar a day, oldest first, and the limit as a line that steps with it and breaks where a day has none."""
    step, top = scale(max((max(day.total, day.limit or 0) for day in days), default=0))
    plot = HEIGHT - TOP - BOTTOM
    column = (WIDTH - LEFT) / max(len(days), 1)

    def height(minutes: float) -> float:
        return plot * minutes / top

    def y(minutes: float) -> float:
        return HEIGHT - BOTTOM - height(minutes)

    return Chart(
        bars=[
            Bar(
                day=day,
                x=_text(LEFT + column * (n + (1 - BAR_SHARE) / 2)),
                width=_text(column * BAR_SHARE),
                middle=_text(LEFT + column * (n + 0.5)),
                counted=Box(_text(y(day.counted)), _text(height(day.counted))),
                exempt=Box(_text(y(day.total)), _text(height(day.exempt))),
                figure_y=_text(y(day.total) - 5),
            )
            for n, day in enumerate(days)
        ],
        grid=[Line(_text(y(minutes)), _text(y(minutes) + 4), minutes) for minutes in range(0, top + 1, step)],
        limit=_limit_path([None if day.limit is None else y(day.limit) for day in days], column),
    )


def scale(most: float) -> tuple[int, int]:
    """The distance of the grid's lines and the highest of them, in minutes: at most 4 lines over the axis."""
    step = next((step for step in STEPS if step * MAX_STEPS >= most), STEPS[-1])
    return step, step * max(1, ceil(most / step))


def _limit_path(heights: Sequence[float | None], column: float) -> str:
    path, before = [], None
    for n, y in enumerate(heights):
        if y is not None:
            # From the end of the day before, up or down; or again.
            path.append(f"M{_text(LEFT + column * n)} {_text(y)}" if before is None else f"V{_text(y)}")
            path.append(f"H{_text(LEFT + column * (n + 1))}")
        before = y
    return "".join(path)


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
