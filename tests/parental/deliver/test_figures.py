"""The figures of deliveries, and how long deliveries and events are kept."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from parental.deliver import endpoints, figures
from parental.deliver.models import Delivery, DeliveryTotal, WebhookEndpoint
from parental.tokens import cleaning
from perfmetrics.counting import metrics
from tests.parental.deliver import platform
from tests.statements import statements
from viewing.models import OutboxEvent

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def nothing_yet(committed):
    platform.clear()
    yield
    platform.clear()


def make_endpoint(**columns):
    endpoint = WebhookEndpoint(name="Platform", url="https://hooks.example.com/", **columns)
    endpoints.give_secret(endpoint)
    endpoint.save()
    return endpoint


def make_delivery(endpoint, *, age=timedelta(), state="waiting"):
    at = timezone.now() - age
    about = {"type": "grant.made", "body": "{}", "due_at": at, "created_at": at, "event_id": uuid.uuid4()}
    return Delivery.objects.create(channel="webhook", endpoint=endpoint, state=state, **about)


def value(gauge):
    return gauge._value.get()


def test_what_waits_is_shown():
    endpoint, disabled = make_endpoint(), make_endpoint(is_enabled=False, disabled_reason="failing")
    make_endpoint(is_enabled=False, disabled_reason="staff")
    make_delivery(endpoint, age=timedelta(minutes=10))
    make_delivery(endpoint, age=-timedelta(minutes=10))  # not due yet
    make_delivery(disabled, age=timedelta(hours=10))
    DeliveryTotal.objects.update_or_create(channel="webhook", outcome="done", defaults={"count": 12, "seconds": 3.5})

    figures.publish()

    assert value(metrics.deliveries_waiting.labels("webhook")) == 2
    assert 600 <= value(metrics.delivery_oldest_seconds) < 700
    assert value(metrics.endpoints_disabled) == 1
    assert value(metrics.deliveries.labels("webhook", "done")) == 12
    assert value(metrics.delivery_seconds.labels("webhook", "done")) == 3.5


def test_events_that_nobody_delivers_are_shown(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    platform.make_events(1)
    OutboxEvent.objects.update(occurred_at=timezone.now() - timedelta(hours=1))

    figures.publish()
    assert value(metrics.delivery_oldest_seconds) == 0  # nobody wants them
    make_endpoint()
    figures.publish()
    assert value(metrics.delivery_oldest_seconds) >= 3600


@pytest.mark.parametrize("has_mail", [True, False])
def test_reading_them_is_not_counted_by_other_tests(monkeypatch, has_mail):
    monkeypatch.setattr(figures, "can_mail", lambda: has_mail)
    make_endpoint()

    with statements() as sent:
        figures.publish()

    assert sent.all == []


def test_old_deliveries_and_events_are_deleted():
    endpoint = make_endpoint()
    days = {
        state: [make_delivery(endpoint, age=timedelta(days=age), state=state).pk for age in (29, 31, 91)]
        for state in ("done", "dead", "cancelled", "waiting")
    }
    platform.make_events(3)
    OutboxEvent.objects.filter(pk__in=OutboxEvent.objects.values("pk")[:2]).update(
        occurred_at=timezone.now() - timedelta(days=8)
    )

    deleted = cleaning.clean_up(now=timezone.now())

    left = set(Delivery.objects.values_list("pk", flat=True))
    assert left == {days["done"][0], *(pk for state in ("dead", "cancelled", "waiting") for pk in days[state][:2])}
    assert (deleted["deliveries"], deleted["events"]) == (5, 2)
    assert OutboxEvent.objects.count() == 1
