"""What the scripts of the parents' pages add to pages that work without them."""

from django.urls import reverse
from playwright.sync_api import expect

from parental.models import TimeGrant
from tests.browser.reach import obstacles
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


def test_what_has_the_focus_keeps_it_and_holds_nothing_up(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")
    button = screen.page.get_by_role("button", name="+30")
    button.focus()
    child.use_up(110 * 60)

    screen.page.clock.run_for(20_000)

    screen.reads("10 min left")
    expect(button).to_be_focused()


def test_nothing_is_replaced_under_a_finger(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")
    screen.page.get_by_role("button", name="+30").hover()
    screen.page.mouse.down()

    requests = screen.events("request")
    screen.page.clock.run_for(20_000)

    assert requests == []


def test_without_a_network_the_page_says_how_old_it_is_and_a_tap_leads_nowhere(screen, films):
    child = make_family(title=films.plain).children[0]
    screen.log_in(child.profile.user)
    screen.page.goto("/")
    screen.page.context.set_offline(True)
    screen.reads("Not connected. This is from")
    screen.press("+30 minutes")

    assert screen.page.url == f"{screen.site}/"
    screen.page.context.set_offline(False)
    expect(screen.page.get_by_text("Not connected.")).to_be_hidden()
    assert not TimeGrant.objects.filter(profile=child.profile).exists()


def test_the_account_menu_closes_by_escape_and_by_a_click_elsewhere(screen, films):
    screen.log_in(make_user())
    screen.page.goto("/")
    summary = screen.page.get_by_text("Account", exact=True)
    link = screen.page.get_by_role("link", name="PIN", exact=True)
    summary.click()
    expect(link).to_be_visible()
    screen.page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    summary.click()
    screen.page.get_by_role("heading", name="Today").click()
    expect(link).to_be_hidden()


def test_a_password_can_be_looked_at_before_it_is_sent(screen, films):
    screen.page.goto("/register")
    field = screen.page.get_by_label("Password")
    field.fill("a typo, seen in time")
    screen.press("Show password")
    expect(field).to_have_attribute("type", "text")
    assert obstacles(screen.page) == []
    screen.press("Hide password")
    expect(field).to_have_attribute("type", "password")


def test_the_pages_can_be_kept_on_a_phone_like_an_app(screen):
    screen.page.goto("/login")
    manifest = screen.page.request.get(screen.page.locator("link[rel=manifest]").get_attribute("href")).json()

    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        assert screen.page.request.get(f"/static/sandglass/{icon['src']}").ok


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
