"""What the tests of erasing need: to erase what is due, and to look for an id in every row there is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from parental.privacy import erasing

# What may keep an id: that it was erased, and that this is reported.
ALLOWED = {"parental_erasure"}
REPORTS = {"viewing_outboxevent", "parental_delivery"}


def erase_what_is_due(now: datetime | None = None) -> int:
    """How many steps it took."""
    steps = 0
    while erasing.run_step(now=now or timezone.now()):
        steps += 1
        assert steps < 1000
    return steps


def rows_that_name(*ids: Any) -> dict[str, list[str]]:
    """By table, the rows of the whole database that hold one of the ids in any column, written in any way."""
    written = [text for id_ in ids for text in (str(id_), UUID(str(id_)).hex)]
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            cursor.execute(
                f"SELECT t::text FROM {table} t WHERE t::text LIKE ANY(%s)", [[f"%{text}%" for text in written]]
            )
            if rows := [text for (text,) in cursor.fetchall()]:
                found[table] = rows
    return found


def remains(*ids: Any) -> dict[str, list[str]]:
    """The rows that name an id and must not."""
    found = rows_that_name(*ids)
    return {
        table: kept
        for table, rows in found.items()
        if table not in ALLOWED and (kept := [row for row in rows if not (table in REPORTS and ".erased" in row)])
    }
