"""Cached reads of the players' path: profiles with their limits, titles, players' and gateways' tokens, site settings.

Each read goes through a `Lookup`. Unknown ids are not cached.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from perfmetrics.counting.cache import counted
from viewing import models, rules
from viewing.hotpath import sql, threads
from viewing.hotpath.lookup import Key, Lookup, log_lookup
from viewing.profile import Profile

log = structlog.stdlib.get_logger(__name__)

SITE: Key = ("site", 1)
CATALOG: Key = ("catalog", "titles")
PLAYER_TOKEN_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Title:
    id: UUID
    is_educational: bool


@dataclass(frozen=True, slots=True)
class Site:
    """What staff may change while the service runs."""

    pause_grace_seconds: int = rules.PAUSE_GRACE_SECONDS
    default_limits: rules.Limits = rules.DEFAULT_LIMITS
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
            found[SITE] = _site(row)
    return found


def _profile(row: sql.BeatEntry) -> Profile:
    if row.reset_hour is None:  # no config: the defaults
        return Profile(id=row.profile_id, user_id=row.user_id, is_kids=row.is_kids)
    if not rules.is_timezone(row.timezone):
        log.warning("unknown_timezone", profile_id=row.profile_id, timezone=row.timezone)
    held = None
    if row.held_day is not None:
        held = rules.ViewingDay(day=row.held_day, since=row.held_since, until=row.held_until)
    return Profile(
        id=row.profile_id,
        user_id=row.user_id,
        is_kids=row.is_kids,
        limits=rules.Limits.from_pair(weekday=row.weekday_limit_minutes, weekend=row.weekend_limit_minutes),
        educational_exempt=row.educational_exempt,
        schedule=rules.Schedule(timezone=row.timezone, reset_hour=row.reset_hour, held=held),
    )


def _site(row: sql.BeatEntry) -> Site:
    return Site(
        pause_grace_seconds=row.pause_grace_seconds,
        default_limits=rules.Limits.from_pair(
            weekday=row.default_weekday_limit_minutes, weekend=row.default_weekend_limit_minutes
        ),
        default_reset_hour=row.default_reset_hour,
        notice=row.notice,
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
    rows = models.Title.objects.using(threads.ALIAS).order_by("name", "id")
    return {CATALOG: tuple(rows.values("id", "name", "is_educational"))}


def _ids(keys: Iterable[Key], alias: str) -> list[Any]:
    return [key[1] for key in keys if key[0] == alias]


beat_entries = Lookup(_fetch_beat_entries)
player_tokens = Lookup(_fetch_player_tokens)
gateway_tokens = Lookup(_fetch_gateway_tokens)
catalog_titles = Lookup(_fetch_catalog)


async def profile(profile_id: UUID) -> Profile | None:
    """A profile with its limits, at most 60 s old (`CONFIG_CACHE_TTL_SECONDS`)."""
    found: Profile | None = await beat_entries.get(("profiles", profile_id))
    return found


async def for_beat(profile_id: UUID, title_id: UUID) -> tuple[Profile | None, Title | None, Site]:
    """What a beat needs to know; what of it is not cached is read in one statement."""
    profile_key, title_key = ("profiles", profile_id), ("titles", title_id)
    found = [counted(alias).get(key) for alias, key in (profile_key, title_key, SITE)]
    log_lookup(profile_key, is_hit=found[0] is not None)
    if None in found:
        missing = [key for key, entry in zip((profile_key, title_key, SITE), found, strict=True) if entry is None]
        fetched = iter(await beat_entries.fetch_each(missing))
        found = [next(fetched) if entry is None else entry for entry in found]
    return found[0], found[1], found[2]


async def for_beats(ids: Iterable[tuple[UUID, UUID]]) -> dict[Key, Any]:
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
