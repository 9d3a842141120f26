"""From events to deliveries: to every endpoint that wants an event, once, with the body that its schema promises."""

import json
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from parental.children.time_requests import expiry
from parental.children.time_requests.models import TimeRequest
from parental.deliver import endpoints
from parental.deliver import events as catalogue
from parental.deliver.fan_out import MAX_MAILS_A_DAY, fan_out
from parental.deliver.models import Delivery, WebhookEndpoint
from tests.families import make_user
from tests.parental.asked import make_asking_home
from tests.parental.deliver import platform
from tests.parental.homes import PIN, make_home
from tests.races import in_parallel
from viewing.models import OutboxEvent
from viewing.outbox.outbox import Subject, happened

pytestmark = pytest.mark.usefixtures("committed")
DOCS = Path(__file__).resolve().parents[3] / "docs"
SYSTEM = {"kind": "system", "id": None}


@pytest.fixture(autouse=True)
def nothing_yet(committed):
    platform.clear()
    yield
    platform.clear()


def make_endpoint(*types, **columns):
    endpoint = WebhookEndpoint(name="Platform", url="https://hooks.example.com/", types=list(types), **columns)
    endpoints.give_secret(endpoint)
    endpoint.save()
    return endpoint


def write(event_type, subject, **data):
    with transaction.atomic():
        happened(event_type, subject, data=data, actor=SYSTEM, now=timezone.now())


def bodies(endpoint):
    return [json.loads(one.body) for one in Delivery.objects.filter(endpoint=endpoint).order_by("id")]


def test_a_body():
    endpoint, subject = make_endpoint(), Subject(uuid.uuid4(), uuid.uuid4())
    write("profile.created", subject, is_kids=True)
    event = OutboxEvent.objects.get()

    assert fan_out(now=timezone.now()) == 1

    (delivery,) = Delivery.objects.all()
    assert " " not in delivery.body
    assert json.loads(delivery.body) == {
        "type": "profile.created",
        "timestamp": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "data": {
            "family_id": str(subject.family_id),
            "profile_id": str(subject.profile_id),
            "sequence": event.pk,
            "actor": SYSTEM,
            "is_kids": True,
        },
    }
    assert (delivery.event_id, delivery.state, delivery.endpoint) == (event.event_id, "waiting", endpoint)
    assert not OutboxEvent.objects.exists()


def test_only_those_who_want_it_get_it():
    everything, grants, disabled = make_endpoint(), make_endpoint("grant.made"), make_endpoint(is_enabled=False)
    later = make_endpoint(created_at=timezone.now() + timedelta(hours=1))
    platform.make_events(2)

    fan_out(now=timezone.now())

    counts = [one.deliveries.count() for one in (everything, grants, disabled, later)]
    assert counts == [2, 0, 0, 0]


def test_without_anyone_who_wants_events_they_are_gone():
    platform.make_events(3)

    assert fan_out(now=timezone.now()) == 3
    assert not Delivery.objects.exists()


def test_an_event_that_makes_no_body_stops_no_other(events):
    endpoint = make_endpoint()
    write("profile.created", Subject(uuid.uuid4(), uuid.uuid4()), is_kids="perhaps")
    platform.make_events(1)

    assert fan_out(now=timezone.now()) == 2

    assert endpoint.deliveries.count() == 1
    assert [line["event_type"] for line in events("event_not_understood")] == ["profile.created"]


def test_fields_of_a_newer_version_are_left_out():
    endpoint = make_endpoint()
    write("profile.created", Subject(uuid.uuid4(), uuid.uuid4()), is_kids=True, from_the_future=1)

    fan_out(now=timezone.now())

    (body,) = bodies(endpoint)
    assert "from_the_future" not in body["data"]


def test_no_event_is_delivered_twice_by_several_processes():
    endpoint = make_endpoint()
    platform.make_events(2000)

    def run(_n):
        while fan_out(now=timezone.now()):
            pass

    in_parallel(3, run)

    event_ids = list(endpoint.deliveries.values_list("event_id", flat=True))
    assert len(event_ids) == len(set(event_ids)) == 2000


def make_every_event_of_requests(http, home):
    asked = home.ask(http, reason="a secret reason").json()["id"]
    home.answer(http, asked, note="a secret note")
    withdrawn = home.ask(http).json()["id"]
    home.withdraw(http, withdrawn)
    TimeRequest.objects.filter(pk=withdrawn).update(state="open", ended_at=None)
    expiry.expire(TimeRequest.objects.filter(pk=withdrawn), now=timezone.now() + timedelta(hours=1))


