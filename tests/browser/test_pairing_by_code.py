"""A TV from its code on: with the arrow keys and Back only on the TV, by touch on the phone."""

import re
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import expect

from parental.children import limits
from tests.browser.codes import connect, next_poll, shown_code
from tests.browser.reach import obstacles
from tests.browser.remote import press
from tests.browser.steps import PIN, add_child, register, set_pin
from tests.families import make_player
from viewing.models import PlayerToken, Profile, ViewingSession, ViewingTimeBalance

TV = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}


def use(email, *, minutes):
    """As if Mia had watched for so long today."""
    mine = ViewingTimeBalance.objects.filter(profile__user__email=email, profile__name="Mia")
    assert mine.update(used_seconds=round(minutes * 60)) == 1


def walk_to(screen, button):
    """By the arrow keys, through the first row of the titles."""
    expect(screen.page.locator(".title-card").first).to_be_focused()
    for _ in range(12):
        if button.evaluate("element => element === document.activeElement"):
            return
        press(screen, "ArrowRight")
    expect(button).to_be_focused()


def test_from_the_code_to_the_lock_screen_and_on_with_arrow_keys_and_back_alone(open_screen, films):
    phone, tv = open_screen(viewport=PHONE), open_screen(viewport=TV)
    email = register(phone.page)
    set_pin(phone.page)
    for name in ("Mia", "Ben"):
        add_child(phone.page, name)
        phone.page.goto("/")
    # One person's evening would take too long.
    for profile in Profile.objects.filter(user__email=email):
        short = {"weekday_limit_minutes": 15, "weekend_limit_minutes": 15}
        limits.change(profile.pk, user_id=profile.user_id, settings=short, pin_token=None, now=timezone.now())
    code = shown_code(tv)
    expect(tv.page.get_by_role("img", name=re.compile(code))).to_be_visible()

    phone.page.goto("/connect")
    assert obstacles(phone.page) == []
    phone.page.get_by_label("Code on the screen").fill(code.lower().replace("-", " "))
    phone.press("Continue")
    phone.reads("Only continue if this code is on the screen in front of you.")
    assert obstacles(phone.page) == []
    phone.page.get_by_label("Mia").check()
    phone.page.get_by_label("Ben").check()
    phone.page.get_by_label("Device name").fill("Living room TV")
    phone.page.get_by_label("Your PIN").fill(PIN)
    phone.press("Connect")
    phone.reads("Living room TV can now play as Mia and Ben.")

    next_poll(tv)
    tv.sees("who")
    expect(tv.page.get_by_role("button", name="Mia")).to_be_focused()
    press(tv, "ArrowRight", "Enter")
    tv.sees("choosing")
    expect(tv.page.locator("#switch-player")).to_contain_text("Ben")
    press(tv, "GoBack")
    tv.sees("who")
    press(tv, "Enter")
    tv.sees("choosing")
    expect(tv.page.locator("#switch-player")).to_contain_text("Mia")
    walk_to(tv, tv.page.get_by_role("button", name=films.plain.name))
    press(tv, "Enter")
    tv.film_runs()
    press(tv, "MediaPause")
    tv.film_stands()
    press(tv, "MediaPlay")
    tv.film_runs()
    tv.reads("about 15 min left today")
    expect(tv.page.locator("#warning-seen")).to_be_focused()
    press(tv, "Enter")
    expect(tv.page.locator("#warning")).to_be_hidden()
    use(email, minutes=9.5)
    tv.next_beat()
    tv.reads("about 5 min left today")
    assert obstacles(tv.page) == []
    expect(tv.page.locator("#warning-seen")).to_be_focused()
    press(tv, "Enter")
    use(email, minutes=14.5)
    tv.next_beat()
    tv.sees("locked")

    phone.page.goto("/")
    card = phone.page.get_by_role("article", name="Mia")
    expect(card.get_by_text("Waiting")).to_be_visible()
    expect(card.get_by_text("Living room TV").first).to_be_visible()
    card.get_by_role("button", name="+30").click()
    tv.next_question()
    tv.sees("unlocked")
    press(tv, "Enter")
    tv.film_runs()
    press(tv, "GoBack")
    tv.sees("choosing")

    user = get_user_model().objects.get(email=email)
    assert [session.profile.name for session in ViewingSession.objects.filter(profile__user=user)] == ["Mia"]
    assert PlayerToken.objects.filter(profile__user=user, device_name="Living room TV").count() == 2
    tv.page.reload()
    tv.sees("who")


