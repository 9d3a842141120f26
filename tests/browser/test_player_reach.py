"""The player page for everyone: keys only, a TV's remote control, a screen reader, the narrowest phone, less motion."""

import re

import pytest
from playwright.sync_api import expect

from tests import processes
from tests.browser.codes import connect
from tests.browser.reach import obstacles, overhang, too_small
from tests.families import make_child, make_player


def paired(screen, child):
    screen.pair(child)


def playing(screen, child):
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()


def paused(screen, child):
    playing(screen, child)
    screen.press("Pause")


def short_of_time(screen, child):
    child.use_up(110 * 60)
    playing(screen, child)
    screen.reads("left today")


def locked(screen, child):
    child.use_up(120 * 60)
    screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
    screen.sees("locked")


def asking_a_parent(screen, child):
    locked(screen, child)
    screen.press("A parent is here")


def at_the_pin(screen, child):
    asking_a_parent(screen, child)
    screen.press("+15 min")


def taken_over(screen, child):
    playing(screen, child)
    screen.page.route("**/heartbeat", lambda route: route.fulfill(status=409, json={"reason": "taken_over"}))
    screen.next_beat()
    screen.sees("dropped")


def unlocked(screen, child):
    child.use_up(119 * 60)
    playing(screen, child)
    screen.next_beat()
    screen.sees("locked")
    child.use_up(60 * 60)
    screen.next_question()
    screen.sees("unlocked")


def unpaired(screen, child):
    screen.page.goto("/player/#nothing")
    screen.reads("and enters:")
    screen.page.get_by_text("Another way: with a link").click()


def two_children(screen, child):
    connect(screen, child, make_player(child.profile.user))
    screen.sees("who")


def one_of_two(screen, child):
    two_children(screen, child)
    screen.page.get_by_role("button", name="Mia").first.click()
    screen.sees("choosing")


def disconnecting(screen, child):
    about_the_screen(screen, child)
    screen.press("Disconnect")


def about_the_screen(screen, child):
    paired(screen, child)
    screen.press("This screen")


STATES = [
    unpaired, paired, playing, paused, short_of_time, locked, asking_a_parent, at_the_pin, taken_over, unlocked,
    about_the_screen, disconnecting, two_children, one_of_two,
]  # fmt: skip


@pytest.mark.parametrize("go_to", STATES)
def test_every_screen_is_within_reach_of_everyone(screen, child, go_to):
    go_to(screen, child)

    assert obstacles(screen.page) == []
    assert overhang(screen.page) == 0
    assert too_small(screen.page) == []


def test_it_can_be_used_with_the_arrow_keys_and_enter_alone(screen, child, films):
    screen.pair(child)
    page = screen.page
    first, second = page.locator(".title-card").first, page.locator(".title-card").nth(1)
    expect(second).to_be_visible()
    expect(first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    screen.film_runs()
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    screen.film_stands()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    screen.sees("choosing")


@pytest.mark.parametrize("is_new_title_there", [False, True])
def test_the_focus_stays_when_the_list_of_titles_refreshes(screen, child, is_new_title_there):
    """Every minute; a finger that was just coming down must not miss either."""
    screen.pair(child)
    page = screen.page
    card = page.get_by_role("button", name=child.title.name)
    card.focus()
    shown = card.element_handle()
    film = {"id": str(child.title.id), "name": child.title.name, "is_educational": False}
    others = [{"id": "00000000-0000-4000-8000-000000000000", "name": "Ocean Deep", "is_educational": False}]
    if is_new_title_there:
        page.route("**/catalog/titles*", lambda route: route.fulfill(json=[*others, film]))
    # It comes after the titles: what shows it has shown them.
    page.route("**/balance/*", lambda route: route.fulfill(json={"remaining_minutes": 42}))
    page.clock.run_for(60_000)
    screen.shows_time("42 min")

    expect(card).to_be_focused()
    assert page.get_by_role("button", name="Ocean Deep").count() == is_new_title_there
    assert shown.evaluate("element => element.isConnected") is not is_new_title_there
    page.keyboard.press("Enter")
    screen.film_runs()


def test_the_focus_goes_to_what_is_new(screen, child):
    locked(screen, child)

    expect(screen.page.get_by_role("button", name="Other ideas")).to_be_focused()
    assert screen.page.title() == "That's it for today! · Sandglass"


def test_who_wants_less_motion_gets_none(open_screen, child):
    screen = open_screen(reduced_motion="reduce")
    playing(screen, child)

    moving = "[...document.querySelectorAll('#film *')].map((one) => getComputedStyle(one).animationName)"
    assert set(screen.page.evaluate(moving)) == {"none"}


def test_others_see_the_film_move_and_stand_still_when_paused(screen, child):
    playing(screen, child)
    state = "getComputedStyle(document.querySelector('#film .traveller')).animationPlayState"
    assert screen.page.evaluate(state) == "running"
    screen.press("Pause")

    assert screen.page.evaluate(state) == "paused"


def test_scripts_and_styles_are_cached_for_ever_under_names_of_their_content(screen, child):
    answers = screen.events("response")
    screen.pair(child)
    static = [answer for answer in answers if "/static/" in answer.url]

    assert len(static) > 10
    assert [answer.url for answer in static if not re.search(r"\.[0-9a-f]{12}\.", answer.url)] == []
    assert {answer.header_value("cache-control") for answer in static} == {"max-age=315360000, public, immutable"}


class TestSpeed:
    """Only in development time can be made to run faster."""

    def test_there_is_no_switch_in_production(self, screen):
        screen.page.goto("/player/")

        assert screen.page.locator("input[name=speed]").count() == 0

    def test_the_demo_sends_beats_faster_and_says_so(self, browser, open_screen, films, tmp_path):
        child = make_child(title=films.plain)
        with processes.service(tmp_path / "log", DEBUG="true") as demo:
            screen = open_screen(url=demo.url)
            playing(screen, child)
            screen.reads("Demo: how fast time passes. Each heartbeat still counts 30 s.")
            sent = screen.events("request")
            screen.page.get_by_label("60× faster").check()
            for _ in range(3):
                with screen.page.expect_response("**/heartbeat"):
                    screen.page.clock.run_for(500)
            screen.page.close()
            beats = 1 + sum(request.url.endswith("/heartbeat") for request in sent)

        assert beats >= 4
        assert child.balance().used_seconds == 30 * beats
