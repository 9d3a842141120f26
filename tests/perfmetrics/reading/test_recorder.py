"""Readings become points and minutes; minutes are written once a host, kept a week, and wait for a lost database."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from django.db import OperationalError
from django.utils import timezone

from perfmetrics.counting import metrics
from perfmetrics.models import MinuteFigures
from perfmetrics.reading import recorder
from perfmetrics.reading.figures import Buckets, Totals
from perfmetrics.reading.recorder import Recent, advance

# A full minute, an hour ago: the server of the tests records its own minutes meanwhile.
MINUTE = time.time() // 60 * 60 - 3600
HOST = "of-this-test"


@pytest.fixture(autouse=True)
def _rows_go(committed):
    yield
    MinuteFigures.objects.filter(host__startswith=HOST).delete()


def reading(beats, *, bucket=50, **others):
    """Totals after so many beats, all as quick as one bucket says."""
    cumulative = list(accumulate(beats if n == bucket else 0 for n in range(len(metrics.FINE) + 1)))
    values = {"workers": 2, "statements": beats / 4, "heartbeat": Buckets(cumulative, beats * 0.01)}
    return Totals(outcomes={"counted": beats}, **{**values, **others})


def run(*readings, recent=None):
    """The readings (seconds after the minute, totals), one after the other: what is known, and the minutes' rows."""
    rows = []
    for seconds, totals in readings:
        recent, row = advance(recent, totals, at=MINUTE + seconds)
        rows.append(row)
    return recent, rows


class TestPoints:
    def test_tell_what_happened_between_two_readings(self):
        before = reading(100, cache_hits=10, cache_misses=5, pin_checks={"right": 1})
        after = reading(
            140, cache_hits=37, cache_misses=8, pin_checks={"right": 2, "wrong": 3}, queue_peak=7, hashes_waiting=4
        )

        point = recorder.point(before, after, at=5.0, seconds=4.0)

        assert point == {
            "at": 5.0,
            "heartbeats": 10,
            "p50": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "p95": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "p99": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "statements": 0.25,
            "hit_rate": 0.9,
            "queue": 7,
            "pin_checks": 1,
            "pin_waiting": 4,
            "failures": 0,
            "refused_busy": 0,
        }

    def test_of_a_quiet_time_have_gaps(self):
        point = recorder.point(reading(100), reading(100), at=5.0, seconds=2.0)

        assert [point[key] for key in ("heartbeats", "p95", "statements", "hit_rate")] == [0, None, None, None]

    def test_are_bounded(self):
        recent, _ = run(*((n * 0.3, reading(n)) for n in range(150)), *((60 + n * 2, reading(n)) for n in range(300)))

        assert len(recent.points) == recorder.POINTS_KEPT

    def test_are_each_of_their_own_time(self):
        recent, _ = run((0, reading(0)), (2, reading(20)), (4, reading(60)))

        assert [(point["at"] - MINUTE, point["heartbeats"]) for point in recent.points] == [(2, 10), (4, 20)]


class TestMinutes:
    def test_are_told_once_they_are_over(self, settings):
        settings.METRICS_HOST = HOST
        _, rows = run((10, reading(5)), (58, reading(90)), (60.5, reading(100)), (62, reading(110)))

        assert [row is None for row in rows] == [True, True, False, True]
        assert rows[2].minute == datetime.fromtimestamp(MINUTE, UTC)
        # A server's first minute counts from its start.
        assert (rows[2].heartbeats, rows[2].statements, rows[2].workers, rows[2].host) == (100, 25, 2, HOST)
        assert rows[2].p95_ms == pytest.approx(metrics.FINE[50] * 1000, rel=0.05)

    def test_count_each_beat_once(self):
        _, rows = run(*((n * 7.0, reading(n * n)) for n in range(60)))
        minutes = [row for row in rows if row]

        assert len(minutes) == 6
        assert sum(row.heartbeats for row in minutes) == 52 * 52  # at 364 s, the first reading of the seventh minute

    def test_tell_reads_of_limits_unless_a_worker_was_replaced_meanwhile(self):
        kept = {"cache_fills": 30, "cache_entries": 10}
        for youngest, told in ((MINUTE - 1, 3), (MINUTE + 5, None)):
            _, rows = run((1, reading(1)), (61, reading(9, youngest=youngest, **kept)))
            assert rows[-1].config_fetches == told

    def test_keep_the_longest_queue(self):
        _, rows = run(*((n * 15 + 1, reading(n, queue_peak=peak)) for n, peak in enumerate([3, 90, 1, 4, 2])))

        assert rows[-1].longest_queue == 90

    def test_go_on_with_another_worker(self, tmp_path):
        recent, _ = run((1, reading(5)), (61, reading(50)), (63, reading(70)))
        recorder.save(tmp_path, recent)

        _, (row,) = run((121, reading(170)), recent=recorder.load(tmp_path))

        assert row.heartbeats == 120

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"at": 1}'])
    def test_begin_anew_where_the_file_cannot_be_read(self, tmp_path, text):
        (tmp_path / recorder.FILE).write_text(text)

        assert recorder.load(tmp_path) is None

    def test_begin_anew_without_a_file(self, tmp_path):
        assert recorder.load(tmp_path) is None
        assert recorder.load(None) is None


