"""The player page: pairing, watching, pausing, stopping."""

import pytest
from playwright.sync_api import expect

from parental.models import Pin
from tests.browser.screen import HEARTBEAT
from tests.families import make_child
from tests.hashers import quick_hash
from tests.races import until
from viewing.models import PlayerToken


class TestPairing:
    def test_a_link_pairs_and_is_removed_from_the_address(self, screen, child):
        screen.pair(child)

        assert child.token not in screen.page.url
        assert screen.page.evaluate("history.length") <= 2
        screen.page.reload()
        screen.sees("choosing")

    @pytest.mark.parametrize("form", ["{site}/player/#profile={profile}&token={token}", "{profile}.{token}"])
    def test_a_pasted_link_or_code_pairs(self, screen, site, child, form):
        screen.open_another_way()
        screen.page.get_by_label("Link from the parents' pages").fill(
            form.format(site=site, profile=child.profile.id, token=child.token)
        )
        screen.press("Connect")

        screen.sees("choosing")

    def test_a_wrong_code_is_refused_in_words(self, screen, child):
        screen.open_another_way()
        for code in ("nonsense", f"{child.profile.id}.{child.token[:-1]}", f"{make_child().profile.id}.{child.token}"):
            screen.page.get_by_label("Link from the parents' pages").fill(code)
            screen.press("Connect")
            screen.reads("That didn't work.")
            assert screen.page.evaluate("localStorage.getItem('sandglass.players')") is None

    def test_a_revoked_token_leads_back_to_pairing(self, screen, child):
        screen.pair(child)
        PlayerToken.objects.filter(pk=child.token_id).update(token_hash=b"-" * 32)
        with screen.page.expect_response(lambda answer: answer.status == 401):
            screen.page.route(HEARTBEAT, lambda route: route.continue_(headers=without_token(route)))
            screen.page.get_by_role("button", name=child.title.name).click()

        screen.sees("pairing")
        screen.reads("This screen is no longer connected.")
        assert screen.page.evaluate("localStorage.getItem('sandglass.players')") is None

    def test_a_pairing_that_an_earlier_version_kept_still_plays(self, screen, child):
        screen.page.goto("/player/")
        screen.sees("pairing")
        kept = f"{child.profile.id}.{child.token}"
        screen.page.evaluate("kept => localStorage.setItem('sandglass.pairing', kept)", kept)
        screen.page.reload()

        screen.sees("choosing")

    def test_a_child_cannot_disconnect_the_screen_but_a_parent_can(self, screen, child):
        Pin.objects.create(user=child.profile.user, pin_hash=quick_hash("4711"))
        screen.pair(child)
        screen.press("This screen")
        screen.press("Disconnect")
        screen.page.keyboard.type("0000")
        screen.reads("Incorrect PIN.")
        assert PlayerToken.objects.get(pk=child.token_id).revoked_at is None
        screen.page.keyboard.type("4711")

        screen.sees("pairing")
        assert PlayerToken.objects.get(pk=child.token_id).revoked_at is not None
        screen.page.reload()
        screen.sees("pairing")

    def test_without_a_pin_a_screen_is_disconnected_on_the_parents_page(self, screen, child):
        screen.pair(child)
        screen.press("This screen")
        screen.press("Disconnect")
        screen.page.keyboard.type("4711")

        screen.reads("A parent can disconnect this screen on the parents' page.")


def without_token(route):
    return {**route.request.headers, "authorization": "Bearer sgp_gone"}


class TestWatching:
    def test_beats_go_out_every_30_s_with_the_session_and_a_rising_sequence(self, screen, child):
        screen.pair(child)
        first = screen.pick(child)
        screen.film_runs()
        bodies = [screen.next_beat().request.post_data_json for _ in range(2)]

        assert [body["session_id"] for body in bodies] == [first["session_id"]] * 2
        assert bodies[1]["sequence"] == bodies[0]["sequence"] + 1
        assert child.balance().used_seconds == 90

    def test_no_beat_goes_out_before_its_time(self, screen, child):
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        sent = screen.events("request")
        screen.page.clock.run_for(20_000)

        assert [request for request in sent if request.url.endswith("heartbeat")] == []

    def test_a_paused_film_stands_still_and_its_beats_say_so(self, screen, child):
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        screen.press("Pause")
        screen.film_stands()
        paused = screen.next_beat().request.post_data_json
        screen.press("Play")
        screen.film_runs()
        resumed = screen.next_beat().request.post_data_json

        assert (paused["is_paused"], resumed["is_paused"]) == (True, False)

    def test_a_film_that_nobody_can_see_pauses(self, screen, child):
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        screen.page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )

        screen.film_stands()
        assert screen.next_beat().request.post_data_json["is_paused"] is True

    def test_the_time_left_stands_still_while_the_film_does(self, screen, films):
        child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15, title=films.plain)
        screen.pair(child)
        screen.page.clock.pause_at(screen.page.evaluate("Date.now() / 1000 + 1"))
        screen.pick(child)
        screen.film_runs()
        screen.page.clock.run_for(10_000)
        screen.press("Pause")
        screen.page.clock.run_for(15_000)
        screen.shows_time("14:20 min")
        screen.press("Play")
        screen.page.clock.run_for(2_000)

        screen.shows_time("14:18 min")

    def test_the_time_left_runs_down_smoothly_but_never_ahead_of_the_answers(self, screen, films):
        child = make_child(weekday_limit_minutes=15, weekend_limit_minutes=15, title=films.plain)
        screen.pair(child)
        screen.shows_time("15 min")
        screen.page.clock.pause_at(screen.page.evaluate("Date.now() / 1000 + 1"))
        screen.pick(child)
        screen.shows_time("14:30 min")
        screen.page.route(HEARTBEAT, lambda route: None)  # the next beat is never answered
        screen.page.clock.run_for(10_000)
        screen.shows_time("14:20 min")
        screen.page.clock.run_for(60_000)
        screen.shows_time("14:00 min")
        screen.film_stands()

    def test_stopping_ends_the_session(self, screen, child):
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        with screen.page.expect_response("**/end"):
            screen.press("Stop")

        screen.sees("choosing")
        until(lambda: child.sessions()[0].ended_at is not None)

    def test_closing_the_page_ends_the_session(self, screen, child):
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        screen.page.close()

        until(lambda: child.sessions()[0].ended_at is not None)

    def test_another_page_load_begins_a_session_that_counts(self, screen, child):
        """A counter that began at 1 again would make its first beat a repetition of the one before."""
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()
        # A page that was killed, and could not end its session.
        screen.page.evaluate("() => { window.fetch = () => Promise.reject(new Error('killed')); }")
        screen.page.reload()
        screen.sees("choosing")
        screen.pick(child)
        screen.film_runs()

        assert child.balance().used_seconds == 60


class TestLearning:
    def test_an_exempt_title_says_that_it_uses_no_time(self, screen, films):
        child = make_child(educational_exempt=True, title=films.learning)
        screen.pair(child)
        card = screen.page.get_by_role("button", name=films.learning.name)
        expect(card).to_contain_text("Learning")
        screen.pick(child)

        screen.reads("This one doesn't use up your time.")
        screen.shows_time("2 h")

    def test_a_title_that_counts_does_not_say_so(self, screen, films):
        child = make_child(educational_exempt=False, title=films.learning)
        screen.pair(child)
        screen.pick(child)
        screen.film_runs()

        screen.shows_time("1 h 59 min")
        expect(screen.page.get_by_text("This one doesn't use up your time.")).to_be_hidden()
