"""The geometry of the bar charts: pure functions from minutes to coordinates."""

import re
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from parental.pages.reports.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Day, bar_chart, chart_days, scale
from viewing.reports.answers import ProfileWeek, WeekDay

MONDAY = date(2026, 3, 2)
PLOT = HEIGHT - TOP - BOTTOM
FLOOR = HEIGHT - BOTTOM


def week(*days):
    """(counted, exempt, limit) of each day from Monday on."""
    return [Day(MONDAY + timedelta(days=n), *minutes) for n, minutes in enumerate(days)]


def points(path):
    """(x, y) of a path of M, H and V; None where a new piece begins."""
    found, x, y = [], None, None
    for command, first, second in re.findall(r"([MHV])([\d.]+)(?: ([\d.]+))?", path):
        if command == "M":
            x, y = float(first), float(second)
            found.append(None)
        x, y = (float(first), y) if command == "H" else (x, float(first)) if command == "V" else (x, y)
        found.append((x, y))
    return found


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, (15, 15)),
        (0.5, (15, 15)),
        (15, (15, 15)),
        (15.01, (15, 30)),
        (60, (15, 60)),
        (61, (30, 90)),
        (120, (30, 120)),
        (120.5, (60, 180)),
        (240, (60, 240)),
        (481, (180, 540)),
        (1440, (360, 1440)),
        (1500, (360, 1800)),
    ],
)
def test_the_scale_holds_the_highest_and_has_few_lines(most, expected):
    step, top = scale(most)

    assert (step, top) == expected
    assert top >= most


def test_a_bar_is_as_high_as_its_minutes_and_the_rest_stands_on_what_was_charged():
    chart = bar_chart(week((60, 30, 120), (0, 0, 120), (120, 0, 120)))

    first, empty, full = chart.bars
    assert float(first.counted.height) == pytest.approx(PLOT / 2, abs=0.06)
    assert float(first.exempt.height) == pytest.approx(PLOT / 4, abs=0.06)
    assert float(first.counted.y) + float(first.counted.height) == pytest.approx(FLOOR, abs=0.1)
    assert float(first.exempt.y) + float(first.exempt.height) == pytest.approx(float(first.counted.y), abs=0.1)
    assert (empty.counted.height, empty.exempt.height) == ("0", "0")
    assert (full.counted.y, full.counted.height) == (str(TOP), str(PLOT))


def test_bars_stand_side_by_side_within_the_drawing():
    chart = bar_chart(week(*[(60, 0, None)] * 7))

    edges = [(float(bar.x), float(bar.x) + float(bar.width)) for bar in chart.bars]
    assert edges[0][0] > LEFT
    assert edges[-1][1] < WIDTH
    assert all(left[1] < right[0] for left, right in pairwise(edges))
    assert all(
        float(bar.middle) == pytest.approx(sum(edge) / 2, abs=0.11) for bar, edge in zip(chart.bars, edges, strict=True)
    )


def test_the_limit_steps_up_for_the_weekend():
    chart = bar_chart(week(*[(0, 0, 60)] * 5, *[(0, 0, 120)] * 2))

    column = (WIDTH - LEFT) / 7
    saturday = round(LEFT + 5 * column, 1)
    path = points(chart.limit)
    assert path[:2] == [None, (LEFT, TOP + PLOT / 2)]
    assert (saturday, TOP + PLOT / 2) in path
    assert (saturday, float(TOP)) in path
    assert path[-1] == (float(WIDTH), float(TOP))
    assert path.count(None) == 1


def test_the_limit_breaks_where_a_day_has_none():
    chart = bar_chart(week((0, 0, 60), (0, 0, None), (0, 0, 60)))

    column = (WIDTH - LEFT) / 3
    starts = [after for before, after in pairwise(points(chart.limit)) if before is None]
    assert starts == [(LEFT, float(TOP)), (round(LEFT + 2 * column, 1), float(TOP))]


def test_without_any_limit_there_is_no_line():
    assert bar_chart(week((10, 0, None))).limit == ""


def test_a_limit_above_all_bars_fits_into_the_drawing():
    chart = bar_chart(week((10, 0, 480)))

    assert points(chart.limit)[1] == (LEFT, float(TOP))
    assert [line.minutes for line in chart.grid] == [0, 120, 240, 360, 480]
    assert (chart.grid[0].y, chart.grid[-1].y) == (str(FLOOR), str(TOP))


def test_coordinates_are_written_as_svg_reads_them(settings):
    settings.LANGUAGE_CODE = "de"
    chart = bar_chart(week((33.37, 1.01, 45), (7, 0, 45), (7, 0, None)))

    written = [chart.limit]
    written += [text for bar in chart.bars for text in (bar.x, bar.width, bar.middle, bar.figure_y)]
    written += [text for bar in chart.bars for box in (bar.counted, bar.exempt) for text in (box.y, box.height)]
    assert all(re.fullmatch(r"[\d.MHV ]+", text) for text in written), written


def test_days_come_from_a_childs_report():
    day = WeekDay(MONDAY, minutes=70.5, counted_minutes=60.17, educational_minutes=30, limit_minutes=90)
    week = ProfileWeek(UUID(int=1), "Mia", [day], 0, 0, 0, None, [])

    assert chart_days(week) == [Day(MONDAY, counted=60.17, exempt=10.33, limit=90)]
