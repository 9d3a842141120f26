"""Plots are coordinates: values at their places, gaps as gaps, limits marked."""

import re
from dataclasses import replace

import pytest

from perfmetrics.page import plots
from perfmetrics.page.plots import BOTTOM, LEFT, RIGHT, TOP, Line, Range, YTick
from perfmetrics.reading.measures import SECOND, Figure, Plot, Point, counter

RATE = Figure("rate", counter("never_measured"), SECOND)
PLOT = Plot("rate", "Rate", (RATE,))
COVERED = Range(start=0, end=100, step=10, labels=[(0, "then"), (100, "now")])


def drawn(values, *, plot=PLOT, step=10):
    return plots.draw(plot, [Point(n * step, {"rate": value}) for n, value in enumerate(values)], COVERED)


def places(path):
    """(command, x, y) of each point."""
    return [(command, float(x), float(y)) for command, x, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)]


def test_the_first_and_the_highest_value_are_where_they_belong():
    path = drawn([0, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10]).lines[0].path

    points = places(path)
    assert points[0][2] == BOTTOM
    assert points[1][1:] == (LEFT + (RIGHT - LEFT) / 10, (TOP + BOTTOM) / 2)
    assert points[-1] == ("L", RIGHT, TOP)


def test_a_gap_breaks_the_line():
    commands = [command for command, _, _ in places(drawn([1, 2, None, 3, 4]).lines[0].path)]

    assert commands == ["M", "L", "M", "L"]


def test_points_far_apart_are_not_joined():
    commands = [command for command, _, _ in places(drawn([1, 2, 3], step=30).lines[0].path)]

    assert commands == ["M", "M", "M"]


def test_points_outside_are_left_out():
    assert len(places(drawn([1] * 50).lines[0].path)) == 11


def test_without_points_there_is_an_empty_plot():
    plot = drawn([])

    assert (plot.lines, plot.over) == ([Line(name="", path="", latest="–")], "")
    assert plot.described == "No data."
    assert [tick.text for tick in plot.y_ticks] == ["0", "0.5", "1"]


def test_the_latest_value_is_a_text():
    assert drawn([1, 2, 3.14159]).lines[0].latest == "3.14"
    assert drawn([1, 2, None]).lines[0].latest == "–"
    assert drawn([1, 900, 3]).described == "Latest: 3. Highest: 900."


class TestLimit:
    LIMITED = Plot("rate", "Rate", (replace(RATE, limit=5), replace(RATE, key="other")))

    def test_is_a_line_where_the_scale_reaches_it(self):
        plot = drawn([1, 8], plot=self.LIMITED)

        assert plot.limit == YTick(y=(TOP + BOTTOM) / 2, text="5")
        assert drawn([1, 2], plot=self.LIMITED).limit is None

    def test_marks_the_values_above_it_alone(self):
        over = places(drawn([5, 5.1, 1, 9], plot=self.LIMITED).over)

        assert [x for _, x, _ in over] == [LEFT + 30, LEFT + 90]

    def test_is_that_of_its_series(self):
        points = [Point(at, {"rate": 1, "other": 9}) for at in (0, 10)]

        assert plots.draw(self.LIMITED, points, COVERED).over == ""

    def test_may_be_known_to_the_page_alone(self):
        plot = plots.draw(PLOT, [Point(0, {"rate": 3}), Point(10, {"rate": 9})], COVERED, limits={"rate": 5})

        assert len(places(plot.over)) == 1
        assert plot.limit.text == "5"

    def test_of_nothing_marks_whatever_is(self):
        none_at_all = Plot("rate", "Rate", (replace(RATE, limit=0),))

        assert len(places(drawn([0, 1, 0], plot=none_at_all).over)) == 1
        assert drawn([0, 1, 0], plot=none_at_all).limit is None


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (0.3, 1), (1, 1), (1.1, 2), (2, 2), (4, 5), (7, 10), (10, 10), (11, 20), (999, 1000), (4200, 5000)],
)
def test_scales_end_at_round_numbers(value, top):
    assert plots.nice(value) == top


@pytest.mark.parametrize(("value", "top"), [(0, 0.1), (0.07, 0.1), (0.15, 0.2), (0.5, 0.5), (0.51, 1), (3, 5)])
def test_small_scales_too(value, top):
    assert plots.nice(value, min_top=0.1) == top


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0123, "0.0123"), (1.5, "1.5"), (12.34, "12.3"), (123.4, "123"), (12345, "12,345")]
)
def test_numbers_are_short(value, text):
    assert plots.number(value) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (0.5, "50%"), (0.9796, "98%"), (0.12345, "12.3%"), (1, "100%")])
def test_shares_are_percents(share, text):
    assert plots.percent(share) == text
