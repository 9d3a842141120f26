"""Readings become points and minutes."""

import json
from datetime import UTC, datetime

import pytest

from perfmetrics.counting import metrics
from perfmetrics.reading import measures, recorder
from perfmetrics.reading.figures import Totals
from tests.perfmetrics.readings import MINUTE, advance_by, make_reading, make_totals

HOST = "of-this-test"


class TestPoints:
    def test_are_what_happened_between_two_readings(self):
        before = make_reading(100, cache_hits=10, cache_misses=5, pin_checks={"right": 1})
        after = make_reading(140, cache_hits=37, cache_misses=8, pin_checks={"right": 2, "wrong": 3}, queue_peak=7)

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
            "connections_ended": 0,
            # Of minutes only, but for the reads that hits are a share of.
            "config_fetches": None,
            "cache_reads": 30,
            "cache_entries_wanted": None,
            "batches": None,
            "pin_checks_wrong": None,
            "slow_requests": None,
        }

    def test_of_a_quiet_time_have_gaps(self):
        point = recorder.point(make_reading(100), make_reading(100), at=5.0, seconds=2.0)

        assert [point.values[key] for key in ("heartbeats", "p95", "statements", "hit_rate")] == [0, None, None, None]

    def test_are_bounded(self):
        recent, _ = advance_by(
            *((n * 0.3, make_reading(n)) for n in range(150)), *((60 + n * 2, make_reading(n)) for n in range(300))
        )

        assert len(recent.points) == recorder.MAX_POINTS

    def test_are_each_of_their_own_time(self):
        recent, _ = advance_by((0, make_reading(0)), (2, make_reading(20)), (4, make_reading(60)))

        assert [(point.at - MINUTE, point.values["heartbeats"]) for point in recent.points] == [(2, 10), (4, 20)]


class TestMinutes:
    def test_are_complete_once_they_are_over(self, settings):
        settings.METRICS_HOST = HOST
        _, rows = advance_by(
            (10, make_reading(5)), (58, make_reading(90)), (60.5, make_reading(100)), (62, make_reading(110))
        )

        assert [row is None for row in rows] == [True, True, False, True]
        assert rows[2].minute == datetime.fromtimestamp(MINUTE, UTC)
        # A server's first minute counts from its start.
        assert (rows[2].workers, rows[2].host) == (2, HOST)
        assert (rows[2].figures["heartbeats"], rows[2].figures["statements"]) == (100, 25)
        assert rows[2].figures["p95"] == pytest.approx(metrics.FINE[50] * 1000, rel=0.05)
        assert "hit_rate" not in rows[2].figures  # the counts that it is made of are
        assert "config_fetches" not in rows[2].figures  # nobody knows it: there are no entries

    def test_count_each_beat_once(self):
        _, rows = advance_by(*((n * 7.0, make_reading(n * n)) for n in range(60)))
        minutes = [row for row in rows if row]

        assert len(minutes) == 6
        # At 364 s, the first reading of the seventh minute.
        assert sum(row.figures["heartbeats"] for row in minutes) == 52 * 52

    @pytest.mark.parametrize(("replaced_at", "fetches"), [(-1, 3), (65, None)])
    def test_hold_reads_of_limits_unless_a_worker_was_replaced(self, replaced_at, fetches):
        kept = {"cache_fills": 30, "cache_entries": 10}
        workers = [{"1": MINUTE - 9, "2": MINUTE - 1}, {"1": MINUTE - 9, "3": MINUTE + replaced_at}]
        before, after = make_reading(5, started=workers[0]), make_reading(9, started=workers[1], **kept)
        _, rows = advance_by((1, make_reading(1)), (61, before), (121, after))

        assert rows[-1].figures.get("config_fetches") == fetches

    def test_keep_the_longest_queue(self):
        _, rows = advance_by(
            *((n * 15 + 1, make_reading(n, queue_peak=peak)) for n, peak in enumerate([3, 90, 1, 4, 2]))
        )

        assert rows[-1].figures["queue"] == 90

    def test_go_on_with_another_worker(self, tmp_path):
        recent, _ = advance_by((1, make_reading(5)), (61, make_reading(50)), (63, make_reading(70)))
        recorder.save(tmp_path, recent)

        _, (row,) = advance_by((121, make_reading(170)), recent=recorder.load(tmp_path))

        assert row.figures["heartbeats"] == 120

    def test_do_not_hold_all_since_the_start_of_a_server_whose_file_was_lost(self):
        _, rows = advance_by((1, make_reading(1000)), (61, make_reading(1010)), server_started=MINUTE - 600)

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
