"""Endpoints as staff manage them: made, changed, rotated, tested, and sent again what failed."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from parental.deliver import events, guard, results, send, signing
from parental.deliver.guard import AddressRefused
from parental.deliver.models import AGAIN, Channel, Delivery, DeliveryState, DisabledReason, WebhookEndpoint
from parental.deliver.outcomes import Answer
from viewing.hotpath import invalidation
from viewing.models import SiteSettings

MAX_ENDPOINTS: Final = 20
OLD_SECRET_KEPT: Final = timedelta(hours=24)
MAX_SENT_AGAIN: Final = 10_000
LIMIT_REACHED: Final = "limit.reached"


def check_url(url: str) -> None:
    """Raise AddressRefused for a URL that no webhook may go to. A name without an address yet is accepted."""
    target = guard.parse(url)
    try:
        guard.check(target.host, target.port, must_be_allowed=target.must_be_allowed)
    except OSError as error:
        if target.must_be_allowed:
            raise AddressRefused("Use HTTPS, or an address in WEBHOOK_ALLOWED_NETWORKS.") from error


FULL: Final = gettext_lazy("At most %(most)d endpoints can be enabled. Disable another one first.")


def is_full() -> bool:
    """Whether no further endpoint can be enabled: a deliverer has one sender for each."""
    return WebhookEndpoint.objects.filter(is_enabled=True).count() >= MAX_ENDPOINTS


def give_secret(endpoint: WebhookEndpoint) -> str:
    """A new endpoint's secret, to be shown once."""
    secret = signing.new_secret()
    endpoint.secret = signing.encrypt(secret)
    return secret


@transaction.atomic
def rotate(endpoint: WebhookEndpoint, *, now: datetime) -> str:
    """Replace the secret: the new one, to be shown once. For a day the old one signs too."""
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    old_secret = locked.secret
    secret = give_secret(locked)
    WebhookEndpoint.objects.filter(pk=locked.pk).update(
        secret=locked.secret, old_secret=old_secret, old_secret_until=now + OLD_SECRET_KEPT
    )
    return secret


def secrets_of(endpoint: WebhookEndpoint, *, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now, the newest first; none where no key reads the newest."""
    newest = signing.decrypt(endpoint.secret)
    if newest is None:
        return ()
    is_old_valid = endpoint.old_secret and endpoint.old_secret_until and endpoint.old_secret_until > now
    old = signing.decrypt(endpoint.old_secret) if is_old_valid else None
    return (newest, old) if old else (newest,)


def renew_secrets() -> int:
    """Encrypt under the present `SECRET_KEY` what one of `SECRET_KEY_FALLBACKS` encrypted: how many secrets."""
    renewed = 0
    for endpoint in WebhookEndpoint.objects.all():
        for column in ("secret", "old_secret"):
            stored = getattr(endpoint, column)
            if not stored or signing.is_current(stored):
                continue
            secret = signing.decrypt(stored)
            if secret is not None:
                same = WebhookEndpoint.objects.filter(pk=endpoint.pk, **{column: stored})
                renewed += same.update(**{column: signing.encrypt(secret)})
    return renewed


@transaction.atomic
def enable(endpoint: WebhookEndpoint) -> None:
    """Send it events again, as if it had never failed."""
    columns = {"is_enabled": True, "disabled_reason": "", "failing_since": None, "paused_until": None}
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**columns)
    note_wishes()


@transaction.atomic
def disable(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Staff want it to be sent nothing."""
    results.disable(endpoint, DisabledReason.STAFF, now=now)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_reason=DisabledReason.STAFF)
    note_wishes()


@transaction.atomic
def note_wishes() -> None:
    """Let heartbeats know whether any endpoint wants `limit.reached`: they write it only then."""
    # Locked first: of two who save endpoints in parallel, the second sees the endpoint of the first.
    site = SiteSettings.objects.select_for_update(no_key=True).filter(pk=1).first()
    enabled = WebhookEndpoint.objects.filter(is_enabled=True)
    is_wanted = any(not types or LIMIT_REACHED in types for types in enabled.values_list("types", flat=True))
    if is_wanted != (site is not None and site.wants_limit_reached):
        SiteSettings.objects.update_or_create(pk=1, defaults={"wants_limit_reached": is_wanted})
        invalidation.site_changed()


def send_test(endpoint: WebhookEndpoint, *, now: datetime) -> Answer:
    """Send a test now, from this process, and wait for the answer; it is stored like any delivery."""
    body, event_id = events.make_test_body(now=now), uuid.uuid4()
    request = send.Request(endpoint.url, secrets_of(endpoint, now=now), event_id, body)
    pool = send.make_pool(connections=1)
    try:
        answer = send.send(request, pool, now=now)
    finally:
        pool.close()
    Delivery.objects.create(
        channel=Channel.WEBHOOK,
        endpoint=endpoint,
        event_id=event_id,
        type=events.TEST,
        body=body,
        state=DeliveryState.DONE if answer.is_success else DeliveryState.DEAD,
        attempts=1,
        due_at=now,
        created_at=now,
        finished_at=now,
        last_status=answer.status,
        last_error=answer.error,
        last_answer=answer.text,
        duration_ms=round(answer.seconds * 1000),
    )
    return answer


def send_again(deliveries: QuerySet[Delivery], *, now: datetime) -> int:
    """Send what has ended once more, with the same id and body, behind what is new: how many.

    A disabled endpoint gets it when it is enabled.
    """
    ended = deliveries.filter(
        channel=Channel.WEBHOOK,
        state__in=[DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.CANCELLED],
    )
    copies = [
        Delivery(
            channel=Channel.WEBHOOK,
            endpoint_id=old.endpoint_id,
            event_id=old.event_id,
            type=old.type,
            family_id=old.family_id,
            profile_id=old.profile_id,
            body=old.body,
            priority=AGAIN,
            due_at=now,
            created_at=now,
            replay_of=old,
        )
        for old in ended.order_by("pk")[:MAX_SENT_AGAIN]
        if old.body
    ]
    return len(Delivery.objects.bulk_create(copies, batch_size=1000))
