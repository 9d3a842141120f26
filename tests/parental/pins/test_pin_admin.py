"""The admin of PINs: who is locked, and lifting it. Never what a PIN is."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from parental.models import PinGuard
from tests.families import make_user
from tests.parental.pin_cast import device_of, parent_with_pin

pytestmark = pytest.mark.usefixtures("quick_hashes")

LIST = "admin:parental_pin_changelist"


def client_of(**fields):
    client = Client()
    client.force_login(make_user(is_staff=True, **fields))
    return client


@pytest.fixture
def parent(committed, quick_hashes, clock):
    clock.set("2030-05-01T12:00:00+00:00")
    parent = parent_with_pin()
    for token_id in (None, device_of(parent).token_id):
        PinGuard.objects.create(
            user=parent.user, player_token_id=token_id, reserved=5, locked_until="2030-05-01T12:30:00+00:00"
        )
    return parent


@pytest.fixture
def staff(parent):
    """Logged in after the parent's fixture has set the clock, by which sessions expire."""
    return client_of(is_superuser=True)


def page(staff, parent):
    return staff.get(reverse(LIST), {"q": parent.user.email}).content.decode()


def lift(staff, parent):
    action = {"action": "lift_lockouts", "_selected_action": [str(parent.user.pk)]}
    return staff.post(reverse(LIST), action, follow=True).content.decode()


def test_says_how_long_an_account_is_locked(staff, parent, clock):
    assert "May 1, 2030, 12:30 p.m." in page(staff, parent)
    row = staff.get(reverse("admin:parental_pin_change", args=[parent.user.pk])).content.decode()
    assert "2030-05-01 12:30" in row
    assert parent.user.pin.pin_hash not in row

    clock.forward(minutes=30)

    assert "May 1, 2030, 12:30 p.m." not in page(staff, parent)


def test_lifts_the_lockouts_of_parents_and_devices(staff, parent):
    other = parent_with_pin()
    PinGuard.objects.create(user=other.user, reserved=3)

    assert "Lifted lockouts for 2 callers." in lift(staff, parent)

    guards = PinGuard.objects.filter(user=parent.user)
    assert {(guard.locked_until, guard.reserved - guard.cleared) for guard in guards} == {(None, 0)}
    assert PinGuard.objects.get(user=other.user).cleared == 0


def test_staff_who_may_only_look_lift_nothing(parent):
    viewer = client_of()
    user = viewer.get(reverse("admin:index")).wsgi_request.user
    user.user_permissions.add(Permission.objects.get(codename="view_pin"))

    assert parent.user.email in page(viewer, parent)
    lift(viewer, parent)

    assert PinGuard.objects.filter(user=parent.user, locked_until__isnull=False).count() == 2
