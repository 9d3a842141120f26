"""A child asks for more time with the remote's keys, and a parent answers on a phone."""

import pytest
from playwright.sync_api import expect

from parental.children.time_requests.models import TimeRequest
from tests.browser.reach import obstacles, overhang, too_small
from tests.browser.remote import press, steer

PHONE = {"width": 390, "height": 844}


def is_usable(page) -> bool:
    return (obstacles(page), too_small(page)) == ([], [])


@pytest.fixture
def parent(open_screen, child):
    phone = open_screen(viewport=PHONE)
    phone.log_in(child.profile.user)
    return phone


@pytest.mark.slow
def test_ask_and_be_answered_with_keys_only(screen, parent, child):
    child.use_up(round(114.5 * 60))
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    expect(screen.page.locator("#ask-now")).to_be_hidden()
    screen.next_beat()

    # At the last warning: ask, go back one step and out with the remote, ask again, take it back on the lock screen.
    steer(screen, "Ask for more time")
    steer(screen, "15 min")
    assert is_usable(screen.page)
    press(screen, "GoBack")
    expect(screen.page.locator("#ask-amounts")).to_be_visible()
    steer(screen, "15 min")
    steer(screen, "Just ask")
    screen.reads("You asked for 15 min.")
    expect(screen.page.locator("#ask-now")).to_be_hidden()
    child.use_up(120 * 60)
    screen.next_beat()
    screen.sees("locked")
    expect(screen.page.locator("#ask-text")).to_contain_text("You asked for 15 min.")
    assert is_usable(screen.page)

    # The parent says no, with a note.
    parent.page.goto("/")
    expect(parent.page).to_have_title("(1) Today · Sandglass")
    assert is_usable(parent.page)
    assert overhang(parent.page) == 0
    parent.page.set_viewport_size(PHONE)
    parent.page.get_by_text("Another answer or a note").click()
    parent.page.get_by_label("Note to your child").fill("Dinner first")
    parent.page.get_by_role("button", name="No", exact=False).first.click()
    expect(parent.page.get_by_text("You said no.")).to_be_visible()
    screen.page.clock.run_for(5_000)
    screen.reads("A parent said: not now. “Dinner first”")
    expect(screen.page.locator("#ask-text")).to_contain_text("You can ask again:")
    assert is_usable(screen.page)

    # A quarter of an hour later.
    TimeRequest.objects.filter(profile=child.profile).delete()
    screen.page.reload()
    screen.sees("locked")
    steer(screen, "Ask for more time")
    steer(screen, "30 min")
    steer(screen, "I did my homework")
    expect(screen.page.locator("#ask-text")).to_contain_text("You asked for 30 min.")
    parent.page.goto("/")
    expect(parent.page.get_by_text("“I did my homework”")).to_be_visible()
    parent.page.get_by_role("button", name="Yes, +30").click()
    expect(parent.page.get_by_text("30 more minutes today.")).to_be_visible()
    screen.page.clock.run_for(5_000)
    screen.reads("A parent said yes: 30 more minutes!")
    screen.page.clock.run_for(5_000)
    screen.sees("choosing")
    parent.page.goto("/requests")
    assert is_usable(parent.page)
    assert overhang(parent.page) == 0
