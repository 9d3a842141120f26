"""Caches of a test's own, and what is in them."""

import uuid

from perfmetrics.counting.cache import CountedTTLCache


def make_cache(*, maximum=3, ttl=60, name=None):
    return CountedTTLCache(name or uuid.uuid4().hex, {"TIMEOUT": ttl, "OPTIONS": {"MAX_ENTRIES": maximum}})


def held(cache, keys="abcdefgh"):
    """Which of the keys are in it, found without using them."""
    return "".join(key for key in keys if cache.has_key(key))


def figures_of(cache):
    return (cache.figures.hits, cache.figures.misses, cache.figures.invalidations)
