"""The two statements of the outbox: one writes an event, the other takes the oldest ones out."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from pydantic_core import from_json

from viewing.outbox.models import OutboxEvent

OUTBOX: Final = OutboxEvent._meta.db_table


class Row(NamedTuple):
    """An event of the outbox. Ids rise with time, with gaps."""

    id: int
    event_id: UUID
    type: str
    family_id: UUID
    profile_id: UUID | None
    data: dict[str, Any]
    actor: dict[str, Any]
    occurred_at: datetime


_WRITE = f"""
INSERT INTO {OUTBOX} (event_id, type, family_id, profile_id, data, actor, occurred_at)
VALUES (gen_random_uuid(), %(type)s, %(family_id)s, %(profile_id)s, %(data)s::jsonb, %(actor)s::jsonb, %(at)s)
"""


def write(parameters: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, parameters)


# Claims by deleting, so that no event is skipped: ids are given before commits, and "id > the last one" would miss the
# event of a transaction that commits late. The ids are collected first (MATERIALIZED): the planner could otherwise run
# the locking SELECT once per row and delete more than the limit.
_TAKE = f"""
WITH oldest AS MATERIALIZED (
    SELECT id FROM {OUTBOX} WHERE type = ANY(%(types)s) ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
DELETE FROM {OUTBOX} o USING oldest WHERE o.id = oldest.id
RETURNING o.id, o.event_id, o.type, o.family_id, o.profile_id, o.data::text, o.actor::text, o.occurred_at
"""


def take(limit: int, *, types: Collection[str]) -> list[Row]:
    """Take the oldest events of these types out, in the caller's transaction.

    Those that another process is taking are left to it, and types that only a newer version knows are left to that one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"limit": limit, "types": list(types)})
        rows = cursor.fetchall()
    events = [
        Row(id_, event_id, type_, family_id, profile_id, from_json(data), from_json(actor), at)
        for id_, event_id, type_, family_id, profile_id, data, actor, at in rows
    ]
    return sorted(events, key=lambda event: event.id)


# Index: none; rows that nobody took are few, or no deliverer is running.
_DELETE_OLD = f"""
WITH old AS MATERIALIZED (
    SELECT id FROM {OUTBOX} WHERE occurred_at < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
DELETE FROM {OUTBOX} o USING old WHERE o.id = old.id
"""


def delete_old(*, before: datetime, limit: int) -> int:
    """Delete events that nobody took out: how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE_OLD, {"before": before, "limit": limit})
        return int(cursor.rowcount)
