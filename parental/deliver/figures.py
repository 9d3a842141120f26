"""The figures of deliveries, read from the database: deliverers are processes without metrics of their own."""

from typing import Final

from django.db import connection
from django.utils import timezone

from parental.accounts.mails import can_mail
from parental.deliver import sql
from parental.deliver.models import Channel, DeliveryTotal, WebhookEndpoint
from perfmetrics.counting import metrics
from viewing.models import OutboxEvent

MAX_COUNTED: Final = 10_000


def publish() -> None:
    """Read the figures and set the gauges. Closes its thread's connection."""
    try:
        _publish()
    finally:
        connection.close()


def _publish() -> None:
    now = timezone.now()
    webhooks, mails, oldest = sql.read_waiting(limit=MAX_COUNTED, now=now)
    metrics.deliveries_waiting.labels(Channel.WEBHOOK).set(webhooks)
    metrics.deliveries_waiting.labels(Channel.MAIL).set(mails)
    metrics.delivery_oldest_seconds.set(max(0.0, float(oldest), _oldest_event_seconds()))
    metrics.endpoints_disabled.set(
        WebhookEndpoint.objects.filter(is_enabled=False).exclude(disabled_reason="staff").count()
    )
    for channel, outcome, count, seconds in DeliveryTotal.objects.values_list("channel", "outcome", "count", "seconds"):
        metrics.deliveries.labels(channel, outcome).set(count)
        metrics.delivery_seconds.labels(channel, outcome).set(seconds)


def _oldest_event_seconds() -> float:
    """How long the oldest event has been waiting for a deliverer; 0 where nobody wants events."""
    if not can_mail() and not WebhookEndpoint.objects.filter(is_enabled=True).exists():
        return 0.0
    occurred_at = OutboxEvent.objects.order_by("pk").values_list("occurred_at", flat=True).first()
    return 0.0 if occurred_at is None else (timezone.now() - occurred_at).total_seconds()
