"""What the reports need of the database and the ORM cannot say."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from viewing.models import Profile, Title, ViewingSession, ViewingTimeBalance
from viewing.reports.periods import Period

BALANCE = ViewingTimeBalance._meta.db_table
PROFILE = Profile._meta.db_table
SESSION = ViewingSession._meta.db_table
TITLE = Title._meta.db_table


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction whose statements all see one state of the database, so that sums and lists agree. Reads only."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class WeekSum(NamedTuple):
    """Seconds of a profile: of one viewing day, or of one of its most watched titles (`day` None), best first."""

    profile_id: UUID
    day: date | None
    title_id: UUID | None
    title_name: str | None
    total: int
    educational: int
    counted: int


# The sessions are read once and summed both ways: by day and by title. Grouped by day and title together it took five
# times as long, most of it to hand over the rows. Index: session_profile_started_idx.
_WEEK_SUMS = f"""
WITH watched AS (
    SELECT
        profile_id, day, title_id, sum(counted_seconds + exempt_seconds) AS total, sum(counted_seconds) AS counted,
        coalesce(sum(counted_seconds + exempt_seconds) FILTER (WHERE is_educational), 0) AS educational
    FROM {SESSION}
    WHERE profile_id = ANY(%(profile_ids)s::uuid[]) AND started_at >= %(since)s AND started_at < %(until)s
        AND day BETWEEN %(from_date)s AND %(to_date)s
    GROUP BY GROUPING SETS ((profile_id, day), (profile_id, title_id))
),
ranked AS (
    SELECT
        watched.*, title.name,
        row_number() OVER (
            PARTITION BY profile_id ORDER BY total DESC, title.name COLLATE "C", title_id
        ) AS place
    FROM watched JOIN {TITLE} title ON title.id = watched.title_id
    WHERE total > 0
)
SELECT profile_id, day, title_id, NULL, total, educational, counted, 0 FROM watched WHERE title_id IS NULL
UNION ALL
SELECT profile_id, NULL, title_id, name, total, educational, counted, place FROM ranked WHERE place <= %(titles)s
ORDER BY 8
"""


def week_sums(profile_ids: Collection[UUID], week: Period, *, titles: int) -> list[WeekSum]:
    """The sums of the profiles' viewing days in the week, and of at most `titles` titles each."""
    parameters: dict[str, Any] = {
        "profile_ids": list(profile_ids),
        "since": week.since,
        "until": week.until,
        "from_date": week.from_date,
        "to_date": week.to_date,
        "titles": titles,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WEEK_SUMS, parameters)
        return [WeekSum(*row[:-1]) for row in cursor.fetchall()]


# One look per profile into each index: session_profile_started_idx and balance_profile_day_uniq. An index of the days
# would read less, but every session and balance would pay for it, and the reports' plans would fall for it.
_COMPARE_DAY = f"""
WITH compared AS MATERIALIZED (
    SELECT
        p.id AS profile_id, watched.sessions,
        coalesce(kept.used_seconds, 0) - watched.used_seconds AS used_difference,
        CASE WHEN p.is_kids THEN coalesce(kept.educational_seconds, 0) - watched.educational_seconds ELSE 0 END
            AS educational_difference
    FROM {PROFILE} p
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS sessions, coalesce(sum(counted_seconds), 0) AS used_seconds,
            coalesce(sum(counted_seconds + exempt_seconds) FILTER (WHERE is_educational), 0) AS educational_seconds
        FROM {SESSION}
        WHERE profile_id = p.id AND started_at >= %(since)s AND started_at < %(until)s AND day = %(day)s
    ) watched
    LEFT JOIN LATERAL (
        SELECT used_seconds, educational_seconds FROM {BALANCE} WHERE profile_id = p.id AND day = %(day)s LIMIT 1
    ) kept ON true
    WHERE (%(profile_id)s::uuid IS NULL OR p.id = %(profile_id)s)
        AND (watched.sessions > 0 OR kept.used_seconds IS NOT NULL)
),
differing AS MATERIALIZED (SELECT * FROM compared WHERE used_difference <> 0 OR educational_difference <> 0),
listed AS MATERIALIZED (SELECT * FROM differing ORDER BY profile_id LIMIT %(max_listed)s)
SELECT
    (SELECT count(*) FROM compared),
    (SELECT coalesce(sum(sessions), 0)::bigint FROM compared),
    (SELECT count(*) FROM differing),
    (SELECT coalesce(sum(abs(used_difference) + abs(educational_difference)), 0)::bigint FROM differing),
    (SELECT array_agg(profile_id) FROM listed),
    (SELECT array_agg(used_difference::bigint) FROM listed),
    (SELECT array_agg(educational_difference::bigint) FROM listed)
"""


def compare_day(
    day: date, *, profile_id: UUID | None, max_listed: int
) -> tuple[int, int, int, int, list[tuple[UUID, int, int]]]:
    """Balances of a viewing day (of one profile or all) next to the sum of their sessions, in seconds.

    How many profiles and sessions were compared, how many profiles differ, by how much in all; and of the first of them
    (id, counted, educational) by how much the balance is above.
    """
    period = Period(day, day)
    parameters: dict[str, Any] = {
        "day": day,
        "since": period.since,
        "until": period.until,
        "profile_id": profile_id,
        "max_listed": max_listed,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE_DAY, parameters)
        profiles, sessions, differing, seconds, *listed = cursor.fetchone()
    return profiles, sessions, differing, seconds, list(zip(*(column or () for column in listed), strict=True))
