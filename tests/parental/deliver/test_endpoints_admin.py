"""Endpoints in the admin: made, checked, shown once, rotated, disabled, and sent again."""

import re
import uuid
from ipaddress import ip_network

import pytest
from django.urls import reverse
from django.utils import timezone

from parental.deliver import endpoints, results, signing
from parental.deliver.models import Delivery, DisabledReason, WebhookEndpoint
from parental.deliver.outcomes import Answer
from parental.deliver.results import MAX_FAILING, Claim
from tests.families import make_user
from viewing.models import SiteSettings

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def staff(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def add(staff, url="https://hooks.example.com/sandglass", **form):
    return staff.post(reverse("admin:parental_webhookendpoint_add"), {"name": "Platform", "url": url, **form})


def act(staff, action, *rows):
    url = reverse("admin:parental_webhookendpoint_changelist")
    return staff.post(url, {"action": action, "_selected_action": [str(row.pk) for row in rows]}, follow=True)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No name is looked up in a test."""
    monkeypatch.setattr(endpoints.guard, "check", lambda *_, **__: [])


def test_a_secret_is_shown_once_and_stored_encrypted(staff):
    page = add(staff, types=["grant.made"])

    (secret,) = SECRET.findall(page.content.decode())
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.types == ["grant.made"]
    assert secret not in endpoint.secret
    assert signing.decrypt(endpoint.secret) == secret
    for url in (
        reverse("admin:parental_webhookendpoint_changelist"),
        reverse("admin:parental_webhookendpoint_change", args=[endpoint.pk]),
        reverse("admin:parental_webhookendpoint_history", args=[endpoint.pk]),
    ):
        assert "whsec_" not in staff.get(url).content.decode()


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/", "https://localhost/", "https://2130706433/", "ftp://a.b/"]
)
def test_an_address_that_is_not_allowed_is_refused_when_saved(staff, url, monkeypatch):
    monkeypatch.undo()

    page = add(staff, url).content.decode()

    assert not WebhookEndpoint.objects.exists()
    assert "errorlist" in page


def test_a_name_without_an_address_yet_is_accepted(settings, monkeypatch):
    def look_up(*_args, **_options):
        raise OSError

    monkeypatch.setattr(endpoints.guard, "check", look_up)

    endpoints.check_url("https://not-yet.example.com/")


def test_a_rotated_secret_is_shown_and_the_old_one_stays_for_a_day(staff):
    (old,) = SECRET.findall(add(staff).content.decode())
    endpoint = WebhookEndpoint.objects.get()

    (new,) = SECRET.findall(act(staff, "rotate_secret", endpoint).content.decode())

    endpoint.refresh_from_db()
    now = timezone.now()
    assert endpoints.secrets_of(endpoint, now=now) == (new, old)
    assert endpoints.secrets_of(endpoint, now=now + endpoints.OLD_SECRET_KEPT) == (new,)


def test_secrets_move_to_a_new_key(staff, settings):
    settings.SECRET_KEY = "the first key"
    endpoint = WebhookEndpoint(name="Platform", url="https://hooks.example.com/")
    secret = endpoints.give_secret(endpoint)
    endpoint.save()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the second key", ["the first key"]
    assert endpoints.renew_secrets() == 1
    assert endpoints.renew_secrets() == 0

    settings.SECRET_KEY_FALLBACKS = []
    endpoint.refresh_from_db()
    assert endpoints.secrets_of(endpoint, now=timezone.now()) == (secret,)


def test_heartbeats_are_told_whether_anyone_wants_a_reached_limit(staff):
    wanting = SiteSettings.objects.filter(wants_limit_reached=True)
    add(staff, types=["grant.made"])
    assert not wanting.exists()
    add(staff, types=["grant.made", "limit.reached"])
    assert wanting.exists()
    endpoint = WebhookEndpoint.objects.get(types__contains=["limit.reached"])
    act(staff, "disable", endpoint)
    assert not wanting.exists()
    act(staff, "enable", endpoint)
    assert wanting.exists()


def test_endpoints_are_bounded(staff):
    for _ in range(endpoints.MAX_ENDPOINTS):
        add(staff)
    page = add(staff).content.decode()

    assert WebhookEndpoint.objects.count() == endpoints.MAX_ENDPOINTS
    assert "At most 20 endpoints" in page


def make_delivery(endpoint, state="waiting", **columns):
    now = timezone.now()
    about = {"channel": "webhook", "type": "grant.made", "body": "{}", "due_at": now, "created_at": now}
    return Delivery.objects.create(endpoint=endpoint, state=state, event_id=uuid.uuid4(), **{**about, **columns})


def test_five_days_of_failures_disable_an_endpoint_and_it_can_be_sent_again(staff, events):
    add(staff)
    endpoint, now = WebhookEndpoint.objects.get(), timezone.now()
    waiting = make_delivery(endpoint)
    failing = make_delivery(endpoint, state="sending", attempts=1, claimed_until=now)
    claim = Claim(failing.pk, "webhook", 1, endpoint.pk, None)

    WebhookEndpoint.objects.update(failing_since=now - MAX_FAILING)
    results.write(claim, Answer(status=500, error="HTTP 500"), now=now)

    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, DisabledReason.FAILING)
    assert {row.state for row in Delivery.objects.filter(pk__in=[waiting.pk, failing.pk])} == {"dead"}
    act(staff, "enable", endpoint)
    act(staff, "send_again_day", endpoint)
    act(staff, "send_again_day", endpoint)  # once is enough
    again = Delivery.objects.filter(state="waiting")
    assert {row.event_id for row in again} == {waiting.event_id, failing.event_id}
    assert again.count() == 2
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.failing_since) == (True, None)


def test_a_result_that_comes_after_the_claims_end_is_not_written(staff):
    add(staff)
    endpoint, now = WebhookEndpoint.objects.get(), timezone.now()
    delivery = make_delivery(endpoint, state="sending", attempts=2, claimed_until=now)

    late = Claim(delivery.pk, "webhook", 1, endpoint.pk, None)

    assert not results.write(late, Answer(status=200), now=now)
    delivery.refresh_from_db()
    assert delivery.state == "sending"


def test_a_test_is_sent_and_its_failure_shown(staff, settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    add(staff, "http://127.0.0.1:65001/")
    endpoint = WebhookEndpoint.objects.get()

    page = act(staff, "send_test", endpoint).content.decode()

    assert "The test failed" in page
    delivery = Delivery.objects.get()
    assert (delivery.type, delivery.state) == ("endpoint.test", "dead")


def test_a_delivery_is_shown_without_its_signature(staff):
    add(staff)
    delivery = make_delivery(WebhookEndpoint.objects.get(), state="dead", last_answer="no", last_status=500)

    page = staff.get(reverse("admin:parental_delivery_change", args=[delivery.pk])).content.decode()

    assert f"webhook-id: msg_{delivery.event_id.hex}" in page
    assert "v1," not in page
    assert "whsec_" not in page
