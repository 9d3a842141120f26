"""Cached reads of the players' path: profiles with their limits, titles, players' and gateways' tokens, site settings.

What is missing for all who wait is fetched by one statement, never one a beat: so speed holds where nothing is cached
(design.md, "Lookups"). Unknown ids are not cached. A change evicts its key (`evict`), also from a fetch under way.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from perfmetrics.cache import counted
from viewing import hotpath, models, rules, sql

log = structlog.stdlib.get_logger(__name__)
logger = logging.getLogger(__name__)  # asked for its level, at a tenth of the cost

# (cache alias, id)
Key = tuple[str, Hashable]
DEFAULT_SCHEDULE = rules.Schedule()
SITE: Key = ("site", 1)
CATALOG: Key = ("catalog", "titles")
MOST_KEYS_A_FETCH = 1000
PLAYER_TOKEN_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with its owner and limits; a missing config reads as the defaults."""

    id: UUID
    user_id: UUID
    is_kids: bool
    weekday_limit_minutes: int | None = rules.DEFAULT_WEEKDAY_LIMIT_MINUTES
    weekend_limit_minutes: int | None = rules.DEFAULT_WEEKEND_LIMIT_MINUTES
    educational_exempt: bool = rules.DEFAULT_EDUCATIONAL_EXEMPT
    schedule: rules.Schedule = DEFAULT_SCHEDULE

    def limit_minutes(self, day: date) -> int | None:
        """The limit of a viewing day; None where nothing limits: an adult, or no limit set."""
        if not self.is_kids:
            return None
        return rules.limit_minutes_for(day=day, weekday=self.weekday_limit_minutes, weekend=self.weekend_limit_minutes)


@dataclass(frozen=True, slots=True)
class Title:
    id: UUID
    is_educational: bool


@dataclass(frozen=True, slots=True)
class Site:
    """What staff may change while the service runs."""

    pause_grace_seconds: int = rules.PAUSE_GRACE_SECONDS
    default_weekday_limit_minutes: int | None = rules.DEFAULT_WEEKDAY_LIMIT_MINUTES
    default_weekend_limit_minutes: int | None = rules.DEFAULT_WEEKEND_LIMIT_MINUTES
    default_reset_hour: int = rules.DEFAULT_RESET_HOUR
    notice: str = ""


