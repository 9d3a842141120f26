"""Deletes what has expired: logins, players' and API tokens, counts of the limiter, page sessions, plan exceptions.

Tables are walked by their primary key in batches, each a short transaction that skips what somebody else holds: safe
while the service runs, stopped and begun again at will, and no index is needed but the primary keys.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from parental.deliver.models import Delivery, DeliveryState
from parental.models import ApiToken, Erasure, LimiterCount, TimeGrant, TimeRequest, TokenFamily
from parental.pairing import screens
from parental.tokens.families import without_living_tokens
from viewing.models import PlanException, PlayerToken
from viewing.outbox import sql as outbox

log = structlog.stdlib.get_logger(__name__)

Row = TypeVar("Row", bound=Model)
BATCH: Final = 1000
# Long enough that parents and support still see which devices and automations there were.
TOKEN_KEPT: Final = timedelta(days=90)
REQUEST_KEPT: Final = timedelta(days=90)
DELIVERED_KEPT: Final = timedelta(days=30)
# What failed can be sent again for so long; what still waits then goes to an endpoint that staff disabled.
DELIVERY_KEPT: Final = timedelta(days=90)
# A report of a week that long ago may still name it.
EXCEPTION_KEPT: Final = timedelta(days=400)
# Nobody takes events out where no deliverer is running.
EVENT_KEPT: Final = timedelta(days=7)
# Long enough to erase again what a restored backup brought back; the proof without the id stays for three years.
ERASED_NAMED: Final = timedelta(days=60)
ERASED_KEPT: Final = timedelta(days=3 * 365)


def clean_up(*, now: datetime) -> dict[str, int]:
    """Delete what is dead: how many rows of each kind, logged too."""
    deleted = {
        "logins": _sweep(TokenFamily.objects.all(), lambda rows: without_living_tokens(rows, now=now)),
        "player_tokens": _sweep(PlayerToken.objects.all(), lambda rows: _dead_player_tokens(rows, now=now)),
        "api_tokens": _sweep(ApiToken.objects.all(), lambda rows: _ended(rows, before=now - TOKEN_KEPT)),
        "limiter_counts": _sweep(LimiterCount.objects.all(), lambda rows: rows.filter(window_ends_at__lte=now)),
        "sessions": _sweep(Session.objects.all(), lambda rows: rows.filter(expire_date__lt=now)),
        "time_requests": _sweep(TimeRequest.objects.all(), lambda rows: rows.filter(created_at__lt=now - REQUEST_KEPT)),
        "deliveries": _sweep(Delivery.objects.all(), lambda rows: _old_deliveries(rows, now=now)),
        "exceptions": _sweep(PlanException.objects.all(), lambda rows: _old_exceptions(rows, now=now)),
        "pairings": screens.delete_old(now=now),
        "events": _delete_events(before=now - EVENT_KEPT),
        "erasures": _sweep(Erasure.objects.all(), lambda rows: rows.filter(done_at__lt=now - ERASED_KEPT)),
    }
    Erasure.objects.filter(done_at__lt=now - ERASED_NAMED, subject_id__isnull=False).update(
        subject_id=None, account_id=None
    )
    log.info("cleaned_up", **deleted)
    return deleted


def _old_exceptions(rows: QuerySet[PlanException], *, now: datetime) -> QuerySet[PlanException]:
    return rows.filter(to_date__lt=now.date() - EXCEPTION_KEPT)


def _old_deliveries(rows: QuerySet[Delivery], *, now: datetime) -> QuerySet[Delivery]:
    is_old = Q(created_at__lt=now - DELIVERED_KEPT, state=DeliveryState.DONE) | Q(created_at__lt=now - DELIVERY_KEPT)
    return rows.filter(is_old).exclude(state=DeliveryState.SENDING)


def _delete_events(*, before: datetime) -> int:
    deleted = 0
    while count := outbox.delete_old(before=before, limit=BATCH):
        deleted += count
    return deleted


def _dead_player_tokens(rows: QuerySet[PlayerToken], *, now: datetime) -> QuerySet[PlayerToken]:
    # A grant that was given on a device keeps naming it, for the audit.
    before, named = now - TOKEN_KEPT, TimeGrant.objects.filter(player_token=OuterRef("pk"))
    return _ended(rows, before=before).exclude(Exists(named))


def _ended(rows: QuerySet[Row], *, before: datetime) -> QuerySet[Row]:
    return rows.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))


def _sweep(table: QuerySet[Row], dead: Callable[[QuerySet[Row]], QuerySet[Row]]) -> int:
    rows = table.order_by("pk")
    deleted, last = 0, None
    while batch := list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:BATCH]):
        last = batch[-1]
        with transaction.atomic():
            held = dead(rows.filter(pk__in=batch)).select_for_update(skip_locked=True, of=("self",))
            gone = list(held.values_list("pk", flat=True))
            rows.filter(pk__in=gone).delete()
        deleted += len(gone)
    return deleted
