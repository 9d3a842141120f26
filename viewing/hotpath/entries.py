"""Cached reads of the players' path: profiles with their limits, titles, tokens, site settings.

Unknown ids are not cached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from viewing import rules
from viewing.hotpath import plans, sql
from viewing.hotpath.lookup import Fetcher, Key, Lookup, V, log_lookup
from viewing.profile import Profile

log = structlog.stdlib.get_logger(__name__)

SITE_ID = 1
SITE: Key = ("site", SITE_ID)
# Made by `viewing/catalogue/listing.py`.
CATALOG: Key = ("catalog", "titles")
PLAYER_TOKEN_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Title:
    id: UUID
    is_educational: bool
    duration_seconds: int | None = None
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What staff may change while the service runs."""

    pause_grace_seconds: int = rules.PAUSE_GRACE_SECONDS
    default_limits: rules.Limits = rules.DEFAULT_LIMITS
    default_reset_hour: int = rules.DEFAULT_RESET_HOUR
    notice: str = ""
    # Whether heartbeats write the event `limit.reached`.
    wants_limit_reached: bool = False


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


@dataclass(frozen=True, slots=True)
class ServiceToken:
    id: UUID
    scopes: frozenset[str]
    expires_at: datetime | None


def _read_beat_entries(keys: list[Key]) -> dict[Key, object]:
    found: dict[Key, object] = {SITE: Site()} if SITE in keys else {}
    now = timezone.now()
    asked = {profile_id: plans.memo.asked(profile_id, now=now) for profile_id in _ids(keys, "profiles")}
    rows = sql.read_beat_entries(
        profiles=asked, title_ids=_ids(keys, "titles"), with_site=SITE in keys, today=now.astimezone(UTC).date()
    )
    for row in rows:
        if row.profile_id is not None:
            found["profiles", row.profile_id] = _planned_profile(row, asked, plans.memo, now=now)
        elif row.title_id is not None:
            found["titles", row.title_id] = Title(
                row.title_id, row.is_educational, row.duration_seconds, is_retired=row.is_retired
            )
        else:
            found[SITE] = _site(row)
    return found


def read_profiles(ids: Iterable[UUID]) -> list[Profile]:
    """Profiles past the cache, in the reading thread: many at once would push out those that play."""
    now, memo = timezone.now(), plans.Memo()  # of its own, for the same reason
    asked = {profile_id: memo.asked(profile_id, now=now) for profile_id in ids}
    today = now.astimezone(UTC).date()
    rows = sql.read_beat_entries(profiles=asked, title_ids=[], with_site=False, today=today, counted_as=None)
    return [_planned_profile(row, asked, memo, now=now) for row in rows if row.profile_id is not None]


def _planned_profile(
    row: sql.BeatEntry, asked: Mapping[UUID, plans.Asked], memo: plans.Memo, *, now: datetime
) -> Profile:
    assert row.profile_id is not None  # noqa: S101 — for the type checker; the caller looked
    profile = _profile(row.profile_id, row)
    if not row.plan_version or not row.is_kids:
        return profile
    return _with_plan(profile, row, asked[profile.id], memo, now=now)


def _profile(id_: UUID, row: sql.BeatEntry) -> Profile:
    if row.reset_hour is None:  # no config: the defaults
        return Profile(id=id_, user_id=row.user_id, is_kids=row.is_kids)
    if not rules.is_timezone(row.timezone):
        log.warning("unknown_timezone", profile_id=id_, timezone=row.timezone)
    held = None
    if row.held_day is not None:
        held = rules.ViewingDay(day=row.held_day, since=row.held_since, until=row.held_until)
    return Profile(
        id=id_,
        user_id=row.user_id,
        is_kids=row.is_kids,
        limits=rules.Limits.from_pair(weekday=row.weekday_limit_minutes, weekend=row.weekend_limit_minutes),
        educational_exempt=row.educational_exempt,
        schedule=rules.Schedule(timezone=row.timezone, reset_hour=row.reset_hour, held=held),
    )


def _with_plan(profile: Profile, row: sql.BeatEntry, asked: plans.Asked, memo: plans.Memo, *, now: datetime) -> Profile:
    columns = plans.PlanColumns(
        weekday_limit_minutes=row.weekday_limit_minutes,
        weekend_limit_minutes=row.weekend_limit_minutes,
        day_limits=row.day_limits,
        plan=row.plan,
        locked_at=row.locked_at,
        locked_until=row.locked_until,
        lock_note=row.lock_note,
        open_until=row.open_until,
        weekend_days=row.weekend_days,
        week_starts_on=row.week_starts_on,
        exceptions=row.exceptions,
    )
    key = plans.Key(row.plan_version or 0, profile.schedule, columns)
    plan, planned = memo.planned(profile.id, key, asked, past=row.past, read_at=now)
    return replace(profile, limits=plan.limits, planned=planned)


def _site(row: sql.BeatEntry) -> Site:
    return Site(
        pause_grace_seconds=row.pause_grace_seconds,
        default_limits=rules.Limits.from_pair(
            weekday=row.default_weekday_limit_minutes, weekend=row.default_weekend_limit_minutes
        ),
        default_reset_hour=row.default_reset_hour,
        notice=row.notice,
        wants_limit_reached=row.wants_limit_reached,
    )


