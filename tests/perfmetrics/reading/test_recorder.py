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
from perfmetrics.reading import measures, recorder
from perfmetrics.reading.figures import Buckets, Totals
from perfmetrics.reading.recorder import Recent, advance
from tests.perfmetrics.old_version import read_as_old_version
from tests.perfmetrics.readings import make_totals

# A full minute, an hour ago: the server of the tests records its own minutes meanwhile.
MINUTE = time.time() // 60 * 60 - 3600
HOST = "of-this-test"


@pytest.fixture(autouse=True)
def _rows_go(committed):
    yield
    MinuteFigures.objects.filter(host__startswith=HOST).delete()


def reading(beats, *, bucket=50, **others):
    """Totals after this many heartbeats, all as quick as one bucket says."""
    cumulative = list(accumulate(beats if n == bucket else 0 for n in range(len(metrics.FINE) + 1)))
    values = {"workers": 2, "statements": beats / 4, "heartbeat": Buckets(cumulative, beats * 0.01)}
    return make_totals(outcomes={"counted": beats}, **{**values, **others})


def run(*readings, recent=None, server_started=MINUTE):
    """The readings (seconds after the minute, totals), one after the other: what is known, and the minutes' rows."""
    rows = []
    for seconds, totals in readings:
        recent, row = advance(recent, totals, at=MINUTE + seconds, server_started=server_started)
        rows.append(row)
    return recent, rows


class TestPoints:
    def test_are_what_happened_between_two_readings(self):
        before = reading(100, cache_hits=10, cache_misses=5, pin_checks={"right": 1})
        after = reading(140, cache_hits=37, cache_misses=8, pin_checks={"right": 2, "wrong": 3}, queue_peak=7)

        point = recorder.point(before, after, at=5.0, seconds=4.0)

        assert point.at == 5.0
        assert point.values == {
            "heartbeats": 10,
            "p50": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "p95": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "p99": pytest.approx(metrics.FINE[50] * 1000, rel=0.05),
            "statements": 0.25,
            "hit_rate": 0.9,
            "queue": 7,
            "pin_checks": 1,
            "failures": 0,
            "refused_busy": 0,
            # Of minutes only, but for the reads that hits are a share of.
            "config_fetches": None,
            "cache_reads": 30,
            "batches": None,
            "pin_checks_wrong": None,
            "slow_requests": None,
        }

    def test_of_a_quiet_time_have_gaps(self):
        point = recorder.point(reading(100), reading(100), at=5.0, seconds=2.0)

        assert [point.values[key] for key in ("heartbeats", "p95", "statements", "hit_rate")] == [0, None, None, None]

    def test_are_bounded(self):
        recent, _ = run(*((n * 0.3, reading(n)) for n in range(150)), *((60 + n * 2, reading(n)) for n in range(300)))

        assert len(recent.points) == recorder.MAX_POINTS

    def test_are_each_of_their_own_time(self):
        recent, _ = run((0, reading(0)), (2, reading(20)), (4, reading(60)))

        assert [(point.at - MINUTE, point.values["heartbeats"]) for point in recent.points] == [(2, 10), (4, 20)]


class TestMinutes:
    def test_are_complete_once_they_are_over(self, settings):
        settings.METRICS_HOST = HOST
        _, rows = run((10, reading(5)), (58, reading(90)), (60.5, reading(100)), (62, reading(110)))

        assert [row is None for row in rows] == [True, True, False, True]
        assert rows[2].minute == datetime.fromtimestamp(MINUTE, UTC)
        # A server's first minute counts from its start.
        assert (rows[2].workers, rows[2].host) == (2, HOST)
        assert (rows[2].figures["heartbeats"], rows[2].figures["statements"]) == (100, 25)
        assert rows[2].figures["p95"] == pytest.approx(metrics.FINE[50] * 1000, rel=0.05)
        assert "hit_rate" not in rows[2].figures  # the counts that it is made of are
        assert "config_fetches" not in rows[2].figures  # nobody knows it: there are no entries

    def test_count_each_beat_once(self):
        _, rows = run(*((n * 7.0, reading(n * n)) for n in range(60)))
        minutes = [row for row in rows if row]

        assert len(minutes) == 6
        # At 364 s, the first reading of the seventh minute.
        assert sum(row.figures["heartbeats"] for row in minutes) == 52 * 52

    @pytest.mark.parametrize(("replaced_at", "fetches"), [(-1, 3), (65, None)])
    def test_hold_reads_of_limits_unless_a_worker_was_replaced(self, replaced_at, fetches):
        kept = {"cache_fills": 30, "cache_entries": 10}
        workers = [{"1": MINUTE - 9, "2": MINUTE - 1}, {"1": MINUTE - 9, "3": MINUTE + replaced_at}]
        before, after = reading(5, started=workers[0]), reading(9, started=workers[1], **kept)
        _, rows = run((1, reading(1)), (61, before), (121, after))

        assert rows[-1].figures.get("config_fetches") == fetches

    def test_keep_the_longest_queue(self):
        _, rows = run(*((n * 15 + 1, reading(n, queue_peak=peak)) for n, peak in enumerate([3, 90, 1, 4, 2])))

        assert rows[-1].figures["queue"] == 90

    def test_go_on_with_another_worker(self, tmp_path):
        recent, _ = run((1, reading(5)), (61, reading(50)), (63, reading(70)))
        recorder.save(tmp_path, recent)

        _, (row,) = run((121, reading(170)), recent=recorder.load(tmp_path))

        assert row.figures["heartbeats"] == 120

    def test_do_not_hold_all_since_the_start_of_a_server_whose_file_was_lost(self):
        _, rows = run((1, reading(1000)), (61, reading(1010)), server_started=MINUTE - 600)

        assert rows[-1].figures["heartbeats"] == 10

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"at": 1}'])
    def test_start_again_where_the_file_cannot_be_read(self, tmp_path, text):
        (tmp_path / recorder.FILE).write_text(text)

        assert recorder.load(tmp_path) is None

    def test_start_again_where_the_file_is_another_versions(self, tmp_path):
        old = {"at": 1.0, "minute": 0.0, "peak": 3, "points": [], "last": {"workers": 2}, "base": {"workers": 2}}
        (tmp_path / recorder.FILE).write_text(json.dumps(old))

        assert recorder.load(tmp_path) is None

    def test_start_again_without_a_file(self, tmp_path):
        assert recorder.load(tmp_path) is None
        assert recorder.load(None) is None


