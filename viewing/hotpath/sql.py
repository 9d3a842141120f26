"""The statements of the cached reads."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from pydantic_core import to_json

from viewing.hotpath.plans import DAYS_AHEAD, DAYS_BACK, UNKNOWN, Asked
from viewing.hotpath.threads import execute, execute_as
from viewing.models import (
    FamilyCalendar,
    GatewayToken,
    PlanException,
    PlayerToken,
    Profile,
    ServiceToken,
    SiteSettings,
    Title,
    ViewingTimeBalance,
    ViewingTimeConfig,
)

BALANCE = ViewingTimeBalance._meta.db_table
CALENDAR = FamilyCalendar._meta.db_table
CONFIG = ViewingTimeConfig._meta.db_table
EXCEPTION = PlanException._meta.db_table
GATEWAY_TOKEN = GatewayToken._meta.db_table
PLAYER_TOKEN = PlayerToken._meta.db_table
PROFILE = Profile._meta.db_table
SERVICE_TOKEN = ServiceToken._meta.db_table
SITE = SiteSettings._meta.db_table
TITLE = Title._meta.db_table
USER = get_user_model()._meta.db_table


class BeatEntry(NamedTuple):
    """A row of `read_beat_entries`: a profile with its limits, a title, or the site settings; else nulls."""

    profile_id: UUID | None
    user_id: UUID
    is_kids: bool
    weekday_limit_minutes: int | None
    weekend_limit_minutes: int | None
    reset_hour: int | None
    educational_exempt: bool
    timezone: str
    held_day: date | None
    held_since: datetime
    held_until: datetime
    plan_version: int | None
    day_limits: list[int | None] | None
    locked_at: datetime | None
    locked_until: datetime | None
    lock_note: str
    open_until: datetime | None
    plan: str | None
    weekend_days: int | None
    week_starts_on: int | None
    exceptions: str | None
    past: str | None
    title_id: UUID | None
    is_educational: bool
    duration_seconds: int | None
    is_retired: bool
    site_id: int | None
    pause_grace_seconds: int
    default_weekday_limit_minutes: int | None
    default_weekend_limit_minutes: int | None
    default_reset_hour: int
    notice: str
    wants_limit_reached: bool


# Three reads in one statement, so that a beat with a cold cache costs only one. Joined on false, no rows are paired:
# each row is of one kind. Indexes: the primary keys, exception_user_to_idx, balance_profile_day_uniq.
#
# What belongs to a week plan is looked up only where there is one that the caller does not know yet: the condition of
# each LATERAL names nothing of what it reads, so that the planner asks it once, before the look-up. The LIMIT keeps it
# from becoming a condition of the join, which every profile would pay for.
_READ_BEAT_ENTRIES = f"""
SELECT
    p.id AS profile_id, p.user_id, p.is_kids, p.weekday_limit_minutes, p.weekend_limit_minutes, p.reset_hour,
    p.educational_exempt, p.timezone, p.held_day, p.held_since, p.held_until, p.plan_version, p.day_limits, p.locked_at,
    p.locked_until, p.lock_note, p.open_until, p.plan, p.weekend_days, p.week_starts_on, p.exceptions, p.past,
    t.id AS title_id, t.is_educational, t.duration_seconds, t.retired_at IS NOT NULL AS is_retired, s.id AS site_id,
    s.pause_grace_seconds, s.default_weekday_limit_minutes, s.default_weekend_limit_minutes, s.default_reset_hour,
    s.notice, s.wants_limit_reached
