"""What the scripts of the parents' pages add to pages that work without them."""

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.steps import PIN, add_child, connect_device, register, set_pin
from tests.families import make_family, make_user


def test_a_new_child_gets_the_timezone_of_the_browser(open_screen):
    parent = open_screen(timezone_id="Asia/Tokyo")
    parent.log_in(make_user())

    parent.page.goto(reverse("child_add"))

    expect(parent.page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


def test_the_dashboard_shows_what_happened_since_by_itself(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")
    screen.reads("Nothing is playing.")

    child.use_up(110 * 60)
    screen.page.clock.run_for(20_000)

    screen.reads("10 min left")


def test_a_refresh_takes_away_nothing_that_has_the_focus(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")
    button = screen.page.get_by_role("button", name="+30")
    button.focus()

    requests = screen.events("request")
    screen.page.clock.run_for(20_000)

    expect(button).to_be_focused()
    assert requests == []


def test_who_was_logged_out_meanwhile_is_led_to_the_log_in(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")

    screen.page.context.clear_cookies()
    screen.page.clock.run_for(20_000)

    screen.page.wait_for_url("**/login?next=/")


def test_the_link_for_a_device_is_copied(open_screen):
    parent = open_screen(permissions=["clipboard-read", "clipboard-write"])
    register(parent.page)
    set_pin(parent.page)
    add_child(parent.page, "Ida")
    link = connect_device(parent.page, PIN)

    parent.press("Copy link")

    parent.reads("Copied")
    assert parent.page.evaluate("navigator.clipboard.readText()") == link
