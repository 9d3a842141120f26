"""Whole ways through the pages: a parent at one browser, a child at another, the real service between them."""

import re

from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from tests.browser.steps import PIN, add_child, connect_device, limit_to_15_minutes, register, set_pin
from viewing.models import Profile, ViewingSession, ViewingTimeBalance


def test_from_the_account_to_the_lock_screen_and_on(open_screen, films):
    parent, child = open_screen(), open_screen()
    email = register(parent.page)
    set_pin(parent.page)
    add_child(parent.page, "Mia")
    limit_to_15_minutes(parent.page)
    child.page.goto(connect_device(parent.page, PIN))

    child.page.get_by_role("button", name=films.plain.name).click()
    child.film_runs()
    child.reads("about 15 min left today")
    child.shows_time("14:30 min")
    parent.page.goto("/")
    parent.reads(films.plain.name)
    parent.reads("Playing")

    profile = Profile.objects.get(user=get_user_model().objects.get(email=email))
    # As if nine minutes had gone by.
    ViewingTimeBalance.objects.filter(profile=profile).update(used_seconds=9.5 * 60)
    child.next_beat()
    child.reads("about 5 min left today")
    ViewingTimeBalance.objects.filter(profile=profile).update(used_seconds=14.5 * 60)
    child.next_beat()
    child.sees("locked")
    child.give_pin(PIN, amount="+15 min")
    child.film_runs()
    child.shows_time("14:30 min")

    parent.page.goto("/")
    parent.page.get_by_role("button", name=re.compile("^Stop now")).click()
    child.next_beat()
    child.sees("dropped")
    child.reads("The film was stopped")

    session = ViewingSession.objects.get(profile=profile)
    assert session.counted_seconds == 4 * 30
    assert session.ended_at is not None


def test_one_tap_on_the_parents_phone_unlocks_the_childs_screen(open_screen, child):
    phone, screen = open_screen(viewport={"width": 360, "height": 780}), open_screen()
    child.use_up(119 * 60)
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    screen.next_beat()
    screen.sees("locked")

    phone.log_in(child.profile.user)
    phone.page.goto("/")
    phone.page.get_by_role("button", name="+30").click()
    screen.next_question()
    screen.sees("unlocked")
    screen.press("Keep watching")
    screen.shows_time("29 min")
    screen.press("Stop")

    phone.page.get_by_role("button", name=re.compile("^Take back")).click()
    expect(phone.page.get_by_text("Time is up")).to_be_visible()
    screen.page.get_by_role("button", name=child.title.name).click()
    screen.sees("locked")


def test_a_revoked_device_stops(open_screen, child):
    phone, screen = open_screen(), open_screen()
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()

    phone.log_in(child.profile.user)
    phone.page.goto("/")
    phone.page.get_by_role("link", name="Devices").click()
    phone.page.get_by_role("button", name=re.compile("^Disconnect")).click()
    expect(phone.page.get_by_text("Device disconnected.")).to_be_visible()
    screen.next_beat()
    screen.sees("pairing")
    screen.reads("This screen is no longer connected.")
