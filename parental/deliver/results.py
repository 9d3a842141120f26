"""Writing what attempts ended in, and what that means for the endpoint or the address."""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from parental.deliver import sql
from parental.deliver.models import Bounces, Channel, Delivery, DeliveryState, DisabledReason, WebhookEndpoint
from parental.deliver.outcomes import MAX_ATTEMPTS, MAX_MAIL_ATTEMPTS, Answer, Next, following
from parental.models import User

log = structlog.stdlib.get_logger(__name__)

# Nothing but failures for so long disables an endpoint.
MAX_FAILING: Final = timedelta(days=5)
MAX_BOUNCES: Final = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process has claimed; `attempts` counts the attempt that is being made."""

    id: int
    channel: str
    attempts: int
    endpoint_id: UUID | None
    user_id: UUID | None


@transaction.atomic
def write(claim: Claim, answer: Answer, *, now: datetime) -> bool:
    """Write the result of an attempt; False if the claim had ended, and the result is another process's to write."""
    is_mail = claim.channel == Channel.MAIL
    next_ = following(
        answer,
        attempts=claim.attempts,
        max_attempts=MAX_MAIL_ATTEMPTS if is_mail else MAX_ATTEMPTS,
        jitter=random.uniform(-1, 1),  # noqa: S311 — no secret
        now=now,
    )
    # In the order of claims: the endpoint, then its delivery.
    locked = WebhookEndpoint.objects.select_for_update(no_key=True)
    endpoint = locked.filter(pk=claim.endpoint_id).first() if claim.endpoint_id else None
    mine = Delivery.objects.filter(pk=claim.id, state=DeliveryState.SENDING, attempts=claim.attempts)
    columns = {
        "state": next_.state,
        "claimed_until": None,
        "last_status": answer.status,
        "last_error": answer.error,
        "last_answer": answer.text,
        "duration_ms": round(answer.seconds * 1000),
        "finished_at": None if next_.state == "waiting" else now,
    }
    if next_.due_at is not None:
        columns["due_at"] = next_.due_at
    if not mine.update(**columns):
        return False
    if endpoint is not None:
        _update_endpoint(endpoint, answer, next_, now=now)
    sql.count(channel=claim.channel, outcome=_outcome(next_), seconds=answer.seconds)
    if claim.user_id is not None:
        _count_bounce(claim.user_id, answer)
    _log(claim, answer, next_)
    return True


def _outcome(next_: Next) -> str:
    return "retry" if next_.state == "waiting" else next_.state


def _log(claim: Claim, answer: Answer, next_: Next) -> None:
    about = {
        "delivery_id": claim.id,
        "endpoint_id": claim.endpoint_id,
        "channel": claim.channel,
        "status": answer.status,
        "attempts": claim.attempts,
        "duration_ms": round(answer.seconds * 1000),
    }
    if answer.is_success:
        log.debug("delivered", **about)
    else:
        log.warning("delivery_failed", **about, error=answer.error, state=next_.state)


def _update_endpoint(endpoint: WebhookEndpoint, answer: Answer, next_: Next, *, now: datetime) -> None:
    same = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if answer.is_success:
        if endpoint.failing_since or endpoint.paused_until:
            same.update(failing_since=None, paused_until=None)
        return
    columns = {"failing_since": endpoint.failing_since or now}
    if next_.paused_until is not None:
        columns["paused_until"] = next_.paused_until
    same.update(**columns)
    if next_.is_gone:
        disable(endpoint, DisabledReason.GONE, now=now)
    elif now - columns["failing_since"] >= MAX_FAILING:
        disable(endpoint, DisabledReason.FAILING, now=now)


@transaction.atomic
def disable(endpoint: WebhookEndpoint, reason: DisabledReason, *, now: datetime) -> None:
    """Send it nothing any more. What waits is cancelled, or dead where it failed, so that staff may send it again."""
    enabled = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_enabled=True)
    if not enabled.update(is_enabled=False, disabled_reason=reason, paused_until=None):
        return
    state = DeliveryState.DEAD if reason == DisabledReason.FAILING else DeliveryState.CANCELLED
    waiting = Delivery.objects.filter(endpoint_id=endpoint.pk, state=DeliveryState.WAITING)
    waiting.update(state=state, finished_at=now)
    if reason != DisabledReason.STAFF:
        log.error("endpoint_disabled", endpoint_id=endpoint.pk, reason=str(reason))


def _count_bounce(user_id: UUID, answer: Answer) -> None:
    """A refused address is counted, and the count starts over when the address takes an email."""
    if answer.is_success:
        Bounces.objects.filter(pk=user_id).delete()
    elif answer.is_final:
        email = User.objects.values_list("email", flat=True).filter(pk=user_id).first()
        if email is None:
            return
        hashed = email_hash(email)
        if not Bounces.objects.filter(pk=user_id, email_hash=hashed).update(count=F("count") + 1):
            Bounces.objects.update_or_create(pk=user_id, defaults={"email_hash": hashed, "count": 1})


def email_hash(email: str) -> bytes:
    return hashlib.sha256(f"bounces {email}".encode()).digest()


def is_refused(user_id: UUID, email: str | None) -> bool:
    """Whether the account's mail server refused this address three times in a row: it gets no more emails."""
    bounces = Bounces.objects.filter(pk=user_id, count__gte=MAX_BOUNCES).first()
    return bounces is not None and bytes(bounces.email_hash) == email_hash(email or "")
