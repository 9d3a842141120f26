"""GET /catalog/titles: the whole catalogue, made once per change and served as bytes, and pages of it.

It is read in parts, so that no heartbeat waits long for the reading thread, and PostgreSQL writes the JSON of each
title: to encode 100,000 of them here would stop the worker for half a second.
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.utils import timezone
from pydantic_core import to_json

from perfmetrics.counting.cache import counted
from viewing.catalogue import sql, watchable
from viewing.errors import Refusal
from viewing.hotpath import lookup, threads
from viewing.hotpath.entries import CATALOG
from viewing.profile import Profile

MAX_PAGE: Final = 1000
PART: Final = 1000
# Where titles change faster than they are read, what was read last is served, and not kept.
MAX_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Listing:
    """A response's body and its strong ETag."""

    body: bytes
    etag: str


_making: "asyncio.Task[Listing] | None" = None


async def whole() -> Listing:
    """Every title by name, at most an hour old. Those who ask while it is made wait for the same."""
    global _making  # noqa: PLW0603 — one for the worker
    found = counted(CATALOG[0]).get(CATALOG[1])
    if isinstance(found, Listing):
        return found
    if _making is None or _making.done() or _making.get_loop() is not asyncio.get_running_loop():
        _making = asyncio.create_task(_make())
    return await asyncio.shield(_making)


async def _make() -> Listing:
    alias, key = CATALOG
    cache = counted(alias)
    for _ in range(MAX_TRIES):
        mark = object()  # dropped when a title changes while the parts are read
        cache.set(key, mark)
        listing = await _read_whole()
        before = lookup.last_invalidation()
        if cache.get(key) is mark:
            # First store the entry, then check whether anything was invalidated, as in `Fetcher._store`.
            cache.set(key, listing)
            if lookup.last_invalidation() is not before:
                cache.delete(key)
            return listing
    return listing


async def _read_whole() -> Listing:
    parts: list[str] = []
    after: tuple[str, UUID] | None = None
    while lines := await threads.reads.run(_read_part, after):
        parts.append(",".join(line.json for line in lines))
        after = lines[-1].name, lines[-1].id
        if len(lines) < PART:
            break
    return _listing(",".join(parts))


def _read_part(after: tuple[str, UUID] | None) -> list[sql.Line]:
    return sql.read_listed(after=after, words=None, limit=PART)


async def page(*, after: UUID | None, q: str | None, limit: int) -> Listing:
    """Titles after one, and of those in which each word of `q` begins a word. Refusal 404: unknown `after`."""
    lines = await threads.reads.run(_read_page, after, q, limit)
    return _listing(",".join(line.json for line in lines))


async def page_for_profile(profile: Profile, *, after: UUID | None, q: str | None, limit: int) -> Listing:
    """As `page`, each title with what it means for the profile now."""
    found = await threads.reads.run(_read_for_profile, profile, after, q, limit)
    return _listing(",".join(found))


def _read_for_profile(profile: Profile, after: UUID | None, q: str | None, limit: int) -> list[str]:
    judge = watchable.judge(profile, timezone.now())
    return [
        f"{line.json[:-1]},{to_json(judge(line.is_educational, line.duration_seconds)).decode()[1:]}"
        for line in _read_page(after, q, limit)
    ]


def _read_page(after: UUID | None, q: str | None, limit: int) -> list[sql.Line]:
    words = sql.query(q) if q else None
    if q and words is None:
        return []
    place = sql.read_place(after) if after else None
    if after and place is None:
        raise Refusal("title_unknown")
    return sql.read_listed(after=place, words=words, limit=limit)


def _listing(lines: str) -> Listing:
    body = f"[{lines}]".encode()
    return Listing(body, f'"{sha256(body).hexdigest()[:32]}"')
