"""Cached reads: one statement fetches the misses of everyone who waits, never one statement per beat.

So throughput holds with a cold cache. A change invalidates its key (`invalidate`), also in a fetch under way.
"""

import asyncio
import logging
import time
from collections import deque
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
# Of a profile whose state changed where no cache holds it: nothing to drop, but live events show it.
LIVE = "live"
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

    def cached_many(self, ids: Iterable[K]) -> dict[K, V | None]:
        """The entry of each id if the cache holds it, else None."""
        found: dict[K, V | None] = counted(self._alias).get_each(ids)
        return found

    async def get(self, id_: K) -> V | None:
        """The entry, or None if there is no such row. Raises what the database raised."""
        entry = self.cached(id_)
        log_lookup(self._alias, id_, is_hit=entry is not None)
        if entry is None:
            entry = (await self._fetcher.fetch([(self._alias, id_)]))[self._alias, id_]
        return entry


_fetchers: list["Fetcher"] = []


class _Batch:
    """Keys that are read together. Everyone who waits has one future, however many keys it asked for."""

    __slots__ = ("keys", "waiters")

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.waiters: list[asyncio.Future[Mapping[Key, object]]] = []

    def wait(self) -> "asyncio.Future[Mapping[Key, object]]":
        """A future of the caller's own, so that a caller that goes away does not cancel the read of the others."""
        future: asyncio.Future[Mapping[Key, object]] = asyncio.get_running_loop().create_future()
        self.waiters.append(future)
        return future


class Fetcher:
    """Reads what is missing from the caches: all keys that wait are read together, in the database thread.

    `read` returns the entries that it found, by key; they are cached. Rows that do not exist are not. `pause_seconds`:
    the least time between two statements, for reads that are in no hurry.
    """

    def __init__(self, read: Callable[[list[Key]], Mapping[Key, object]], *, pause_seconds: float = 0) -> None:
        self._read = read
        self._pause_seconds = pause_seconds
        self._waiting: deque[_Batch] = deque()
        self._waiting_since = 0.0
        self._filling: dict[Key, _Batch] = {}
        self._task: asyncio.Task[None] | None = None
        _fetchers.append(self)

    async def fetch(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """The entry of each key, None if there is no such row. Raises what the database raised."""
        found: dict[Key, object] = {}
        for asked, future in self._ask(keys):
            entries = await future
            found.update((key, entries.get(key)) for key in asked)
        return found

    async def fetch_readable(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """As `fetch`, but a key whose read failed is left out. The error is logged once for all of its keys."""
        found: dict[Key, object] = {}
        for asked, future in self._ask(keys):
            try:
                entries = await future
            except Exception as error:
                log.exception("bulk_read_failed", exc_info=error)
            else:
                found.update((key, entries.get(key)) for key in asked)
        return found

    def _ask(self, keys: Iterable[Key]) -> list[tuple[list[Key], "asyncio.Future[Mapping[Key, object]]"]]:
        """Ask for all of the keys: by the batch that reads them, each with the future of what it found."""
        asked: dict[_Batch, list[Key]] = {}
        for key in keys:
            batch = self._filling.get(key) or self._batch_to_wait_for(key)
            asked.setdefault(batch, []).append(key)
        return [(found, batch.wait()) for batch, found in asked.items()]

    def _batch_to_wait_for(self, key: Key) -> _Batch:
        for batch in self._waiting:
            if key in batch.keys:
                return batch
        if not self._waiting:
            self._waiting_since = time.monotonic()
        if not self._waiting or len(self._waiting[-1].keys) >= MAX_KEYS_PER_FETCH:
            self._waiting.append(_Batch())
        batch = self._waiting[-1]
        batch.keys[key] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fill())
        return batch

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
            batch = self._waiting.popleft()
            self._filling.update(dict.fromkeys(batch.keys, batch))
            waited_seconds = time.monotonic() - self._waiting_since
            try:
                found = await threads.reads.run(self._read, list(batch.keys), waited_seconds=waited_seconds)
            except Exception as error:  # noqa: BLE001 — every waiter gets it
                self._fail(batch, error)
            else:
                self._store(batch, found)
            if self._pause_seconds:
                await asyncio.sleep(self._pause_seconds)
            elif self._waiting and len(self._waiting[0].keys) < GATHERED_KEYS:
                await asyncio.sleep(GATHER_SECONDS)

    def _store(self, batch: _Batch, found: Mapping[Key, object]) -> None:
        for key in batch.keys:
            entry = found.get(key)
            if entry is not None:
                cache = counted(key[0])
                # First store the entry, then check whether it was invalidated: the other way round, an invalidation
                # between the two would be lost.
                cache.set(key[1], entry)
                if self._filling.get(key) is not batch:
                    cache.delete(key[1])
            self._end(key, batch)
        for future in batch.waiters:
            if not future.done():
                future.set_result(found)

    def _fail(self, batch: _Batch, error: Exception) -> None:
        for key in batch.keys:
            self._end(key, batch)
        for future in batch.waiters:
            if not future.done():
                future.set_exception(error)
                future.exception()  # retrieved: a waiter that went away leaves no "never retrieved" in the log

    def _end(self, key: Key, batch: _Batch) -> None:
        if self._filling.get(key) is batch:
            self._filling.pop(key, None)


_last_invalidation = object()
_listeners: list[Callable[[Key | None], None]] = []


def on_invalidated(listener: Callable[[Key | None], None]) -> None:
    """Call it, from any thread, with each key that is invalidated; with None when all are."""
    _listeners.append(listener)


def last_invalidation() -> object:
    """A new object after each invalidation, so that a read without a `Fetcher` can see that its result may be stale."""
    return _last_invalidation


def invalidate(key: Key) -> None:
    """Drop an entry that a change made stale. From any thread."""
    if key[0] != LIVE:
        _mark_invalidation()
        for fetcher in _fetchers:
            fetcher.abandon(key)
        counted(key[0]).invalidate(key[1])
    if key[0] == "profiles":
        log.info("config_cache_invalidated", profile_id=key[1])
    for listener in _listeners:
        listener(key)


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
    for listener in _listeners:
        listener(None)


def log_lookup(alias: str, id_: Hashable, *, is_hit: bool) -> None:
    """Log a read of a child's limits, at DEBUG level."""
    if logger.isEnabledFor(logging.DEBUG) and alias == "profiles":
        log.debug("config_cache_hit" if is_hit else "config_cache_miss", profile_id=id_)


def _mark_invalidation() -> None:
    global _last_invalidation  # noqa: PLW0603 — one for the process; to assign it is atomic
    _last_invalidation = object()
