"""Cached reads: one statement fetches the misses of everyone who waits, never one statement per beat.

So throughput holds with a cold cache. A change invalidates its key (`invalidate`), also in a fetch under way.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import structlog
from django.conf import settings

from perfmetrics.counting.cache import counted
from viewing.hotpath import threads

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # asked for its level, at a tenth of the cost

# (cache alias, id)
Key = tuple[str, Hashable]
MAX_KEYS_PER_FETCH = 1000


_all: list["Lookup"] = []


class Lookup:
    """Reads through the caches named in its keys; `fetch` runs in the database thread with all keys that miss."""

    def __init__(self, fetch: Callable[[list[Key]], dict[Key, Any]]) -> None:
        self._fetch = fetch
        _all.append(self)
        self._waiting: dict[Key, asyncio.Future[Any]] = {}
        self._filling: dict[Key, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Any:
        """The entry, or None where there is no such row. Raises what the database raised."""
        found = counted(key[0]).get(key[1])
        log_lookup(key, is_hit=found is not None)
        return found if found is not None else await self.fetch(key)

    async def fetch(self, key: Key) -> Any:
        """The entry of a key that missed, fetched together with whatever else is missing now."""
        return (await self.fetch_each([key]))[0]

    async def fetch_each(self, keys: Iterable[Key]) -> list[Any]:
        """As `fetch` for a few keys, without a task for each, which would cost as much as the rest."""
        # All are asked for before the first is waited for. Shielded: one caller that goes away must not cancel the
        # others' read.
        return [await asyncio.shield(future) for future in [self._fetching(key) for key in keys]]

    async def fetch_all(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """As `fetch` for many keys, without a task for each; a key whose read fails has the error for an entry."""
        found: dict[Key, Any] = {}
        for key, future in [(key, self._fetching(key)) for key in keys]:
            try:
                found[key] = await asyncio.shield(future)
            except Exception as error:  # noqa: BLE001 — the caller decides for each key
                found[key] = error
        return found

    def _fetching(self, key: Key) -> "asyncio.Future[Any]":
        future = self._filling.get(key) or self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._fill())
        return future

    def abandon(self, key: Key) -> None:
        """Do not cache the result of a fetch under way; those who wait for it still get it. From any thread."""
        self._filling.pop(key, None)

    def abandon_all(self) -> None:
        self._filling.clear()

    async def _fill(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[:MAX_KEYS_PER_FETCH]
            batch = {key: self._waiting.pop(key) for key in keys}
            self._filling.update(batch)
            try:
                found = await threads.reads.run(self._fetch, keys)
            except Exception as error:  # noqa: BLE001 — every waiter gets it
                self._fail(batch, error)
            else:
                self._store(batch, found)

    def _store(self, batch: dict[Key, "asyncio.Future[Any]"], found: dict[Key, Any]) -> None:
        for key, future in batch.items():
            entry = found.get(key)
            if entry is not None:
                cache = counted(key[0])
                # First the entry, then the look whether it was evicted meanwhile: the other way round an eviction
                # between the two would be lost.
                cache.set(key[1], entry)
                if self._filling.get(key) is not future:
                    cache.delete(key[1])
            if self._filling.get(key) is future:
                self._filling.pop(key, None)
            if not future.done():
                future.set_result(entry)

    def _fail(self, batch: dict[Key, "asyncio.Future[Any]"], error: Exception) -> None:
        for key, future in batch.items():
            if self._filling.get(key) is future:
                self._filling.pop(key, None)
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: a waiter that went away leaves no "never retrieved" in the log


_last_invalidation = object()


def last_invalidation() -> object:
    """A new object after each invalidation, so that a read without a `Lookup` can see that its result may be stale."""
    return _last_invalidation


def invalidate(key: Key) -> None:
    """Drop an entry that a change made stale. From any thread."""
    _mark_invalidation()
    for lookup in _all:
        lookup.abandon(key)
    counted(key[0]).invalidate(key[1])
    if key[0] == "profiles":
        log.info("config_cache_invalidated", profile_id=key[1])


def invalidate_all() -> None:
    """Drop every entry, because notifications may have been missed."""
    _mark_invalidation()
    for lookup in _all:
        lookup.abandon_all()
    for alias in settings.CACHES:
        counted(alias).clear()
    log.info("caches_cleared")


def log_lookup(key: Key, *, is_hit: bool) -> None:
    if logger.isEnabledFor(logging.DEBUG) and key[0] == "profiles":
        log.debug("config_cache_hit" if is_hit else "config_cache_miss", profile_id=key[1])


def _mark_invalidation() -> None:
    global _last_invalidation  # noqa: PLW0603 — one for the process; to assign it is atomic
    _last_invalidation = object()
