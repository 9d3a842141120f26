"""The cache of every process: bounds, order of eviction, expiry, figures, and Django's cache API."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from perfmetrics.counting.cache import counted
from tests.perfmetrics.caches import figures_of, held, make_cache


@pytest.fixture
def at(monkeypatch):
    """Set the seconds that the cache reads."""

    def set_time(seconds):
        monkeypatch.setattr("perfmetrics.counting.cache.time.time", lambda: 1_700_000_000.0 + seconds)

    set_time(0)
    return set_time


class TestEntries:
    def test_the_object_itself_is_kept(self):
        cache, entry = make_cache(), object()
        cache.set("a", entry)

        assert cache.get("a") is entry

    def test_any_hashable_is_a_key(self):
        cache, key = make_cache(), uuid.uuid4()
        cache.set(key, 1)
        cache.set(b"\0", 2)
        cache.set(("a", "long key with spaces" * 50), 3)

        assert (cache.get(key), cache.get(b"\0"), cache.get(str(key))) == (1, 2, None)

    def test_what_is_not_there_is_the_default(self):
        assert make_cache().get("a") is None
        assert make_cache().get("a", 7) == 7

    def test_none_is_an_entry(self):
        cache = make_cache()
        cache.set("a", None)

        assert cache.get("a", 7) is None
        assert cache.delete("a") is True
        assert cache.get("a", 7) == 7


class TestBound:
    def test_the_least_recently_used_goes_first_one_by_one(self):
        cache = make_cache(maximum=3)
        for key in "abc":
            cache.set(key, key)
        cache.get("a")

        kept = []
        for key in "defg":
            cache.set(key, key)
            kept.append(held(cache))

        assert kept == ["acd", "ade", "def", "efg"]

    def test_setting_again_is_a_use_and_evicts_nothing(self):
        cache = make_cache(maximum=3)
        for key in "abca":
            cache.set(key, key)

        assert held(cache) == "abc"
        cache.set("d", 1)
        assert held(cache) == "acd"

    def test_counting_up_is_a_use(self):
        cache = make_cache(maximum=2)
        cache.set("a", 1)
        cache.set("b", 1)
        cache.incr("a")
        cache.set("c", 1)

        assert held(cache) == "ac"

    def test_looking_for_a_key_is_no_use(self):
        cache = make_cache(maximum=2)
        cache.set("a", 1)
        cache.set("b", 1)
        assert cache.has_key("a")
        cache.set("c", 1)

        assert held(cache) == "bc"

    @pytest.mark.parametrize("filled", [10_001, 25_000])
    def test_ten_thousand_is_ten_thousand(self, filled):
        cache = make_cache(maximum=10_000)
        for key in range(filled):
            cache.set(key, key)
            assert len(cache) <= 10_000

        assert len(cache) == 10_000
        assert [key for key in range(filled) if cache.has_key(key)] == list(range(filled - 10_000, filled))

    def test_the_settings_give_the_profiles_ten_thousand_entries_for_a_minute(self):
        cache = counted("profiles")

        assert (cache.max_entries, cache.default_timeout) == (settings.CONFIG_CACHE_MAX_ENTRIES, 60)
        assert settings.CONFIG_CACHE_MAX_ENTRIES == 10_000


class TestExpiry:
    def test_an_entry_lives_as_long_as_the_cache_says(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1)

        at(59.9)
        assert cache.get("a") == 1
        at(60)
        assert cache.get("a") is None

    def test_a_use_does_not_prolong_it_but_setting_again_does(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1)
        cache.set("b", 1)
        at(30)
        cache.get("a")
        cache.set("b", 1)
        at(61)

        assert held(cache) == "b"

    @pytest.mark.parametrize("look", [lambda cache: cache.get("a"), lambda cache: cache.has_key("a")])
    def test_an_expired_one_is_dropped_on_sight(self, at, look):
        cache = make_cache(ttl=60)
        cache.set("a", 1)
        at(60)
        assert len(cache) == 1

        look(cache)

        assert len(cache) == 0

    def test_an_entry_may_have_its_own_time(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1, timeout=5)
        cache.set("b", 1, timeout=None)
        cache.set("c", 1, timeout=0)

        assert held(cache) == "ab"
        at(1_000_000)
        assert held(cache) == "b"

    def test_touch_gives_new_time(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1)
        at(50)

        assert cache.touch("a")
        assert not cache.touch("b")
        at(109)
        assert cache.get("a") == 1

    def test_an_expired_one_can_be_added_but_neither_touched_nor_counted(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1)
        at(60)

        assert not cache.touch("a")
        with pytest.raises(ValueError, match="'a' not found"):
            cache.incr("a")
        assert cache.add("a", 2)
        assert cache.get("a") == 2


class TestDjangosPromises:
    def test_add_keeps_what_is_there(self):
        cache = make_cache()

        assert (cache.add("a", 1), cache.add("a", 2), cache.get("a")) == (True, False, 1)

    def test_incr_and_decr(self, at):
        cache = make_cache(ttl=60)
        cache.set("a", 1)
        at(30)

        assert (cache.incr("a"), cache.incr("a", 5), cache.decr("a", 2)) == (2, 7, 5)
        at(60)
        assert cache.get("a") is None

    def test_delete_returns_whether_it_was_there(self):
        cache = make_cache()
        cache.set("a", 1)

        assert (cache.delete("a"), cache.delete("a"), "a" in cache) == (True, False, False)

    def test_clear_leaves_nothing(self):
        cache = make_cache()
        cache.set_many({"a": 1, "b": 2})
        cache.clear()

        assert (len(cache), held(cache)) == (0, "")

    def test_many_at_once(self):
        cache = make_cache()

        assert cache.set_many({"a": 1, "b": 2}) == []
        assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
        cache.delete_many(["a", "c"])
        assert held(cache) == "b"

    def test_get_or_set(self):
        cache = make_cache()

        assert cache.get_or_set("a", lambda: 1) == 1
        assert cache.get_or_set("a", lambda: 2) == 1


class TestFigures:
    def test_hits_and_misses_are_those_of_get(self, at):
        cache = make_cache(ttl=60)
        cache.get("a")
        cache.set("a", 1)
        cache.get("a")
        cache.get("a")
        at(60)
        cache.get("a")

        assert figures_of(cache) == (2, 2, 0)

    def test_every_invalidation_counts_and_drops(self):
        cache = make_cache()
        cache.set("a", 1)
        cache.invalidate("a")
        cache.invalidate("never there")

        assert (figures_of(cache), held(cache)) == ((0, 0, 2), "")

    def test_evictions_and_deletions_are_no_invalidations(self):
        cache = make_cache(maximum=1)
        cache.set("a", 1)
        cache.set("b", 1)
        cache.delete("b")

        assert figures_of(cache) == (0, 0, 0)

    def test_two_of_one_name_are_one(self):
        # Django makes an instance for every thread.
        name = uuid.uuid4().hex
        one, other = make_cache(name=name), make_cache(name=name)
        one.set("a", 1)
        other.get("a")
        one.get("b")
        other.invalidate("a")

        assert figures_of(one) == figures_of(other) == (1, 1, 1)
        assert (len(one), len(other)) == (0, 0)

    def test_two_of_different_names_share_nothing(self):
        one, other = make_cache(), make_cache()
        one.set("a", 1)
        one.get("a")

        assert (other.get("a"), figures_of(other)) == (None, (0, 1, 0))


def test_eight_threads_at_once_break_nothing():
    name, rounds = uuid.uuid4().hex, 4_000

    def hammer(seed):
        cache, choose, largest = make_cache(maximum=16, name=name), random.Random(seed), 0
        for _ in range(rounds):
            key = choose.randrange(40)
            cache.set(key, key)
            assert cache.get(choose.randrange(40), key) in range(40)
            cache.invalidate(choose.randrange(40))
            cache.add(key, key)
            largest = max(largest, len(cache))
        return largest

    with ThreadPoolExecutor(8) as threads:
        largest = max(threads.map(hammer, range(8)))

    cache = make_cache(maximum=16, name=name)
    hits, misses, invalidations = figures_of(cache)
    assert 0 < largest <= 16
    assert (hits + misses, invalidations) == (8 * rounds, 8 * rounds)
    assert len([key for key in range(40) if cache.has_key(key)]) == len(cache)