def test_a_qr_code_leads_through_the_login_to_the_question(open_screen, child):
    phone, tv = open_screen(viewport=PHONE), open_screen(viewport=TV)
    code = shown_code(tv)
    phone.log_in(child.profile.user)
    phone.page.goto(f"/connect?code={code}")
    expect(phone.page.get_by_label("Mia")).to_be_checked()
    phone.press("Connect")
    next_poll(tv)

    tv.sees("choosing")
    expect(tv.page.locator("#whose")).to_contain_text("Mia")


def test_a_parent_who_says_no_gets_the_screen_another_code(open_screen, child):
    phone, tv = open_screen(viewport=PHONE), open_screen(viewport=TV)
    code = shown_code(tv)
    phone.log_in(child.profile.user)
    phone.page.goto(f"/connect?code={code}")
    phone.press("This isn't my screen")
    phone.reads("That screen was not connected.")
    next_poll(tv)
    tv.reads("A parent said no. Here is a new code.")
    tv.page.clock.run_for(5_000)

    expect(tv.page.locator("#pairing-code")).not_to_have_text(code)


def test_a_new_code_comes_before_the_old_one_ends_and_the_old_one_still_counts(screen, child):
    code = shown_code(screen)
    screen.page.route(
        "**/device/token", lambda route: route.fulfill(status=400, json={"error": "authorization_pending"})
    )
    screen.page.clock.run_for(570_000)
    expect(screen.page.locator("#pairing-code")).to_have_text(code)
    screen.page.clock.run_for(15_000)

    expect(screen.page.locator("#pairing-code")).not_to_have_text(code)


def test_a_child_that_is_disconnected_leaves_the_screen_to_the_others(screen, child):
    sister = make_player(child.profile.user, title=child.title)
    Profile.objects.filter(pk=sister.profile.pk).update(name="Ada")
    connect(screen, child, sister)
    screen.sees("who")
    screen.press("Mia")
    screen.sees("choosing")
    screen.reads(child.title.name)  # all is loaded
    PlayerToken.objects.filter(profile=child.profile, device_name="Living room TV").update(token_hash=uuid4().bytes * 2)
    screen.page.route("**/heartbeat", lambda route: route.fulfill(status=401, json={"code": "unauthenticated"}))
    screen.page.get_by_role("button", name=child.title.name).click()

    screen.sees("who")
    screen.reads("One of you can't watch here anymore.")
    assert screen.page.locator(".player-card").all_inner_texts() == ["A\nAda"]


def test_the_remotes_back_leads_out_of_the_pin_pad_and_the_dialog(screen, child):
    child.use_up(120 * 60)
    screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
    screen.sees("locked")
    screen.press("A parent is here")
    screen.press("+30 min")
    screen.reads("Enter your PIN for:")
    press(screen, "GoBack")
    screen.reads("For a parent: how much?")
    press(screen, "GoBack")
    expect(screen.page.get_by_role("dialog")).to_be_hidden()


def test_with_no_time_left_the_films_can_still_be_looked_at(screen, child):
    child.use_up(120 * 60)
    screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
    screen.sees("locked")
    screen.press("Look at the films")
    screen.sees("choosing")
    screen.reads(child.title.name)
    screen.page.get_by_role("button", name=child.title.name).click(force=True)
    press(screen, "GoBack")
    screen.sees("locked")

    assert child.sessions() == []
