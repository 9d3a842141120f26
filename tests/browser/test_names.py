"""Names as people give them: long ones do not widen a page, and none turns the direction of what is next to it."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.urls import reverse
from django.utils import timezone

from parental.models import Pin, TimeGrant
from tests.browser.pages import CHILD, FAMILY
from tests.browser.reach import overhang
from tests.families import make_family, make_title
from viewing.models import PlayerToken, Profile, ViewingSession

LONG = "W" * 100


@pytest.fixture(scope="module")
def family(films):
    """Every name is as long as it may be, on every page."""
    family = make_family(children=2, adult=True, title=make_title(LONG * 2))
    Pin.objects.create(user=family.user, pin_hash=make_password("2580"))
    Profile.objects.filter(user=family.user).update(name=LONG)
    PlayerToken.objects.filter(profile__user=family.user).update(device_name=LONG)
    now = timezone.now()
    for viewer in (*family.children, family.adult):
        ViewingSession.objects.create(
            profile=viewer.profile,
            title=viewer.title,
            device_id=LONG,
            device_type="tv",
            day=now.date(),
            started_at=now - timedelta(minutes=50),
            last_heartbeat_at=now,
            counted_seconds=3000,
        )
    child = family.children[0]
    TimeGrant.objects.create(
        profile=child.profile,
        granted_by=family.user,
        player_token_id=child.token_id,
        minutes=30,
        day=now.date(),
        granted_at=now,
        is_remote=False,
    )
    return family


@pytest.mark.parametrize("name", FAMILY + CHILD)
def test_a_name_of_100_unbroken_letters_does_not_widen_a_page(screen, family, name):
    screen.log_in(family.user)

    screen.page.goto(reverse(name, args=[family.children[0].profile.id] if name in CHILD else []))

    assert overhang(screen.page) == 0


def test_the_minutes_stay_right_of_a_hebrew_title(screen):
    family = make_family(title=make_title("שירה בגינה"))
    child = family.children[0]
    now = timezone.now()
    ViewingSession.objects.create(
        profile=child.profile,
        title=child.title,
        device_id="tv",
        device_type="tv",
        day=now.date(),
        started_at=now,
        last_heartbeat_at=now,
        counted_seconds=120,
    )
    screen.log_in(family.user)

    screen.page.goto("/report")

    title, minutes = (screen.page.locator(f".tops li {each}").bounding_box() for each in ("bdi", "data"))
    assert title["x"] + title["width"] <= minutes["x"]
