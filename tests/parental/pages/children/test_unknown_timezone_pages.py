"""The pages of a family in which one child's stored timezone is not known any more."""

import pytest
from django.utils import timezone

from parental.models import SettingsChange
from tests.families import make_player, make_user
from tests.parental.pages.visitors import text_of
from tests.viewing.watched import add_session
from viewing.models import ViewingTimeConfig

UNKNOWN = "US/Pacific-New"


@pytest.fixture
def family(server, clock):
    clock.set("2026-03-04T12:00:00Z")
    user = make_user()
    children = [make_player(user), make_player(user, timezone="Europe/Berlin")]
    ViewingTimeConfig.objects.filter(profile=children[0].profile).update(timezone=UNKNOWN)
    for child in children:
        add_session(child, "2026-03-04T10:00:00Z")
    yield user, children
    # Other tests run the checks of the stored data too.
    ViewingTimeConfig.objects.filter(profile__user=user).update(timezone="UTC")


def test_every_page_of_the_family_is_there(browse, family):
    user, children = family
    visitor = browse(user)
    ids = [child.profile.id for child in children]
    paths = ["/", "/report", "/report.csv", "/audit", "/pin", "/children/add"]
    paths += [
        f"/children/{id_}{page}" for id_ in ids for page in ("", "/limits", "/devices", "/history", "/history.csv")
    ]

    assert {path: visitor.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_today_and_the_limits_say_that_the_days_follow_utc(browse, family):
    user, (child, _) = family
    visitor = browse(user)
    sentence = f"The time zone “{UNKNOWN}” is no longer recognized, so this child's days follow UTC."

    today, limits = text_of(visitor.get("/")), text_of(visitor.get(f"/children/{child.profile.id}/limits"))

    assert today.count(sentence) == limits.count(sentence) == 1
    assert "(UTC)" in today


def test_other_limits_can_be_saved_where_the_timezone_needs_a_pin_that_nobody_set(browse, family):
    user, (child, _) = family
    visitor = browse(user)
    SettingsChange.objects.create(
        profile=child.profile, field="timezone", old_value="UTC", new_value=UNKNOWN, changed_at=timezone.now()
    )

    visitor.post(
        f"/children/{child.profile.id}/limits", weekday_limit_minutes="90", weekend_limit_minutes="60", reset_hour="0"
    )

    config = ViewingTimeConfig.objects.get(profile=child.profile)
    assert (config.weekday_limit_minutes, config.timezone) == (90, UNKNOWN)