class TestFetchesPerProfile:
    def fetches(self, *, fills, entries, invalidations=0):
        now = make_totals(cache_fills=fills, cache_entries=entries, cache_invalidations=invalidations)
        return measures.fetches_per_profile(Totals(), now)

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
        row.figures |= values
        return row

    def test_the_first_worker_to_write_a_minute_wins(self):
        recorder.store([self.row(heartbeats=10)], now=timezone.now())
        recorder.store([self.row(heartbeats=99), self.row(minutes_ago=1, heartbeats=7)], now=timezone.now())

        assert sorted(MinuteFigures.objects.filter(host=HOST).values_list("figures__heartbeats", flat=True)) == [7, 10]

    def test_each_host_has_its_own(self):
        recorder.store([self.row(), self.row(host=f"{HOST}-too")], now=timezone.now())

        assert MinuteFigures.objects.filter(host__startswith=HOST).count() == 2

    def test_what_is_older_than_the_page_shows_goes(self):
        recorder.store([self.row(minutes_ago=60 * 24 * 8 - 5), self.row(minutes_ago=60 * 24 * 9)], now=timezone.now())
        assert MinuteFigures.objects.filter(host=HOST).count() == 1

        recorder.store([], now=timezone.now() + timedelta(minutes=10))
        assert MinuteFigures.objects.filter(host=HOST).count() == 0


class TestOldVersion:
    """Workers of the version before this one read minutes that this one wrote, during a deploy or after a rollback."""

    def test_reads_each_value_in_its_own_column(self, settings):
        settings.METRICS_HOST = HOST
        counts = {"cache_hits": 27, "cache_misses": 3, "pin_checks": {"right": 2, "wrong": 3}, "batches": 9}
        others = {"failures": 1, "slow_requests": 6, "cache_entries": 10, "cache_fills": 20}
        _, rows = run((1, reading(0, queue_peak=7)), (61, reading(100, queue_peak=4, **counts, **others)))

        recorder.store([row for row in rows if row], now=timezone.now())

        quantile = pytest.approx(metrics.FINE[50] * 1000, rel=0.05)
        assert read_as_old_version(HOST) == {
            "heartbeats": 100,
            "failures": 1,
            "statements": 25,
            "batches": 9,
            "refused_busy": 0,
            "cache_hits": 27,
            "cache_misses": 3,
            "config_fetches": 2,
            "pin_checks": 5,
            "pin_checks_wrong": 3,
            "slow_requests": 6,
            "p50": quantile,
            "p95": quantile,
            "p99": quantile,
            "queue": 7,
        }


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
            patch.setattr(recorder, "store", lambda rows, *, now: (_ for _ in ()).throw(OperationalError("gone")))
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

            task = asyncio.create_task(recorder.Recorder()._repeat(tick, 0.001))
            await asyncio.wait_for(third.wait(), 30)
            task.cancel()

        asyncio.run(run_for_a_while())

        assert caplog.records[0].exc_info


def test_the_running_server_writes_its_points(server):
    """The lifespan's tasks do run."""
    from perfmetrics.counting import folder

    path = folder.path() / recorder.FILE
    deadline = time.monotonic() + 30
    while not path.exists() or len(json.loads(path.read_text())["points"]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert isinstance(recorder.load(folder.path()), Recent)
