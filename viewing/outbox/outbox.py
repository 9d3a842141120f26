"""Events for whatever lies outside: webhooks and emails. Each is written in the transaction that decides it.

So a decision and its event are committed or lost together. There is no queue besides the table, and nothing is
notified: a deliverer looks once a second.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection
from pydantic_core import to_json

from viewing.outbox import sql

MAX_DATA_BYTES: Final = 8192


class Subject(NamedTuple):
    """Whom an event is about: a family, which is the account, and maybe one of its profiles."""

    family_id: UUID
    profile_id: UUID | None = None


def happened(
    event_type: str, subject: Subject, *, data: Mapping[str, object], actor: Mapping[str, object], now: datetime
) -> None:
    """Write an event, in the transaction that decides it: one statement, whether or not anyone will read it.

    `data`: ids, numbers, codes and times, at most 8 KiB as JSON. `actor`: {"kind": …, "id": …}. Raises RuntimeError
    outside a transaction, and ValueError for more data.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{event_type} must be written in the transaction that decides it.")
    encoded = to_json(data)
    if len(encoded) > MAX_DATA_BYTES:
        raise ValueError(f"The data of {event_type} is longer than {MAX_DATA_BYTES} bytes.")
    sql.write(
        {
            "family_id": subject.family_id,
            "profile_id": subject.profile_id,
            "type": event_type,
            "data": encoded.decode(),
            "actor": to_json(actor).decode(),
            "at": now,
        }
    )
