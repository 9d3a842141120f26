"""A cache that is too small is said loudly: on the Performance page, and once an hour in the log."""

import asyncio

import pytest

from perfmetrics.page import performance
from perfmetrics.reading import recorder, registry
from perfmetrics.reading.cache_size import wanted_entries
from perfmetrics.reading.recorder import Recorder
from tests.perfmetrics.readings import MINUTE, make_totals

SENTENCE = "Set CONFIG_CACHE_MAX_ENTRIES to 51,000 and restart."


def wanted(**counts):
    before = make_totals(cache_hits=0, cache_misses=0, cache_overflows=0)
    return wanted_entries(before, make_totals(**{"workers": 1, "cache_overflows": 0, **counts}))


class TestWanted:
    def test_is_unknown_while_nothing_is_dropped_however_low_the_hit_rate(self):
        """Entries of 60 s and beats of 30 s: the rate is a half at best."""
        assert wanted(cache_hits=5_000, cache_misses=5_000) is None
        assert wanted(cache_hits=5_000, cache_misses=5_000, cache_overflows=100) is None
        assert wanted() is None

    def test_is_unknown_while_hits_are_90_percent(self):
        assert wanted(cache_hits=9_000, cache_misses=1_000, cache_overflows=500) is None
        assert wanted(cache_hits=8_999, cache_misses=1_001, cache_overflows=500) == 11_000

    def test_is_the_misses_of_a_lifetime_rounded_up(self):
        assert wanted(cache_hits=10_000, cache_misses=50_001, cache_overflows=40_000) == 51_000

    def test_is_for_each_worker(self):
        assert wanted(workers=2, cache_hits=10_000, cache_misses=50_001, cache_overflows=40_000) == 30_000
        assert wanted(workers=5, cache_hits=10_000, cache_misses=50_001, cache_overflows=40_000) == 18_000

    def test_is_more_than_there_is(self):
        assert wanted(cache_hits=1_000, cache_misses=2_000, cache_overflows=100) == 11_000

    def test_follows_the_lifetime_of_an_entry(self, settings):
        settings.CACHES = {**settings.CACHES, "profiles": {**settings.CACHES["profiles"], "TIMEOUT": 120}}

        assert wanted(cache_hits=10_000, cache_misses=50_000, cache_overflows=40_000) == 100_000

    def test_leaves_out_caches_that_the_setting_does_not_bound(self, settings):
        settings.CONFIG_CACHE_MAX_ENTRIES = 20_000

        assert wanted(cache_hits=10_000, cache_misses=50_000, cache_overflows=40_000) is None


def test_the_page_says_which_number_to_set():
    live = performance.live(None, {registry.CACHE_WANTED: 51_000.0}, now=MINUTE)

    assert [warning for warning in live.warnings if SENTENCE in warning]
    assert [tile.key for tile in live.tiles if tile.is_bad] == ["hit_rate"]
    assert performance.live(None, {registry.CACHE_WANTED: None}, now=MINUTE).warnings == []


@pytest.fixture
def logged(monkeypatch):
    """The warnings of the recorder."""
    found = []
    monkeypatch.setattr(recorder.log, "warning", lambda event, **fields: found.append((event, fields)))
    return found


def test_the_log_warns_once_an_hour(monkeypatch, tmp_path, logged):
    totals = iter(
        make_totals(workers=1, cache_hits=10_000 * n, cache_misses=50_001 * n, cache_overflows=40_000 * n)
        for n in range(1, 100)
    )
    monkeypatch.setattr(recorder.figures, "read", lambda: next(totals))
    monkeypatch.setattr(recorder.folder, "started", lambda: MINUTE - 7200)
    monkeypatch.setattr(recorder, "store", lambda rows, *, now: None)
    recording = Recorder()

    async def record():
        for minute in range(63):
            await recording.record(tmp_path, at=MINUTE + 60 * minute + 1)

    asyncio.run(record())

    # After the first whole minute, and an hour later.
    assert logged == [("cache_too_small", {"max_entries": 10_000, "wanted_entries": 51_000})] * 2


def test_a_minute_without_overflow_is_not_warned_of(monkeypatch, tmp_path, logged):
    totals = iter(make_totals(workers=1, cache_hits=n, cache_misses=n) for n in range(1, 100))
    monkeypatch.setattr(recorder.figures, "read", lambda: next(totals))
    monkeypatch.setattr(recorder, "store", lambda rows, *, now: None)
    recording = Recorder()

    async def record():
        for minute in range(3):
            await recording.record(tmp_path, at=MINUTE + 60 * minute + 1)

    asyncio.run(record())

    assert logged == []