@pytest.mark.usefixtures("quick_hashes", "no_waiting")
def test_what_happens_in_a_family_makes_bodies_as_published(http, browse):
    """Each type that the service writes itself, but `limit.reached` and `….erased`, which have their own tests."""
    endpoint, home = make_endpoint(), make_asking_home()
    home.set_pin()
    make_every_event_of_requests(http, home)
    granted = home.grant(http, 30).json()
    home.take_back(http, granted["grant_id"])
    home.change(http, weekday_limit_minutes=60)
    for _ in range(5):
        home.grant_on_the_device(http, 30, pin="0000")
    headers = home.parent.headers
    profile = http.post("/api/v1/auth/profiles", json={"name": "Ben", "is_kids": True}, headers=headers).json()
    url = f"/api/v1/auth/profiles/{profile['id']}/player-token"
    device = {"device_name": "Kitchen", "pin_token": home.pin_token()}
    token = http.post(url, json=device, headers=headers).json()["token_id"]
    http.delete(f"/api/v1/auth/player-tokens/{token}", headers=headers)
    browse(home.parent.user).post(f"/children/{profile['id']}/remove", pin=PIN)
    for event_type in ("pin.set", "pin.changed", "pin.reset", "password.changed", "password.reset"):
        write(event_type, Subject(home.parent.user.pk))

    fan_out(now=timezone.now())

    made = {body["type"]: body["data"] for body in bodies(endpoint)}
    assert set(made) == set(catalogue.EVENTS) - {"limit.reached", "endpoint.test", "child.erased", "account.erased"}
    for event_type, data in made.items():
        assert set(data) == set(catalogue.EVENTS[event_type].model_fields), event_type
    assert made["pin.locked"]["by"] == "device"
    assert made["limits.changed"]["changes"] == [{"field": "weekday_limit_minutes", "old": 120, "new": 60}]
    text = json.dumps(made)
    names = ("Mia", "Ben", "Kitchen", "Living room", "secret", home.parent.user.email)
    assert not [word for word in names if word in text]


def test_a_reached_limit_in_minutes():
    home, endpoint = make_home(), make_endpoint("limit.reached")
    seconds = {"limit_seconds": 7200, "granted_seconds": 900, "used_seconds": 8100}
    subject = Subject(home.parent.user.pk, home.child.profile.pk)
    write("limit.reached", subject, day="2026-03-04", limited_by="day_limit", **seconds)

    fan_out(now=timezone.now())

    (body,) = bodies(endpoint)
    minutes = {name: body["data"][f"{name}_minutes"] for name in ("limit", "granted", "used")}
    assert minutes == {"limit": 120, "granted": 15, "used": 135}
    assert body["data"]["next_reset_at"].endswith("T00:00:00Z")
    assert set(body["data"]) == set(catalogue.LimitReached.model_fields)


def test_the_published_schemas(http):
    answer = http.get("/api/v1/webhooks/schemas")

    assert answer.json() == json.loads((DOCS / "webhooks.json").read_text())
    assert set(answer.json()) == set(catalogue.EVENTS)
    again = http.get("/api/v1/webhooks/schemas", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_type_is_documented():
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (DOCS / "webhooks.md").read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(catalogue.EVENTS)


def test_security_events_become_emails_where_mail_is_set_up(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user, inactive = make_user(), make_user(is_active=False)
    for who in (user, inactive):
        write("password.changed", Subject(who.pk))
    write("pin.set", Subject(user.pk))

    fan_out(now=timezone.now())

    (mail,) = Delivery.objects.all()
    assert (mail.channel, mail.type, mail.user) == ("mail", "password.changed", user)
    assert user.email not in mail.body


def test_without_mail_there_are_no_emails(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    write("password.changed", Subject(make_user().pk))

    fan_out(now=timezone.now())

    assert not Delivery.objects.exists()


def test_emails_to_an_account_are_bounded(settings, events):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user, other = make_user(), make_user()
    for _ in range(MAX_MAILS_A_DAY + 5):
        write("pin.changed", Subject(user.pk))
    write("pin.changed", Subject(other.pk))

    fan_out(now=timezone.now())

    assert (user.deliveries.count(), other.deliveries.count()) == (MAX_MAILS_A_DAY, 1)
    assert len(events("mail_limit")) == 5
