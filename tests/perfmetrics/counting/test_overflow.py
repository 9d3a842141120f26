"""A cache that is too small: what it keeps, and how often it hits, while many keys are used in turn."""

import uuid

import pytest

from perfmetrics.counting.overflow import ADMIT_EVERY
from tests.perfmetrics.caches import held, make_cache

ENTRIES = 200


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the cache reads; a list of one."""
    now = [1_700_000_000.0]
    monkeypatch.setattr("perfmetrics.counting.cache.time.time", lambda: now[0])
    return now


def use(cache, key):
    """As a lookup does; whether it was there."""
    if cache.get(key) is not None:
        return True
    cache.set(key, key)
    return False


def hit_rate(cache, keys):
    return sum(use(cache, key) for key in keys) / len(keys)


@pytest.mark.parametrize(("times_the_room", "least"), [(1, 1.0), (1.2, 0.8), (1.5, 0.6), (2, 0.4), (3, 0.25), (5, 0.1)])
def test_keys_used_in_turn_hit_in_proportion_to_the_room(clock, times_the_room, least):
    cache, keys = make_cache(maximum=ENTRIES), [uuid.UUID(int=n) for n in range(int(times_the_room * ENTRIES))]
    for _ in range(3):
        hit_rate(cache, keys)

    rates = [hit_rate(cache, keys) for _ in range(5)]

    assert least <= min(rates)
    assert max(rates) <= 1 / times_the_room
    assert len(cache) == ENTRIES


def test_players_who_beat_every_30_s_and_entries_of_60_s(clock):
    """As the caches are used: with room for all of them every second beat misses, with half of it three in four."""
    rates = {}
    for times_the_room in (0.9, 2):
        cache, players = make_cache(maximum=ENTRIES, ttl=60), range(int(times_the_room * ENTRIES))
        hits = 0
        for _ in range(8):
            for player in players:
                clock[0] += 30 / len(players)
                hits += use(cache, player)
        rates[times_the_room] = hits / (8 * len(players))

    assert rates[0.9] == 0.5
    assert 0.2 < rates[2] <= 0.25


def test_a_key_that_was_never_dropped_takes_the_place_of_the_least_recently_used(clock):
    cache = make_cache(maximum=3)
    for key in "abc":
        use(cache, key)
    use(cache, "a")

    assert [use(cache, key) for key in "de"] == [False, False]
    assert held(cache) == "ade"


def test_of_the_keys_that_come_back_one_in_sixteen_takes_a_place(clock):
    cache = make_cache(maximum=2)
    for key in "abc":  # a is dropped
        use(cache, key)

    tries = 1
    while not use(cache, "a"):
        tries += 1

    assert tries == ADMIT_EVERY + 1
    assert held(cache, "abc") == "ac"


def test_what_has_expired_makes_room_for_a_key_that_comes_back(clock):
    cache = make_cache(maximum=2, ttl=60)
    for key in "abc":
        use(cache, key)
    clock[0] += 60

    use(cache, "a")

    assert held(cache, "abc") == "a"


def test_the_first_to_expire_is_dropped_before_the_least_recently_used(clock):
    cache = make_cache(maximum=2, ttl=60)
    use(cache, "a")
    clock[0] += 30
    use(cache, "b")
    use(cache, "a")
    clock[0] += 30

    use(cache, "c")

    assert held(cache) == "bc"
    assert cache.figures.overflows == 0


def test_what_finds_no_room_or_loses_it_is_counted(clock):
    cache = make_cache(maximum=2)
    for key in "abca":
        use(cache, key)

    # a lost its place, and then found none
    assert (cache.figures.overflows, cache.figures.fills) == (2, 4)


def test_after_a_clear_every_key_is_new(clock):
    cache = make_cache(maximum=2)
    for key in "abc":
        use(cache, key)
    cache.clear()

    for key in "bca":
        use(cache, key)

    assert held(cache, "abc") == "ac"


def test_what_is_remembered_is_bounded(clock):
    cache = make_cache(maximum=10)
    for key in range(10_000):
        use(cache, key)

    assert len(cache._overflow._recent) <= 40
    assert len(cache._overflow._before) <= 40