def _read_player_tokens(keys: list[Key]) -> dict[Key, PlayerToken]:
    now = timezone.now()
    rows = sql.read_player_tokens(hashes=_ids(keys, "players"), now=now, expires_at=now + PLAYER_TOKEN_LIFETIME)
    return {
        ("players", token_hash): PlayerToken(id=id_, profile_id=profile_id, user_id=user_id, expires_at=expires_at)
        for token_hash, id_, profile_id, user_id, expires_at in rows
    }


def _read_gateway_tokens(keys: list[Key]) -> dict[Key, GatewayToken]:
    rows = sql.read_gateway_tokens(hashes=_ids(keys, "gateways"), now=timezone.now())
    return {
        ("gateways", token_hash): GatewayToken(id=id_, expires_at=expires_at) for token_hash, id_, expires_at in rows
    }


def _read_service_tokens(keys: list[Key]) -> dict[Key, ServiceToken]:
    rows = sql.read_service_tokens(hashes=_ids(keys, "services"), now=timezone.now())
    return {
        ("services", token_hash): ServiceToken(id=id_, scopes=frozenset(scopes), expires_at=expires_at)
        for token_hash, id_, scopes, expires_at in rows
    }


def _ids(keys: Iterable[Key], alias: str) -> list[Any]:
    return [key[1] for key in keys if key[0] == alias]


class ProfileLookup(Lookup[UUID, Profile]):
    def cached(self, id_: UUID) -> Profile | None:
        """The entry, unless its viewing day has ended and the next one depends on what was watched in it."""
        entry = super().cached(id_)
        return None if entry is None or _is_stale(entry) else entry

    def cached_many(self, ids: Iterable[UUID]) -> dict[UUID, Profile | None]:
        """As `cached`."""
        found = super().cached_many(ids)
        return {id_: None if entry is None or _is_stale(entry) else entry for id_, entry in found.items()}


def _is_stale(profile: Profile) -> bool:
    planned = profile.planned
    return planned is not None and planned.stale_at is not None and timezone.now() >= planned.stale_at


_beat_reads = Fetcher(_read_beat_entries)
profiles = ProfileLookup("profiles", _beat_reads)
titles: Lookup[UUID, Title] = Lookup("titles", _beat_reads)
site: Lookup[int, Site] = Lookup("site", _beat_reads)
# By hash; a token is at most 60 s old in the cache.
player_tokens: Lookup[bytes, PlayerToken] = Lookup("players", Fetcher(_read_player_tokens))
gateway_tokens: Lookup[bytes, GatewayToken] = Lookup("gateways", Fetcher(_read_gateway_tokens))
service_tokens: Lookup[bytes, ServiceToken] = Lookup("services", Fetcher(_read_service_tokens))


async def for_beat(profile_id: UUID, title_id: UUID) -> tuple[Profile | None, Title | None, Site]:
    """What a beat depends on; what is not cached is read in one statement. None where there is no such row."""
    profile, title, settings = profiles.cached(profile_id), titles.cached(title_id), site.cached(SITE_ID)
    log_lookup("profiles", profile_id, is_hit=profile is not None)
    if profile is not None and title is not None and settings is not None:
        return profile, title, settings
    profile_key, title_key = profiles.key(profile_id), titles.key(title_id)
    cached = {profile_key: profile, title_key: title, SITE: settings}
    found = await _beat_reads.fetch(key for key, entry in cached.items() if entry is None)
    return profile or found[profile_key], title or found[title_key], settings or found[SITE]


@dataclass(frozen=True, slots=True)
class BeatEntries:
    """What many beats depend on, by id. None: there is no such row. An id that is missing could not be read."""

    profiles: dict[UUID, Profile | None]
    titles: dict[UUID, Title | None]
    site: Site | None


async def for_beats(ids: Iterable[tuple[UUID, UUID]]) -> BeatEntries:
    """What many beats depend on, each given as (profile id, title id); what is not cached is read together."""
    pairs = list(ids)
    by_profile = profiles.cached_many(profile_id for profile_id, _ in pairs)
    by_title = titles.cached_many({title_id for _, title_id in pairs})
    settings = site.cached(SITE_ID)
    missing = [SITE] if settings is None else []
    missing += [profiles.key(id_) for id_, profile in by_profile.items() if profile is None]
    missing += [titles.key(id_) for id_, title in by_title.items() if title is None]
    if not missing:
        return BeatEntries(by_profile, by_title, settings)
    found = await _beat_reads.fetch_readable(missing)
    return BeatEntries(
        profiles=_completed(by_profile, found, profiles),
        titles=_completed(by_title, found, titles),
        site=settings or found.get(SITE),
    )


def _completed(
    cached: Mapping[UUID, V | None], found: Mapping[Key, Any], lookup: Lookup[UUID, V]
) -> dict[UUID, V | None]:
    """The cached entries and those that were found; without the ids that are in neither."""
    return {
        id_: found[lookup.key(id_)] if entry is None else entry
        for id_, entry in cached.items()
        if entry is not None or lookup.key(id_) in found
    }