class TestFetchesAProfile:
    def fetches(self, *, fills, entries, invalidations=0):
        return recorder.fetches_a_profile(
            Totals(), Totals(cache_fills=fills, cache_entries=entries, cache_invalidations=invalidations)
        )

    def test_are_one_while_the_cache_does_its_work(self):
        assert self.fetches(fills=500, entries=500) == 1

    def test_are_more_where_the_cache_is_too_small(self):
        assert self.fetches(fills=3000, entries=500) == 6

    def test_do_not_blame_a_change(self):
        assert self.fetches(fills=510, entries=500, invalidations=10) == 1

    def test_are_unknown_without_entries(self):
        assert self.fetches(fills=0, entries=0) is None

    def test_are_those_of_a_lifetime(self, settings):
        settings.CACHES = {**settings.CACHES, "profiles": {**settings.CACHES["profiles"], "TIMEOUT": 6}}

        assert self.fetches(fills=5000, entries=500) == 1


class TestTable:
    def row(self, minutes_ago=0, host=HOST, **values):
        _, rows = run((0, reading(1)), (60, reading(10)))
        row = rows[-1]
        row.minute, row.host = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago), host
        for name, value in values.items():
            setattr(row, name, value)
        return row

    def test_the_first_worker_to_write_a_minute_wins(self):
        recorder.keep([self.row(heartbeats=10)], now=timezone.now())
        recorder.keep([self.row(heartbeats=99), self.row(minutes_ago=1, heartbeats=7)], now=timezone.now())

        assert sorted(MinuteFigures.objects.filter(host=HOST).values_list("heartbeats", flat=True)) == [7, 10]

    def test_each_host_has_its_own(self):
        recorder.keep([self.row(), self.row(host=f"{HOST}-too")], now=timezone.now())

        assert MinuteFigures.objects.filter(host__startswith=HOST).count() == 2

    def test_what_is_older_than_the_page_shows_goes(self):
        recorder.keep([self.row(minutes_ago=60 * 24 * 8 - 5), self.row(minutes_ago=60 * 24 * 9)], now=timezone.now())
        assert MinuteFigures.objects.filter(host=HOST).count() == 1

        recorder.keep([], now=timezone.now() + timedelta(minutes=10))
        assert MinuteFigures.objects.filter(host=HOST).count() == 0


class TestRecorder:
    def record(self, recording, folder, *minutes):
        """A reading, a second after each of these minutes began."""

        async def ticks():
            for minute in minutes:
                await recording.record(folder, at=MINUTE + 60 * minute + 1)

        asyncio.run(ticks())

    def rows(self):
        """Those of an hour ago."""
        return MinuteFigures.objects.filter(host=HOST, minute__lt=datetime.fromtimestamp(MINUTE + 600, UTC))

    def test_one_worker_of_a_host_records(self, tmp_path):
        one, other = recorder.Recorder(), recorder.Recorder()

        self.record(one, tmp_path, 0)
        self.record(other, tmp_path, 5)
        assert recorder.load(tmp_path).at == MINUTE + 1

        os.close(one._lock)  # as the kernel does when it dies
        self.record(other, tmp_path, 0.5)
        assert recorder.load(tmp_path).at == MINUTE + 31

    def test_minutes_wait_for_the_database(self, tmp_path, monkeypatch, settings):
        settings.METRICS_HOST = HOST
        recording = recorder.Recorder()
        with monkeypatch.context() as patch:
            patch.setattr(recorder, "keep", lambda rows, *, now: (_ for _ in ()).throw(OperationalError("gone")))
            self.record(recording, tmp_path, 0, 1, 2, 3)
        assert not self.rows().exists()

        self.record(recording, tmp_path, 3.5)
        assert not self.rows().exists()
        self.record(recording, tmp_path, 4)

        assert self.rows().count() == 4
        assert recording._unsaved == []

    def test_a_reading_that_fails_ends_nothing(self, caplog):
        """The task goes on; what failed is in the log."""
        calls = []

        async def run_for_a_while():
            third = asyncio.Event()

            async def tick():
                calls.append(1)
                if len(calls) == 3:
                    third.set()
                raise ValueError("broken")

            task = asyncio.create_task(recorder.Recorder()._again(tick, 0.001))
            await asyncio.wait_for(third.wait(), 30)
            task.cancel()

        asyncio.run(run_for_a_while())

        assert caplog.records[0].exc_info


def test_the_running_server_writes_its_points(server):
    """The lifespan's tasks do run."""
    from perfmetrics.counting import folder  # noqa: PLC0415

    path = folder.path() / recorder.FILE
    deadline = time.monotonic() + 30
    while not path.exists() or len(json.loads(path.read_text())["points"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert isinstance(recorder.load(folder.path()), Recent)
