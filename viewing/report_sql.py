"""What the reports need of the database and the ORM cannot say."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from viewing.models import Title, ViewingSession
from viewing.reports import Period

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
"""  # noqa: S608 — table names from the models' _meta, values as parameters


def week_sums(profile_ids: Collection[UUID], week: Period, *, titles: int) -> list[WeekSum]:
    """The sums of the profiles' viewing days in the week, and of at most so many titles each."""
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
