"""Cached reads: one statement fetches the misses of everyone who waits, never one statement per beat.

So throughput holds with a cold cache. A change invalidates its key (`invalidate`), also in a fetch under way.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import structlog
from django.conf import settings

from perfmetrics.counting.cache import counted
from viewing.hotpath import threads

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # its level is checked through this one, at a tenth of the cost

# (cache alias, id)
Key = tuple[str, Hashable]
MAX_KEYS_PER_FETCH = 1000
# A statement costs as much as reading some twenty keys. If a few keys came while the last one ran, the next waits for
# more; the first key after a pause never waits.
GATHER_SECONDS = 0.005
GATHERED_KEYS = 16
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lookup(Generic[K, V]):
    """Reads one cache; what it does not hold, `fetcher` reads. Several lookups may share a fetcher, and a statement."""

    def __init__(self, alias: str, fetcher: "Fetcher") -> None:
        self._alias = alias
        self._fetcher = fetcher

    def key(self, id_: K) -> Key:
        return self._alias, id_

    def cached(self, id_: K) -> V | None:
        """The entry if the cache holds it."""
        entry: V | None = counted(self._alias).get(id_)
        return entry

    async def get(self, id_: K) -> V | None:
        """The entry, or None if there is no such row. Raises what the database raised."""
        entry = self.cached(id_)
        log_lookup(self._alias, id_, is_hit=entry is not None)
        if entry is None:
            entry = (await self._fetcher.fetch([(self._alias, id_)]))[self._alias, id_]
        return entry


_fetchers: list["Fetcher"] = []


class Fetcher:
    """Reads what is missing from the caches: all keys that wait are read together, in the database thread.

    `read` returns the entries that it found, by key; they are cached. Rows that do not exist are not.
    """

    def __init__(self, read: Callable[[list[Key]], Mapping[Key, object]]) -> None:
        self._read = read
        self._waiting: dict[Key, asyncio.Future[object]] = {}
        self._waiting_since = 0.0
        self._filling: dict[Key, asyncio.Future[object]] = {}
        self._task: asyncio.Task[None] | None = None
        _fetchers.append(self)

    async def fetch(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """The entry of each key, None if there is no such row. Raises what the database raised."""
        # No task per key, which would cost as much as the rest. All are asked for before the first is waited for.
        # Shielded: one caller that goes away must not cancel the read of the others.
        futures = [(key, self._fetching(key)) for key in keys]
        return {key: await asyncio.shield(future) for key, future in futures}

    async def fetch_readable(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """As `fetch`, but a key whose read failed is left out. The error is logged once for all of its keys."""
        found: dict[Key, object] = {}
        errors: list[Exception] = []
        for key, future in [(key, self._fetching(key)) for key in keys]:
            try:
                found[key] = await asyncio.shield(future)
            except Exception as error:  # noqa: BLE001 — logged below
                if error not in errors:
                    errors.append(error)
        for each in errors:
            log.error("bulk_read_failed", exc_info=each)
        return found

    def _fetching(self, key: Key) -> "asyncio.Future[object]":
        future = self._filling.get(key) or self._waiting.get(key)
        if future is None:
            if not self._waiting:
                self._waiting_since = time.monotonic()
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._fill())
        return future

    def abandon(self, key: Key) -> None:
        """Do not cache the result of a fetch under way; those who wait for it still get it. From any thread."""
        self._filling.pop(key, None)

    def abandon_all_of(self, alias: str) -> None:
        for key in [key for key in list(self._filling) if key[0] == alias]:
            self.abandon(key)

    def abandon_all(self) -> None:
        self._filling.clear()

    async def _fill(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[:MAX_KEYS_PER_FETCH]
            batch = {key: self._waiting.pop(key) for key in keys}
            self._filling.update(batch)
            waited_seconds = time.monotonic() - self._waiting_since
            try:
                found = await threads.reads.run(self._read, keys, waited_seconds=waited_seconds)
            except Exception as error:  # noqa: BLE001 — every waiter gets it
                self._fail(batch, error)
            else:
                self._store(batch, found)
            if 0 < len(self._waiting) < GATHERED_KEYS:
                await asyncio.sleep(GATHER_SECONDS)

    def _store(self, batch: dict[Key, "asyncio.Future[object]"], found: Mapping[Key, object]) -> None:
        for key, future in batch.items():
            entry = found.get(key)
            if entry is not None:
                cache = counted(key[0])
                # First store the entry, then check whether it was invalidated: the other way round, an invalidation
                # between the two would be lost.
                cache.set(key[1], entry)
                if self._filling.get(key) is not future:
                    cache.delete(key[1])
            if self._filling.get(key) is future:
                self._filling.pop(key, None)
            if not future.done():
                future.set_result(entry)

    def _fail(self, batch: dict[Key, "asyncio.Future[object]"], error: Exception) -> None:
        for key, future in batch.items():
            if self._filling.get(key) is future:
                self._filling.pop(key, None)
            if not future.done():
                future.set_exception(error)
                future.exception()  # retrieved: a waiter that went away leaves no "never retrieved" in the log


_last_invalidation = object()


def last_invalidation() -> object:
    """A new object after each invalidation, so that a read without a `Fetcher` can see that its result may be stale."""
    return _last_invalidation


def invalidate(key: Key) -> None:
    """Drop an entry that a change made stale. From any thread."""
    _mark_invalidation()
    for fetcher in _fetchers:
        fetcher.abandon(key)
    counted(key[0]).invalidate(key[1])
    if key[0] == "profiles":
        log.info("config_cache_invalidated", profile_id=key[1])


def invalidate_all_of(alias: str) -> None:
    """Drop every entry of one cache, which a change of many made stale. From any thread."""
    _mark_invalidation()
    for fetcher in _fetchers:
        fetcher.abandon_all_of(alias)
    counted(alias).clear()


def invalidate_all() -> None:
    """Drop every entry, because notifications may have been missed."""
    _mark_invalidation()
    for fetcher in _fetchers:
        fetcher.abandon_all()
    for alias in settings.CACHES:
        counted(alias).clear()
    log.info("caches_cleared")


def log_lookup(alias: str, id_: Hashable, *, is_hit: bool) -> None:
    """Log a read of a child's limits, at DEBUG level."""
    if logger.isEnabledFor(logging.DEBUG) and alias == "profiles":
        log.debug("config_cache_hit" if is_hit else "config_cache_miss", profile_id=id_)


def _mark_invalidation() -> None:
    global _last_invalidation  # noqa: PLW0603 — one for the process; to assign it is atomic
    _last_invalidation = object()
