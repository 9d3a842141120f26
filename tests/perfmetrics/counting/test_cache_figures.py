"""What the caches count apart from hits and misses, and how it gets into the metrics."""

from perfmetrics.counting import cache as caches
from tests.perfmetrics.caches import figures_of, held, make_cache
from tests.perfmetrics.counted import Counted


def test_to_drop_everything_counts_each():
    cache = make_cache()
    cache.set("a", 1)
    cache.set("b", 2)
    cache.clear()

    assert (figures_of(cache), held(cache)) == ((0, 0, 2), "")


def test_whatever_is_stored_counts_as_a_fill():
    cache = make_cache()
    cache.set("a", 1)
    cache.set("a", 2)
    cache.add("a", 3)
    cache.add("b", 4)

    assert cache.figures.fills == 3


def test_the_next_tick_publishes_what_happened_once(server):
    """By the running server: two threads would publish it twice."""
    counted, profiles = Counted(), caches.counted("profiles")
    counted.settle()
    before = counted["cache_misses_total", "profiles"]
    for _ in range(3):
        profiles.get("nobody has this key")

    for _ in range(2):
        counted.settle()

        assert counted["cache_misses_total", "profiles"] - before == 3
