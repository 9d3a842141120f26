"""From events to deliveries: each event of the outbox becomes a row for every endpoint and parent that wants it."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Count
from pydantic import ValidationError

from parental.accounts.mails import can_mail
from parental.deliver import events
from parental.deliver.mail import MAILED
from parental.deliver.models import Channel, Delivery, WebhookEndpoint
from parental.models import User
from viewing import rules
from viewing.models import ViewingTimeConfig
from viewing.outbox import sql as outbox
from viewing.outbox.sql import Row

log = structlog.stdlib.get_logger(__name__)

MAX_EVENTS: Final = 500
# Of security emails to one account. Nobody needs the twenty-first to know that something is wrong.
MAX_MAILS_A_DAY: Final = 20


@transaction.atomic
def fan_out(*, now: datetime) -> int:
    """Take events out of the outbox and store what is to be sent of them, in one transaction: how many events."""
    rows = outbox.take(MAX_EVENTS, types=events.EVENTS)
    if rows:
        deliveries = _webhooks(rows, now=now)
        if can_mail():
            deliveries += _mails([row for row in rows if row.type in MAILED], now=now)
        Delivery.objects.bulk_create(deliveries)
    return len(rows)


def _webhooks(rows: Sequence[Row], *, now: datetime) -> list[Delivery]:
    endpoints = list(WebhookEndpoint.objects.filter(is_enabled=True).order_by("created_at"))
    if not endpoints:
        return []
    known = events.Known(next_reset_at=_Schedules(rows).next_reset_at)
    made = []
    for row in rows:
        # What happened before an endpoint was made does not concern it.
        wanting = [one for one in endpoints if (not one.types or row.type in one.types) and wants_since(one, row)]
        body = _body(row, known) if wanting else None
        if body is not None:
            made += [_delivery(row, Channel.WEBHOOK, body, now=now, endpoint=endpoint) for endpoint in wanting]
    return made


def wants_since(endpoint: WebhookEndpoint, row: Row) -> bool:
    return endpoint.created_at <= row.occurred_at


def _body(row: Row, known: events.Known) -> str | None:
    """None, and an error in the log, for what could not be sent: one bad event must not stop the others."""
    try:
        body = events.make_body(row, known)
    except (ValidationError, KeyError) as error:
        log.error("event_not_understood", event_type=row.type, sequence=row.id, error=type(error).__name__)
        return None
    if len(body.encode()) > events.MAX_BODY_BYTES:
        log.error("event_too_large", event_type=row.type, sequence=row.id)
        return None
    return body


class _Schedules:
    """When the days of the profiles end, read in one statement when the first is asked for."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._profile_ids = {row.profile_id for row in rows if row.type == "limit.reached"}
        self._found: dict[UUID, rules.Schedule] | None = None

    def next_reset_at(self, profile_id: UUID, at: datetime) -> datetime:
        if self._found is None:
            configs = ViewingTimeConfig.objects.filter(pk__in=self._profile_ids)
            self._found = {config.pk: config.schedule for config in configs}
        return rules.next_reset(self._found.get(profile_id, rules.Schedule()), now=at)


def _mails(rows: Sequence[Row], *, now: datetime) -> list[Delivery]:
    if not rows:
        return []
    user_ids = {row.family_id for row in rows}
    users = User.objects.filter(pk__in=user_ids, is_active=True, email__isnull=False)
    reachable = set(users.values_list("pk", flat=True))
    since = now - timedelta(days=1)
    sent = Delivery.objects.filter(user_id__in=reachable, created_at__gt=since).values_list("user_id")
    counts: dict[UUID | None, int] = dict(sent.annotate(n=Count("pk")))
    made = []
    for row in rows:
        if row.family_id not in reachable:
            continue
        counts[row.family_id] = counts.get(row.family_id, 0) + 1
        if counts[row.family_id] > MAX_MAILS_A_DAY:
            log.warning("mail_limit", user_id=row.family_id, event_type=row.type)
            continue
        body = json.dumps({"data": row.data, "at": row.occurred_at.isoformat()})
        made.append(_delivery(row, Channel.MAIL, body, now=now, user_id=row.family_id))
    return made


def _delivery(row: Row, channel: Channel, body: str, *, now: datetime, **receiver: object) -> Delivery:
    return Delivery(
        channel=channel,
        event_id=row.event_id,
        type=row.type,
        family_id=row.family_id,
        profile_id=row.profile_id,
        body=body,
        due_at=now,
        created_at=now,
        **receiver,
    )
