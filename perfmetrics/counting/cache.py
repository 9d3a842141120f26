"""The cache of every process: Django's LocMemCache, but it stores objects, evicts the least recently used, and counts.

The stock class pickles (ten times the cost of a get here) and culls a third of all entries when it is full. Entries are
shared with all readers, so only what nobody changes (frozen dataclasses, tuples, strings) belongs in it.

Players come back in turn, every 30 seconds. Were every key stored, a cache with room for two thirds of them would drop
each entry just before its next use, and never hit. So most keys that come back after they were dropped are left out
(`perfmetrics/counting/overflow.py`): the others stay, and hits fall in proportion to the room that is missing.
"""

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

from perfmetrics.counting import metrics
from perfmetrics.counting.overflow import Overflow


@dataclass(slots=True)
class CacheFigures:
    """What one cache of this process did since the process started.

    `overflows`: entries that were dropped or left out for lack of room, and had not expired.
    """

    hits: int = 0
    misses: int = 0
    invalidations: int = 0
    fills: int = 0
    overflows: int = 0


# By name, as LocMemCache keeps its entries: Django makes an instance per thread.
_figures: dict[str, CacheFigures] = {}
_overflows: dict[str, Overflow] = {}
# What of the figures has been published already.
_published: dict[str, CacheFigures] = {}
_NOTHING: object = object()


class CountedTTLCache(LocMemCache):
    """A `CACHES` backend. Keys are any hashable; `TIMEOUT` and `OPTIONS["MAX_ENTRIES"]` bound it."""

    _cache: OrderedDict[Hashable, Any]
    _expire_info: dict[Hashable, float | None]
    _lock: threading.Lock
    _max_entries: int

    def __init__(self, name: str, params: dict[str, object]) -> None:
        super().__init__(name, params)
        self.figures = _figures.setdefault(name, CacheFigures())
        self._overflow = _overflows.setdefault(name, Overflow(self._max_entries))

    def make_and_validate_key(self, key: Hashable, version: int | None = None) -> Any:
        """The key as it is: no prefix, no string is made of it."""
        return key

    def get(self, key: Hashable, default: object = None, version: int | None = None) -> Any:
        """The object itself, not a copy; an expired one is dropped."""
        with self._lock:
            return self._get(key, default)

    def get_each(self, keys: Iterable[Hashable]) -> dict[Any, Any]:
        """The entry of each key, None where there is none."""
        with self._lock:
            return {key: self._get(key, None) for key in keys}

    def set(
        self, key: Hashable, value: object, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        with self._lock:
            self._set(key, value, timeout)

    def add(
        self, key: Hashable, value: object, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with self._lock:
            if not self._has_expired(key):
                return False
            self._set(key, value, timeout)
            return key in self._cache

    def incr(self, key: Hashable, delta: int = 1, version: int | None = None) -> int:
        with self._lock:
            if self._has_expired(key):
                self._delete(key)
                raise ValueError(f"Key {key!r} not found")
            self._cache[key] += delta
            self._cache.move_to_end(key)
            return int(self._cache[key])

    def invalidate(self, key: Hashable) -> None:
        """Drop an entry that a change made out of date, and count it."""
        with self._lock:
            self._delete(key)
            self.figures.invalidations += 1

    def clear(self) -> None:
        """Drop everything, since anything may be out of date; each entry counts as an invalidation."""
        with self._lock:
            self.figures.invalidations += len(self._cache)
            self._cache.clear()
            self._expire_info.clear()
            self._overflow.clear()

    def __len__(self) -> int:
        with self._lock:  # between an insert and its eviction there is one too many
            return len(self._cache)

    @property
    def max_entries(self) -> int:
        return self._max_entries

    def _get(self, key: Hashable, default: object) -> Any:
        if self._has_expired(key):
            self._delete(key)
            self.figures.misses += 1
            return default
        self.figures.hits += 1
        self._cache.move_to_end(key)
        return self._cache[key]

    def _set(self, key: Hashable, value: object, timeout: float | None = DEFAULT_TIMEOUT) -> None:
        self.figures.fills += 1
        if key not in self._cache and len(self._cache) >= self._max_entries and not self._make_room(key):
            return
        # The parent marks the most recently used at the front and culls by thirds; here the oldest use is first.
        self._cache[key] = value
        self._cache.move_to_end(key)
        # In the order in which they were stored, so that the first one expires first.
        self._expire_info.pop(key, None)
        self._expire_info[key] = self.get_backend_timeout(timeout)

    def _make_room(self, key: Hashable) -> bool:
        """Drop an expired entry, else the least recently used; or neither, if the key has to wait for its place."""
        oldest = next(iter(self._expire_info))
        if self._has_expired(oldest):
            return self._delete(oldest)
        self.figures.overflows += 1
        is_admitted = self._overflow.admits(key)
        left_out = next(iter(self._cache)) if is_admitted else key
        self._overflow.remember(left_out)
        if is_admitted:
            self._delete(left_out)
        return is_admitted

    def _has_expired(self, key: Hashable) -> bool:
        expires_at = self._expire_info.get(key, -1.0)
        return expires_at is not None and expires_at <= time.time()

    def _delete(self, key: Hashable) -> bool:
        self._cache.pop(key, None)
        # Every entry has its expiry here; its value may be None.
        return self._expire_info.pop(key, _NOTHING) is not _NOTHING


@functools.cache
def counted(alias: str) -> CountedTTLCache:
    """The cache that the settings name `alias`: one instance per process, which locks for itself.

    Django's `caches` makes one per thread and, under ASGI, one per request: a sixth of a heartbeat's Python.
    """
    cache = caches[alias]
    if not isinstance(cache, CountedTTLCache):  # a system check reports it earlier
        raise TypeError(f"CACHES[{alias!r}] is not a CountedTTLCache")
    return cache


def publish_figures() -> None:
    """Add to the metrics what happened since the last call: a counter per get would cost as much as the get."""
    for alias in settings.CACHES:
        cache = counted(alias)
        now, before = replace(cache.figures), _published.get(alias, CacheFigures())
        _published[alias] = now
        metrics.cache_hits.labels(alias).inc(now.hits - before.hits)
        metrics.cache_misses.labels(alias).inc(now.misses - before.misses)
        metrics.cache_invalidations.labels(alias).inc(now.invalidations - before.invalidations)
        metrics.cache_fills.labels(alias).inc(now.fills - before.fills)
        metrics.cache_overflows.labels(alias).inc(now.overflows - before.overflows)
        metrics.cache_entries.labels(alias).set(len(cache))
        metrics.cache_largest.labels(alias).set(len(cache))
