"""The player page as time runs out: colours, a word at 15 and at 5 minutes, the lock screen, and more time."""

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from parental.models import Pin, PinGuard
from parental.pins.guards import FOR_GOOD
from tests.browser.screen import ELIGIBLE
from tests.families import Player
from tests.hashers import quick_hash
from tests.parental.cast import log_in
from tests.parental.homes import grant_url
from viewing.models import ViewingTimeConfig

PIN = "4711"


def leave(child: Player, minutes: float) -> None:
    child.use_up(round((120 - minutes) * 60))


def tone(screen) -> str:
    return screen.page.locator("#time-left").get_attribute("data-tone")


class TestRunningOut:
    @pytest.mark.parametrize(
        ("minutes", "colour"), [(31, "plenty"), (30, "plenty"), (29.5, "amber"), (15, "amber"), (14.5, "red")]
    )
    def test_time_is_amber_under_30_minutes_and_red_under_15(self, screen, child, minutes, colour):
        leave(child, minutes)
        screen.pair(child)
        expect(screen.page.locator("#time-left")).to_be_visible()

        assert tone(screen) == colour

    def test_a_word_at_15_and_at_5_minutes_stays_until_it_was_seen(self, screen, child):
        leave(child, 16)
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        warning = screen.page.locator("#warning")
        expect(warning).to_be_hidden()

        screen.next_beat()
        screen.reads("about 15 min left today")
        screen.page.clock.run_for(20_000)
        expect(warning).to_be_visible()
        screen.press("OK")
        expect(warning).to_be_hidden()
        screen.next_beat()
        expect(warning).to_be_hidden()

        leave(child, 5.5)
        screen.next_beat()
        screen.reads("about 5 min left today")

    def test_at_nothing_left_the_film_stops_and_the_lock_screen_shows(self, screen, child):
        leave(child, 1)
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        screen.next_beat()

        screen.sees("locked")
        screen.reads("That's it for today!")
        screen.reads("You can watch again:")
        assert screen.page.locator("#ideas li").count() == 3
        assert child.balance().used_seconds == 120 * 60

    def test_no_beats_are_sent_from_the_lock_screen(self, screen, child):
        leave(child, 0.5)
        screen.pair(child)
        screen.pick(child)
        screen.sees("locked")
        sent = screen.events("request")
        screen.next_question()
        screen.page.clock.run_for(60_000)

        assert any("playback-eligible" in request.url for request in sent)
        assert not [request.url for request in sent if "heartbeat" in request.url]

    def test_who_has_nothing_left_finds_the_lock_screen_at_once(self, screen, child):
        leave(child, 0)
        screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")

        screen.sees("locked")

    def test_there_are_other_ideas(self, screen, child):
        leave(child, 0)
        screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
        screen.sees("locked")
        before = screen.page.locator("#ideas li").all_inner_texts()
        screen.press("Other ideas")

        assert set(before).isdisjoint(screen.page.locator("#ideas li").all_inner_texts())


@pytest.fixture
def locked(screen, child):
    """A child whose film met the limit; its parent has a PIN."""
    Pin.objects.create(user=child.profile.user, pin_hash=quick_hash(PIN))
    leave(child, 1)
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    screen.next_beat()
    screen.sees("locked")
    return screen


class TestMoreTime:
    def test_a_grant_by_pin_lets_the_film_go_on_in_its_session(self, locked, child):
        locked.give_pin(PIN)

        locked.sees("playing")
        locked.film_runs()
        locked.reads("30 more minutes. Have fun!")
        locked.shows_time("29 min")
        assert [session.ended_at for session in child.sessions()] == [None]

    def test_unlimited_shows_no_limit(self, locked):
        locked.give_pin(PIN, amount="No limit today")

        locked.film_runs()
        locked.shows_time("No limit today")

    def test_a_wrong_pin_is_refused_and_can_be_typed_again(self, locked):
        locked.give_pin("0000")
        locked.reads("Incorrect PIN.")
        locked.page.keyboard.type(PIN)

        locked.film_runs()

    def test_five_wrong_pins_lock_it_and_the_screen_says_until_when(self, locked, child):
        locked.give_pin("0000")
        for _ in range(4):
            locked.reads("Incorrect PIN.")
            locked.page.keyboard.type("0000")
            expect(locked.page.locator("#pin-pad [data-message]")).to_have_text("")
        locked.reads("The PIN works here again at")

        until = PinGuard.objects.get(player_token_id=child.token_id).locked_until
        shown = locked.page.evaluate(
            "iso => new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit'}).format(new Date(iso))",
            until.isoformat(),
        )
        locked.reads(f"The PIN works here again at {shown}.")
        assert timedelta(minutes=29) < until - timezone.now() <= timedelta(minutes=30)

    def test_a_lockout_for_good_names_no_year_but_the_parents(self, locked, child):
        PinGuard.objects.create(
            user=child.profile.user, player_token_id=child.token_id, reserved=5, locked_until=FOR_GOOD
        )
        locked.give_pin(PIN)

        locked.reads("A parent needs to unlock the PIN on the parents' page.")

    def test_without_a_pin_the_screen_says_where_to_set_one(self, locked, child):
        Pin.objects.all().delete()
        locked.give_pin(PIN)

        locked.reads("No PIN is set yet.")

    def test_a_remote_grant_dismisses_the_lock_screen_by_itself(self, locked, child, site):
        locked.press("A parent is here")
        parent = log_in(child.profile.user)
        answer = httpx.post(site + grant_url(child.profile.id), json={"minutes": 30}, headers=parent.headers)
        assert answer.status_code == 200
        locked.next_question()

        locked.sees("unlocked")
        expect(locked.page.get_by_role("dialog")).to_be_hidden()
        expect(locked.page.get_by_role("button", name="Keep watching")).to_be_focused()
        assert child.balance().used_seconds == 120 * 60
        locked.press("Keep watching")
        locked.film_runs()
        assert [session.ended_at for session in child.sessions()] == [None]

    def test_a_lock_screen_before_any_film_leads_to_the_choice(self, screen, child):
        leave(child, 0)
        screen.page.goto(f"/player/#profile={child.profile.id}&token={child.token}")
        screen.sees("locked")
        ViewingTimeConfig.objects.filter(profile=child.profile).update(weekday_limit_minutes=None)
        ViewingTimeConfig.objects.filter(profile=child.profile).update(weekend_limit_minutes=None)
        # No process was notified, so the answer is made here.
        eligible = {"eligible": True, "remaining_minutes": None, "reason": None, "next_reset_at": None}
        screen.page.route(ELIGIBLE, lambda route: route.fulfill(json=eligible))
        balance = {"remaining_minutes": None, "next_reset_at": None, "is_unlimited_override": False}
        screen.page.route("**/balance/*", lambda route: route.fulfill(json=balance))
        screen.next_question()

        screen.sees("choosing")
        screen.reads("You have time again. Pick something!")