FROM (
    SELECT
        profile.id, profile.user_id, profile.is_kids, config.weekday_limit_minutes, config.weekend_limit_minutes,
        config.reset_hour, config.educational_exempt, config.timezone, config.held_day, config.held_since,
        config.held_until, config.plan_version, config.day_limits, config.locked_at, config.locked_until,
        config.lock_note, config.open_until, extras.plan, extras.weekend_days, extras.week_starts_on,
        extras.exceptions, earlier.past
    FROM {PROFILE} profile LEFT JOIN {CONFIG} config ON config.profile_id = profile.id
    LEFT JOIN LATERAL (
        SELECT
            config.plan::text AS plan, calendar.weekend_days, calendar.week_starts_on,
            (
                SELECT json_agg(e)::text FROM {EXCEPTION} e
                WHERE e.user_id = profile.user_id AND (e.profile_id IS NULL OR e.profile_id = profile.id)
                    AND e.to_date >= %(since)s AND e.from_date <= %(until)s
            ) AS exceptions
        FROM (SELECT) one LEFT JOIN {CALENDAR} calendar ON calendar.user_id = profile.user_id
        WHERE config.plan_version > 0
            AND config.plan_version <> coalesce((%(versions)s::jsonb ->> profile.id::text)::int, {UNKNOWN})
        LIMIT 1
    ) extras ON true
    LEFT JOIN LATERAL (
        SELECT json_object_agg(day, used_seconds)::text AS past FROM {BALANCE}
        WHERE config.uses_week AND profile.id <> ALL(%(past_known)s::uuid[])
            AND profile_id = profile.id AND day >= %(since)s
        LIMIT 1
    ) earlier ON true
    WHERE profile.id = ANY(%(profile_ids)s::uuid[]) AND profile.erase_at IS NULL
) p
FULL JOIN (SELECT * FROM {TITLE} WHERE id = ANY(%(title_ids)s::uuid[])) t ON false
FULL JOIN (SELECT * FROM {SITE} WHERE %(with_site)s::bool) s ON false
"""


def read_beat_entries(
    *,
    profiles: Mapping[UUID, Asked],
    title_ids: Collection[UUID],
    with_site: bool,
    today: date,
    counted_as: str | None = "beat_entries",
) -> list[BeatEntry]:
    """Profiles with their limits, titles and, if asked for, the site settings. Unknown ids have no row.

    Of a profile also its week plan, unless it has the version that `profiles` gives, and the seconds of earlier days
    if asked for. `today`: the date in UTC.
    """
    parameters = {
        "profile_ids": list(profiles),
        # Of most there is none: a child without a plan is in neither.
        "versions": to_json({str(id_): asked.version for id_, asked in profiles.items() if asked.version > 0}).decode(),
        "past_known": [id_ for id_, asked in profiles.items() if not asked.with_past],
        "since": today - timedelta(days=DAYS_BACK),
        "until": today + timedelta(days=DAYS_AHEAD),
        "title_ids": list(title_ids),
        "with_site": with_site,
    }
    return execute_as(BeatEntry, _READ_BEAT_ENTRIES, parameters, counted_as=counted_as)


# A token in use is renewed at most once an hour, by the read that fills the cache. Its first use is noted too, which
# renews nothing. Index: unique on the hash.
_READ_PLAYER_TOKENS = f"""
WITH token AS (
    SELECT t.*, p.user_id FROM {PLAYER_TOKEN} t
    JOIN {PROFILE} p ON p.id = t.profile_id JOIN {USER} u ON u.id = p.user_id
    WHERE t.token_hash = ANY(%(hashes)s::bytea[]) AND t.revoked_at IS NULL AND t.expires_at > %(now)s AND u.is_active
), renewed AS (
    UPDATE {PLAYER_TOKEN} t SET last_used_at = %(now)s, expires_at = CASE
        WHEN t.last_used_at < %(now)s - interval '1 hour' THEN %(expires_at)s ELSE t.expires_at END
    FROM token WHERE t.id = token.id AND t.revoked_at IS NULL
        AND (t.last_used_at < %(now)s - interval '1 hour' OR t.last_used_at <= t.created_at)
    RETURNING t.id, t.expires_at
)
SELECT token.token_hash, token.id, token.profile_id, token.user_id, coalesce(renewed.expires_at, token.expires_at)
FROM token LEFT JOIN renewed ON renewed.id = token.id
"""


def read_player_tokens(
    *, hashes: Collection[bytes], now: datetime, expires_at: datetime
) -> list[tuple[bytes, UUID, UUID, UUID, datetime]]:
    """(hash, token id, profile id, account id, expiry) of the valid tokens among the hashes; renews them."""
    parameters = {"hashes": list(hashes), "now": now, "expires_at": expires_at}
    rows = execute(_READ_PLAYER_TOKENS, parameters, counted_as="player_tokens")
    return [(bytes(row[0]), row[1], row[2], row[3], row[4]) for row in rows]


# `last_used_at` is kept to the hour, as above. Index: unique on the hash.
_READ_MADE_BY_STAFF = """
WITH token AS (
    SELECT * FROM {table} t
    WHERE t.token_hash = ANY(%(hashes)s::bytea[]) AND t.revoked_at IS NULL
        AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
), used AS (
    UPDATE {table} t SET last_used_at = %(now)s
    FROM token WHERE t.id = token.id AND coalesce(t.last_used_at < %(now)s - interval '1 hour', true)
)
SELECT {columns} FROM token
"""
_READ_GATEWAY_TOKENS = _READ_MADE_BY_STAFF.format(table=GATEWAY_TOKEN, columns="token_hash, id, expires_at")
_READ_SERVICE_TOKENS = _READ_MADE_BY_STAFF.format(table=SERVICE_TOKEN, columns="token_hash, id, scopes, expires_at")


def read_gateway_tokens(*, hashes: Collection[bytes], now: datetime) -> list[tuple[bytes, UUID, datetime | None]]:
    """(hash, token id, expiry or None) of the valid tokens among the hashes; records that they were used."""
    rows = execute(_READ_GATEWAY_TOKENS, {"hashes": list(hashes), "now": now})
    return [(bytes(token_hash), id_, expires_at) for token_hash, id_, expires_at in rows]


def read_service_tokens(
    *, hashes: Collection[bytes], now: datetime
) -> list[tuple[bytes, UUID, list[str], datetime | None]]:
    """As `read_gateway_tokens`: (hash, token id, scopes, expiry or None)."""
    rows = execute(_READ_SERVICE_TOKENS, {"hashes": list(hashes), "now": now})
    return [(bytes(token_hash), id_, scopes, expires_at) for token_hash, id_, scopes, expires_at in rows]
