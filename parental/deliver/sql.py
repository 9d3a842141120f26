"""The statements by which deliverers share the work: claiming, and giving back the claims of those that died.

Nothing is sent while a transaction is open. A claim is a row in state "sending" with an end; the sender writes the
result only while the claim is still its own (`attempts` is what it was).
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from parental.deliver.models import AGAIN, NORMAL, Delivery, DeliveryTotal, WebhookEndpoint

DELIVERY: Final = Delivery._meta.db_table
ENDPOINT: Final = WebhookEndpoint._meta.db_table
TOTAL: Final = DeliveryTotal._meta.db_table
# Longer than any attempt may take.
CLAIM: Final = timedelta(seconds=60)
PRIORITIES: Final = (NORMAL, AGAIN)

# The endpoints that have something due. Locked, so that two processes never claim of one endpoint together: each would
# count from a snapshot in which the other has claimed nothing. Index: delivery_due_idx, by endpoint and priority.
_LOCK_ENDPOINTS = f"""
SELECT e.id FROM {ENDPOINT} e
WHERE e.is_enabled AND (e.paused_until IS NULL OR e.paused_until <= %(now)s) AND EXISTS (
    SELECT FROM {DELIVERY} d
    WHERE d.state = 'waiting' AND d.endpoint_id = e.id AND d.priority = ANY(%(priorities)s) AND d.due_at <= %(now)s
)
ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED
"""

# A statement of its own, with a snapshot that sees what others claimed before they let go of the endpoint. One delivery
# of each endpoint at a time, over all processes: so they arrive in order, and a slow endpoint takes one sender only.
# Those due longest come first, where there are fewer senders than endpoints.
_CLAIM_WEBHOOKS = f"""
WITH next AS MATERIALIZED (
    SELECT d.id FROM unnest(%(endpoint_ids)s::uuid[]) AS e(id)
    CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM {DELIVERY} d
        WHERE d.state = 'waiting' AND d.endpoint_id = e.id AND d.due_at <= %(now)s
        ORDER BY d.priority, d.due_at, d.id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) d
    WHERE NOT EXISTS (SELECT FROM {DELIVERY} s WHERE s.state = 'sending' AND s.endpoint_id = e.id)
    ORDER BY d.due_at LIMIT %(limit)s
)
UPDATE {DELIVERY} d SET state = 'sending', attempts = d.attempts + 1, claimed_until = %(until)s
FROM next WHERE d.id = next.id
RETURNING d.id
"""


def claim_webhooks(limit: int, *, now: datetime) -> list[int]:
    """Claim what is due, at most one delivery of each endpoint: the ids."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_ENDPOINTS, {"now": now, "priorities": list(PRIORITIES)})
        endpoint_ids: list[UUID] = [id_ for (id_,) in cursor.fetchall()]
        if not endpoint_ids:
            return []
        cursor.execute(
            _CLAIM_WEBHOOKS, {"endpoint_ids": endpoint_ids, "now": now, "until": now + CLAIM, "limit": limit}
        )
        return [id_ for (id_,) in cursor.fetchall()]


# Index: delivery_due_idx, whose endpoint is null.
_CLAIM_MAILS = f"""
WITH next AS MATERIALIZED (
    SELECT id FROM {DELIVERY}
    WHERE state = 'waiting' AND endpoint_id IS NULL AND due_at <= %(now)s
    ORDER BY priority, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE {DELIVERY} d SET state = 'sending', attempts = d.attempts + 1, claimed_until = %(until)s
FROM next WHERE d.id = next.id
RETURNING d.id
"""


def claim_mails(limit: int, *, until: datetime, now: datetime) -> list[int]:
    """Claim emails that are due: the ids."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_MAILS, {"now": now, "until": until, "limit": limit})
        return [id_ for (id_,) in cursor.fetchall()]


# What their process died with is sent again, with the same id; what has had its last attempt is given up. Index:
# delivery_sending_idx.
_TAKE_BACK = f"""
UPDATE {DELIVERY} SET
    state = CASE WHEN attempts >= %(max_attempts)s THEN 'dead' ELSE 'waiting' END,
    finished_at = CASE WHEN attempts >= %(max_attempts)s THEN %(now)s END,
    due_at = %(now)s, claimed_until = NULL, last_error = 'no result'
WHERE state = 'sending' AND claimed_until < %(now)s
"""


def take_back_claims(*, max_attempts: int, now: datetime) -> int:
    """Give up claims whose end has passed: how many."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, {"now": now, "max_attempts": max_attempts})
        return int(cursor.rowcount)


_COUNT = f"""
INSERT INTO {TOTAL} AS t (channel, outcome, count, seconds) VALUES (%(channel)s, %(outcome)s, 1, %(seconds)s)
ON CONFLICT (channel, outcome) DO UPDATE SET count = t.count + 1, seconds = t.seconds + excluded.seconds
"""


def count(*, channel: str, outcome: str, seconds: float) -> None:
    """Count an attempt, in the transaction that writes its result."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"channel": channel, "outcome": outcome, "seconds": seconds})


# One row, for the figures. Index: delivery_due_idx.
_READ_WAITING = f"""
SELECT
    count(*) FILTER (WHERE channel = 'webhook'), count(*) FILTER (WHERE channel = 'mail'),
    coalesce(extract(epoch FROM %(now)s - min(d.due_at) FILTER (
        WHERE e.id IS NULL OR e.is_enabled AND coalesce(e.paused_until <= %(now)s, true))), 0)
FROM (SELECT * FROM {DELIVERY} WHERE state = 'waiting' AND due_at <= %(now)s LIMIT %(limit)s) d
LEFT JOIN {ENDPOINT} e ON e.id = d.endpoint_id
"""


def read_waiting(*, limit: int, now: datetime) -> tuple[Any, ...]:
    """(webhooks due, emails due, seconds that the one due longest has waited); counts no further than `limit`."""
    with connection.cursor() as cursor:
        cursor.execute(_READ_WAITING, {"now": now, "limit": limit})
        row: tuple[Any, ...] = cursor.fetchone()
    return row
