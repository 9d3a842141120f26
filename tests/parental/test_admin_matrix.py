"""Every registered model × page × action × lookup × kind of staff: what is not declared here is denied.

The models come from the admin's registry, so a new one fails until it has a row below.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth.models import Group, Permission
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from parental.deliver import endpoints
from parental.models import (
    AuditEntry,
    Delivery,
    Pin,
    PinGuard,
    SettingsChange,
    TimeGrant,
    TimeRequest,
    TokenFamily,
    WebhookEndpoint,
)
from tests.families import make_child, make_gateway, make_service, make_title, make_user
from viewing.models import PlayerToken, SiteSettings, ViewingSession, ViewingTimeBalance

pytestmark = pytest.mark.django_db

KINDS = ("none", "view", "change", "superuser")
VALUES = {"exact": "1", "startswith": "a", "contains": "a", "gte": "2020-01-01", "isnull": "0", "in": "1", "": "1"}


def a_child() -> Any:
    return make_child().profile


def a_session() -> ViewingSession:
    child, now = make_child(), timezone.now()
    times = {"day": now.date(), "started_at": now, "last_heartbeat_at": now}
    return ViewingSession.objects.create(profile=child.profile, title=child.title, device_id="tv", **times)


def a_balance() -> ViewingTimeBalance:
    return ViewingTimeBalance.objects.create(profile=a_child(), day=date(2030, 1, 1))


def a_locked_pin() -> Pin:
    pin = Pin.objects.create(user=make_user(), pin_hash="bcrypt_sha256$secret")
    PinGuard.objects.create(user=pin.user, reserved=5, locked_until=timezone.now())
    return pin


def a_grant() -> TimeGrant:
    return TimeGrant.objects.create(profile=a_child(), is_remote=True, minutes=30, day=date(2030, 1, 1))


def a_request() -> TimeRequest:
    today = date(2030, 1, 1)
    return TimeRequest.objects.create(profile=a_child(), minutes=30, day=today, expires_at=timezone.now())


def an_endpoint() -> WebhookEndpoint:
    """Disabled, with a failed delivery, and at an address that no test is sent to."""
    endpoint = WebhookEndpoint(name="Platform", url="https://127.0.0.1/", is_enabled=False, disabled_reason="gone")
    endpoints.give_secret(endpoint)
    endpoint.save()
    a_delivery(endpoint)
    return endpoint


def a_delivery(endpoint: WebhookEndpoint | None = None) -> Delivery:
    now = timezone.now()
    about = {"type": "grant.made", "body": "{}", "due_at": now, "created_at": now, "finished_at": now}
    receiver = {"channel": "webhook", "endpoint": endpoint or an_endpoint(), "event_id": uuid.uuid4()}
    return Delivery.objects.create(state="dead", **about, **receiver)


def with_deliveries(endpoint: WebhookEndpoint) -> Any:
    row = WebhookEndpoint.objects.filter(pk=endpoint.pk).values_list().first()
    return row and (*row, Delivery.objects.filter(endpoint=endpoint).count())


@dataclass
class Declared:
    """What the admin of one model offers, to whom."""

    make: Callable[[], Any]
    # The pages besides the list and the row: to staff with the permission of that name.
    permits: set[str] = field(default_factory=set)
    # Each action, and the permission of the model that it needs.
    actions: dict[str, str] = field(default_factory=dict)
    lookups: set[str] = field(default_factory=set)
    is_superusers_only: bool = False
    # What an action changes.
    state: Callable[[Any], Any] = lambda row: type(row).objects.filter(pk=row.pk).values_list().first()


DECLARED = {
    "parental.auditentry": Declared(lambda: AuditEntry.objects.create(family=make_user(), kind="login")),
    "auth.group": Declared(
        lambda: Group.objects.create(name="Support"), permits={"add", "change", "delete"}, is_superusers_only=True
    ),
    "parental.delivery": Declared(
        a_delivery,
        actions={"send_again": "change"},
        lookups={"state__exact", "channel__exact"},
        state=lambda row: (row.pk, Delivery.objects.filter(replay_of=row).count()),
    ),
    "parental.webhookendpoint": Declared(
        an_endpoint,
        permits={"add", "change"},
        actions=dict.fromkeys(
            ["send_test", "rotate_secret", "enable", "disable", "send_again_day", "send_again_week"], "change"
        ),
        state=with_deliveries,
    ),
    "parental.pin": Declared(
        a_locked_pin,
        actions={"lift_lockouts": "change"},
        state=lambda pin: PinGuard.objects.get(user=pin.user_id).locked_until,
    ),
    "parental.settingschange": Declared(
        lambda: SettingsChange.objects.create(profile=a_child(), field="reset_hour", old_value=1, new_value=2)
    ),
    "parental.timegrant": Declared(a_grant),
    "parental.timerequest": Declared(a_request),
    "parental.tokenfamily": Declared(
        lambda: TokenFamily.objects.create(user=make_user()), permits={"change"}, actions={"end_logins": "change"}
    ),
    "parental.user": Declared(make_user, permits={"add", "change"}),
    "viewing.gatewaytoken": Declared(
        lambda: make_gateway().row, permits={"add", "change"}, actions={"revoke": "change"}
    ),
    "viewing.playertoken": Declared(
        lambda: PlayerToken.objects.get(pk=make_child().token_id), actions={"revoke": "change"}
    ),
    "viewing.profile": Declared(a_child, permits={"add", "change", "delete"}, lookups={"is_kids__exact"}),
    "viewing.servicetoken": Declared(
        lambda: make_service().row, permits={"add", "change"}, actions={"revoke": "change"}
    ),
    "viewing.sitesettings": Declared(lambda: SiteSettings.objects.get_or_create(pk=1)[0], permits={"add", "change"}),
    "viewing.title": Declared(make_title, permits={"add", "change"}, lookups={"is_educational__exact"}),
    "viewing.viewingsession": Declared(a_session),
    "viewing.viewingtimebalance": Declared(a_balance),
}
# Pages of their own instead of lists and forms, for all staff.
PAGES = {"perfmetrics.minutefigures"}
REGISTRY = {model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()}
ACTIONS = [(label, name) for label in DECLARED for _, name, _ in REGISTRY[label]._get_base_actions()]


def staff(kind: str, label: str) -> Any:
    user = make_user(is_staff=True, is_superuser=kind == "superuser")
    app, name = label.split(".")
    codenames = {"none": [], "view": [f"view_{name}"], "change": [f"view_{name}", f"change_{name}"], "superuser": []}
    user.user_permissions.set(Permission.objects.filter(content_type__app_label=app, codename__in=codenames[kind]))
    return user


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def holds(kind: str, permission: str, declared: Declared) -> bool:
    if kind == "superuser":
        return True
    allowed = {"none": set(), "view": {"view"}, "change": {"view", "change"}}[kind]
    return permission in allowed and not declared.is_superusers_only


def columns(model: Any) -> list[str]:
    """Every column of the model and of what it is related to, by the names that lookups have."""
    found = []
    for one in model._meta.get_fields():
        name = one.name if one.concrete else one.get_accessor_name() or one.name
        found.append(name)
        if one.is_relation:
            found += [f"{name}__{other.name}" for other in one.related_model._meta.concrete_fields]
    return found


def test_every_registered_model_is_declared():
    assert set(DECLARED) | PAGES == set(REGISTRY)


def test_every_action_is_declared():
    assert {(label, name) for label, declared in DECLARED.items() for name in declared.actions} == set(ACTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", DECLARED)
def test_pages(label, kind):
    declared, name = DECLARED[label], label.replace(".", "_")
    row, client = declared.make(), client_of(staff(kind, label))
    expected = {"changelist": holds(kind, "view", declared), "history": holds(kind, "view", declared)}
    expected["change"] = holds(kind, "view", declared)
    for page in ("add", "delete"):
        expected[page] = page in declared.permits and holds(kind, page, declared)
    expected["add"] &= label != "viewing.sitesettings"  # its one row is there

    args = {"change": [row.pk], "history": [row.pk], "delete": [row.pk]}
    seen = {page: client.get(reverse(f"admin:{name}_{page}", args=args.get(page))).status_code for page in expected}

    assert seen == {page: (200 if is_open else 403) for page, is_open in expected.items()} | (
        {"changelist": 302} if label == "viewing.sitesettings" else {}
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", DECLARED)
def test_forms_refuse_who_may_not_send_them(label, kind):
    declared, name = DECLARED[label], label.replace(".", "_")
    row, client = declared.make(), client_of(staff(kind, label))
    before = declared.state(row)

    changed = client.post(reverse(f"admin:{name}_change", args=[row.pk]), {"name": ""}).status_code
    deleted = client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code

    may_change = "change" in declared.permits and holds(kind, "change", declared)
    may_delete = "delete" in declared.permits and holds(kind, "delete", declared)
    assert (changed != 403, deleted != 403) == (may_change, may_delete)
    assert (declared.state(row) is None) == may_delete
    if not may_change and not may_delete:
        assert declared.state(row) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("label", "action"), ACTIONS)
def test_actions(label, action, kind):
    declared, name = DECLARED[label], label.replace(".", "_")
    row, client = declared.make(), client_of(staff(kind, label))
    before = declared.state(row)

    sent = {"action": action, "_selected_action": [str(row.pk)]}
    client.post(reverse(f"admin:{name}_changelist"), {**sent, "select_across": "1"})
    assert declared.state(row) == before, "an action ran on all rows"
    client.post(reverse(f"admin:{name}_changelist"), sent)

    assert (declared.state(row) != before) == holds(kind, declared.actions[action], declared)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("label", sorted(set(DECLARED) - {"viewing.sitesettings"}))
def test_lookups(label, kind):
    """Of every column, whatever the permission; the site settings have no list."""
    declared, model_admin = DECLARED[label], REGISTRY[label]
    user, allowed = staff(kind, label), set()

    for column in columns(model_admin.model):
        for suffix, value in VALUES.items():
            lookup = f"{column}__{suffix}".removesuffix("__")
            request = RequestFactory().get("/", {lookup: value})
            request.user = user
            with suppress(DisallowedModelAdminLookup):
                model_admin.get_changelist_instance(request)
                allowed.add(lookup)

    assert allowed == declared.lookups


def test_a_pins_hash_cannot_be_read_by_a_lookup():
    a_locked_pin()
    client = client_of(staff("view", "parental.pin"))
    url = reverse("admin:parental_pin_changelist")

    assert client.get(url).status_code == 200
    for lookup in ("pin_hash__startswith", "user__password__startswith", "user__pin__pin_hash__startswith"):
        assert client.get(url, {lookup: "bcrypt"}).status_code == 400


@pytest.mark.parametrize("label", ["viewing.profile", "viewing.title"])
def test_every_filter_that_is_offered_works(label):
    client, url = client_of(staff("superuser", label)), reverse(f"admin:{label.replace('.', '_')}_changelist")

    choices = [
        choice["query_string"]
        for spec in client.get(url).context["cl"].filter_specs
        for choice in spec.choices(client.get(url).context["cl"])
    ]

    assert len(choices) == 3
    assert {client.get(url + choice).status_code for choice in choices} == {200}
