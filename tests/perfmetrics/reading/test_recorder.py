"""Minutes are written once a host, kept a week, and wait for a lost database."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from perfmetrics.counting import metrics
from perfmetrics.models import MinuteFigures
from perfmetrics.reading import recorder
from perfmetrics.reading.recorder import Recent
from tests.perfmetrics.old_version import read_as_old_version
from tests.perfmetrics.readings import MINUTE, advance_by, make_reading

HOST = "of-this-test"


@pytest.fixture(autouse=True)
def _rows_go(committed):
    yield
    MinuteFigures.objects.filter(host__startswith=HOST).delete()


class TestTable:
    def row(self, minutes_ago=0, host=HOST, **values):
        _, rows = advance_by((0, make_reading(1)), (60, make_reading(10)))
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
        _, rows = advance_by(
            (1, make_reading(0, queue_peak=7)), (61, make_reading(100, queue_peak=4, **counts, **others))
        )

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

    def test_minutes_wait_for_the_database(self, tmp_path, monkeypatch, settings, events):
        settings.METRICS_HOST = HOST
        recording = recorder.Recorder()
        gone = OperationalError("gone\nDETAIL:  Failing row contains (Mia).")
        with monkeypatch.context() as patch:
            patch.setattr(recorder, "store", lambda rows, *, now: (_ for _ in ()).throw(gone))
            self.record(recording, tmp_path, 0, 1, 2, 3)
        assert not self.rows().exists()
        # The message's next lines quote rows.
        assert {event["error"] for event in events("figures_wait_for_the_database")} == {"gone"}

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