@dataclass(frozen=True, slots=True)
class PlayerToken:
    id: UUID
    profile_id: UUID
    user_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class GatewayToken:
    id: UUID
    expires_at: datetime | None


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
        _tell(key, is_hit=found is not None)
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

    def disown(self, key: Key) -> None:
        """Who waits for a fetch under way gets its result once; it is not kept. From any thread."""
        self._filling.pop(key, None)

    def disown_all(self) -> None:
        self._filling.clear()

    async def _fill(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[:MOST_KEYS_A_FETCH]
            batch = {key: self._waiting.pop(key) for key in keys}
            self._filling.update(batch)
            try:
                found = await hotpath.reads.run(self._fetch, keys)
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


def _fetch_beat_entries(keys: list[Key]) -> dict[Key, Any]:
    found: dict[Key, Any] = {SITE: Site()} if SITE in keys else {}
    rows = sql.read_beat_entries(
        profile_ids=_ids(keys, "profiles"), title_ids=_ids(keys, "titles"), with_site=SITE in keys
    )
    for row in rows:
        if row.profile_id is not None:
            found["profiles", row.profile_id] = _profile(row)
        elif row.title_id is not None:
            found["titles", row.title_id] = Title(id=row.title_id, is_educational=row.is_educational)
        else:
            found[SITE] = Site(*row[-5:])
    return found


def _profile(row: sql.BeatEntry) -> Profile:
    if row.reset_hour is None:  # no config: the defaults
        return Profile(id=row.profile_id, user_id=row.user_id, is_kids=row.is_kids)
    held = None
    if row.held_day is not None:
        held = rules.ViewingDay(day=row.held_day, since=row.held_since, until=row.held_until)
    return Profile(
        id=row.profile_id,
        user_id=row.user_id,
        is_kids=row.is_kids,
        weekday_limit_minutes=row.weekday_limit_minutes,
        weekend_limit_minutes=row.weekend_limit_minutes,
        educational_exempt=row.educational_exempt,
        schedule=rules.Schedule(timezone=row.timezone, reset_hour=row.reset_hour, held=held),
    )


def _fetch_player_tokens(keys: list[Key]) -> dict[Key, Any]:
    now = timezone.now()
    rows = sql.read_player_tokens(hashes=_ids(keys, "players"), now=now, expires_at=now + PLAYER_TOKEN_LIFETIME)
    return {
        ("players", token_hash): PlayerToken(id=id_, profile_id=profile_id, user_id=user_id, expires_at=expires_at)
        for token_hash, id_, profile_id, user_id, expires_at in rows
    }


def _fetch_gateway_tokens(keys: list[Key]) -> dict[Key, Any]:
    rows = sql.read_gateway_tokens(hashes=_ids(keys, "gateways"), now=timezone.now())
    return {
        ("gateways", token_hash): GatewayToken(id=id_, expires_at=expires_at) for token_hash, id_, expires_at in rows
    }


def _fetch_catalog(_keys: list[Key]) -> dict[Key, Any]:
    rows = models.Title.objects.using(hotpath.ALIAS).order_by("name", "id")
    return {CATALOG: tuple(rows.values("id", "name", "is_educational"))}


def _ids(keys: Iterable[Key], alias: str) -> list[Any]:
    return [key[1] for key in keys if key[0] == alias]


beat_entries = Lookup(_fetch_beat_entries)
player_tokens = Lookup(_fetch_player_tokens)
gateway_tokens = Lookup(_fetch_gateway_tokens)
catalog_titles = Lookup(_fetch_catalog)


_last_forgotten = object()


def last_forgotten() -> object:
    """Another one each time that anything is dropped: tells who reads without a `Lookup` that it may be stale."""
    return _last_forgotten


def forget(key: Key) -> None:
    """Drop an entry that a change made wrong, from any thread."""
    _mark_forgotten()
    for lookup in _all:
        lookup.disown(key)
    counted(key[0]).invalidate(key[1])
    if key[0] == "profiles":
        log.info("config_cache_invalidated", profile_id=key[1])


def forget_everything() -> None:
    """Drop every entry: changes may have been missed."""
    _mark_forgotten()
    for lookup in _all:
        lookup.disown_all()
    for alias in settings.CACHES:
        counted(alias).clear()
    log.info("caches_cleared")


def _tell(key: Key, *, is_hit: bool) -> None:
    if logger.isEnabledFor(logging.DEBUG) and key[0] == "profiles":
        log.debug("config_cache_hit" if is_hit else "config_cache_miss", profile_id=key[1])


def _mark_forgotten() -> None:
    global _last_forgotten  # noqa: PLW0603 — one for the process; to assign it is atomic
    _last_forgotten = object()


async def profile(profile_id: UUID) -> Profile | None:
    """A profile with its limits, at most 60 s old (`CONFIG_CACHE_TTL_SECONDS`)."""
    found: Profile | None = await beat_entries.get(("profiles", profile_id))
    return found


async def of_beat(profile_id: UUID, title_id: UUID) -> tuple[Profile | None, Title | None, Site]:
    """What a beat needs to know; what of it is not cached is read in one statement."""
    profile_key, title_key = ("profiles", profile_id), ("titles", title_id)
    found = [counted(alias).get(key) for alias, key in (profile_key, title_key, SITE)]
    _tell(profile_key, is_hit=found[0] is not None)
    if None in found:
        missing = [key for key, entry in zip((profile_key, title_key, SITE), found, strict=True) if entry is None]
        fetched = iter(await beat_entries.fetch_each(missing))
        found = [next(fetched) if entry is None else entry for entry in found]
    return found[0], found[1], found[2]


async def of_beats(ids: Iterable[tuple[UUID, UUID]]) -> dict[Key, Any]:
    """What many beats, as (profile id, title id), need to know: the entries of all their keys and of `SITE`.

    None where there is no such row; the error where its read failed.
    """
    profiles, titles = counted("profiles"), counted("titles")
    found: dict[Key, Any] = {SITE: counted("site").get(SITE[1])}
    for profile_id, title_id in ids:
        found["profiles", profile_id] = profiles.get(profile_id)
        if ("titles", title_id) not in found:
            found["titles", title_id] = titles.get(title_id)
    missing = [key for key, entry in found.items() if entry is None]
    return found | await beat_entries.fetch_all(missing) if missing else found


async def catalog() -> tuple[dict[str, Any], ...]:
    """Every title by name, at most an hour old: id, name, is_educational."""
    found: tuple[dict[str, Any], ...] = await catalog_titles.get(CATALOG)
    return found


async def player_token(token_hash: bytes) -> PlayerToken | None:
    """The living token with this hash, at most 60 s old, or None."""
    found: PlayerToken | None = await player_tokens.get(("players", token_hash))
    return found


async def gateway_token(token_hash: bytes) -> GatewayToken | None:
    """The living token with this hash, at most 60 s old, or None."""
    found: GatewayToken | None = await gateway_tokens.get(("gateways", token_hash))
    return found
