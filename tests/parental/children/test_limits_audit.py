"""Every change of a child's settings leaves a row: who, what, from what, to what, when."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from parental.models import SettingsChange
from tests.families import make_user
from tests.parental.homes import make_home
from tests.statements import statements

WEDNESDAY = "2026-03-04T10:00:00+00:00"


def audit(home):
    rows = SettingsChange.objects.filter(profile=home.child.profile).order_by("changed_at", "id")
    return [(row.field, row.old_value, row.new_value) for row in rows]


def test_a_row_for_each_setting_that_changed(http, clock):
    clock.set(WEDNESDAY)
    home = make_home(weekend_limit_minutes=None)

    home.change_with_pin(
        http,
        weekday_limit_minutes=None,
        weekend_limit_minutes=60,
        reset_hour=4,
        educational_exempt=False,
        timezone="Asia/Tokyo",
    )

    assert audit(home) == [
        ("weekday_limit_minutes", 120, None),
        ("weekend_limit_minutes", None, 60),
        ("reset_hour", 0, 4),
        ("educational_exempt", True, False),
        ("timezone", "UTC", "Asia/Tokyo"),
    ]
    rows = SettingsChange.objects.filter(profile=home.child.profile)
    assert {row.changed_by for row in rows} == {home.parent.user}
    assert {row.changed_at for row in rows} == {datetime.fromisoformat(WEDNESDAY)}


def test_none_for_what_stayed_or_was_refused(http):
    home = make_home()

    home.change(http, weekday_limit_minutes=120, timezone="UTC")
    home.change(http, weekday_limit_minutes=30, reset_hour=4)
    home.change(http, weekday_limit_minutes=31)

    assert audit(home) == []


def test_there_and_back_is_two_rows(http):
    home = make_home()

    home.change(http, weekday_limit_minutes=30)
    home.change(http, weekday_limit_minutes=120)

    assert audit(home) == [("weekday_limit_minutes", 120, 30), ("weekday_limit_minutes", 30, 120)]


@pytest.fixture
def staff(server):
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def test_staff_look_at_them_and_change_nothing(http, staff):
    home = make_home()
    home.change(http, weekday_limit_minutes=None)
    row = SettingsChange.objects.get(profile=home.child.profile)
    url = reverse("admin:parental_settingschange_changelist")
    staff.get(url)

    with statements() as sent:
        page = staff.get(url, {"q": home.parent.user.email})

    assert (page.status_code, b"weekday_limit_minutes" in page.content) == (200, True)
    # 1.-2. the session and its user, 3. a bounded count, 4. the menu's site settings, 5. the rows with their accounts
    assert len(sent) == 5, sent.all
    opened = staff.get(reverse("admin:parental_settingschange_change", args=[row.pk]))
    assert (opened.status_code, b'name="_save"' in opened.content) == (200, False)
    assert staff.post(reverse("admin:parental_settingschange_delete", args=[row.pk])).status_code == 403
