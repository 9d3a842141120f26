"""A figure that is added to the registry, and nowhere else, is measured, stored with each minute, and shown."""

import re
import time
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter

from perfmetrics.models import MinuteFigures
from perfmetrics.page import past, performance
from perfmetrics.reading import figures, recorder, registry
from perfmetrics.reading.figures import Totals
from perfmetrics.reading.measures import INTERVAL, PEAK, SECOND, WORST, Figure, Plot, counter

HOST = "of-the-registry"
MINUTE = time.time() // 60 * 60 - 600


@pytest.fixture
def logins(monkeypatch):
    """Adds a figure that nothing else knows; its counter, and how to read it."""
    own = CollectorRegistry()
    counted = Counter("sandglass_logins", "Logins by outcome", ["outcome"], registry=own)
    figure = Figure(
        "logins", counter("logins_total"), SECOND, tile="Logins per second", limit=5, warning="Too many: %(value)s."
    )
    monkeypatch.setattr(registry, "PLOTS", (*registry.PLOTS, Plot("logins", "Logins per second", (figure,))))
    for outcome in ("right", "wrong"):
        counted.labels(outcome)  # counts on from where another test of this process left it
    return counted, lambda: figures.totals(own.collect())


@pytest.fixture
def recorded(logins, committed, settings, tmp_path):
    """What the recorder knows after a minute with 600 logins."""
    settings.METRICS_HOST = HOST
    counted, read = logins
    recent, rows = None, []
    for seconds, outcome, count in ((0, "right", 0), (30, "right", 240), (32, "wrong", 20), (62, "wrong", 340)):
        counted.labels(outcome).inc(count)
        recent, row = recorder.advance(recent, read(), at=MINUTE + seconds, server_started=MINUTE - 600)
        rows.append(row)
    recorder.store([row for row in rows if row], now=timezone.now())
    recorder.save(tmp_path, recent)
    yield recorder.load(tmp_path)
    MinuteFigures.objects.filter(host=HOST).delete()


def test_it_is_in_each_point(recorded):
    assert [point.values["logins"] for point in recorded.points] == [8, 10, pytest.approx(340 / 30, abs=1e-4)]


def test_it_is_stored_with_the_minute(recorded):
    assert MinuteFigures.objects.get(host=HOST).figures["logins"] == 600


def test_it_is_on_the_page(recorded):
    live = performance.live(recorded, {}, now=MINUTE + 62)
    hour = past.last_hour(now=MINUTE + 600)

    (tile,) = (tile for tile in live.tiles if tile.key == "logins")
    assert (tile.title, tile.value, tile.is_bad) == ("Logins per second", "9.78", True)
    assert "Too many: 11.3." in live.warnings
    (plot,) = (plot for plot in live.plots if plot.key == "logins")
    assert (plot.title, plot.lines[0].latest) == ("Logins per second", "11.3")
    assert plot.over
    assert hour.heads[-1] == "Logins per second"
    assert "10" in [row[-1] for row in hour.rows]
    assert hour.plots[-1].lines[0].path


def test_minutes_from_before_it_was_there_are_gaps(logins, committed):
    minute = datetime.fromtimestamp(MINUTE, UTC)
    MinuteFigures.objects.create(minute=minute, host=HOST, workers=1, figures={"heartbeats": 60})

    hour = past.last_hour(now=MINUTE + 600)

    assert "–" in [row[-1] for row in hour.rows]
    assert hour.plots[-1].lines[0].path == ""
    MinuteFigures.objects.filter(host=HOST).delete()


class TestList:
    def test_has_each_key_and_each_stored_name_once(self):
        for names in ([f.key for f in registry.all_figures()], [f.column for f in registry.all_figures()]):
            assert len(names) == len(set(names))

    def test_names_only_what_is_there(self):
        stored = {figure.column for figure in registry.all_figures() if figure.is_count}
        tiles = {figure.key for figure in registry.all_figures() if figure.tile}
        texts = {figure.key for figure in registry.all_figures()} | {"queue_limit", "pins_waiting"}
        for figure in registry.all_figures():
            assert figure.per in {SECOND, INTERVAL, WORST, PEAK} | stored
            assert figure.marks in tiles | {""}
            assert set(re.findall(r"%\((\w+)\)", str(figure.note))) <= texts

    def test_measures_nothing_without_counts(self):
        values = registry.measured(Totals(), Totals(), is_live=False)

        assert set(values.values()) == {0, None}
        assert set(registry.shown(values, seconds=2).values()) == {0, None}
