"""The player page when something comes between: another screen, a parent, the network, the service."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.screen import HEARTBEAT
from tests.parental.cast import log_in
from viewing.models import Title

UNAVAILABLE = {
    "session_id": "00000000-0000-0000-0000-000000000000",
    "enforcement": "blocked",
    "remaining_minutes": 0,
    "used_minutes": 0,
    "is_educational": False,
    "reason": "unavailable",
    "next_reset_at": None,
}


@pytest.fixture
def playing(screen, child):
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    return screen


class TestTakenOver:
    def test_a_second_screen_takes_over_and_the_first_says_so(self, playing, open_screen, child):
        second = open_screen()
        second.pair(child)
        second.pick(child)
        second.film_runs()
        playing.next_beat()

        playing.sees("dropped")
        playing.reads("Now playing on another screen")
        assert [session.end_reason for session in child.sessions()] == ["taken_over", ""]

    def test_the_first_screen_can_take_it_back(self, playing, open_screen, child):
        second = open_screen()
        second.pair(child)
        second.pick(child)
        second.film_runs()
        playing.next_beat()
        playing.press("Play here")
        playing.film_runs()
        second.next_beat()

        second.sees("dropped")
        assert len(child.sessions()) == 3

    def test_a_film_that_was_stopped_from_afar_says_so(self, playing, child, site):
        session = child.sessions()[0]
        parent = log_in(child.profile.user)
        httpx.post(f"{site}/api/v1/viewing-time/session/{session.id}/end", headers=parent.headers).raise_for_status()
        playing.next_beat()

        playing.sees("dropped")
        playing.reads("The film was stopped")
        playing.press("Choose another film")
        playing.sees("choosing")

    def test_a_title_that_is_gone_leads_back_to_the_choice(self, screen, child, films):
        screen.pair(child)
        ghost = {"id": "00000000-0000-4000-8000-000000000000", "name": "Ghost", "is_educational": False}
        screen.page.route("**/catalog/titles*", lambda route: route.fulfill(json=[ghost]))
        screen.page.reload()
        child.title = Title(name="Ghost")
        assert screen.pick(child) == {"detail": "Title not found", "code": "title_unknown"}

        screen.sees("choosing")
        screen.reads("That film isn't available anymore.")


class TestNetwork:
    def test_without_a_network_the_film_waits_and_goes_on_by_itself_and_counts_once(self, playing, child):
        playing.page.context.set_offline(True)
        playing.page.clock.run_for(30_000)
        playing.reads("No connection.")
        playing.page.clock.run_for(3_000)
        playing.film_stands()
        playing.reads("The film waits, and so does your time.")
        with playing.page.expect_response(HEARTBEAT):
            playing.page.context.set_offline(False)
            playing.page.clock.run_for(10_000)

        playing.film_runs()
        expect(playing.page.locator("#trouble")).to_be_hidden()
        assert child.balance().used_seconds == 60

    def test_a_beat_whose_answer_was_lost_is_sent_again_as_it_was(self, playing, child):
        sent = []

        def lose_the_answer(route):
            sent.append(route.request.post_data_json)
            route.fetch()
            route.abort()

        playing.page.route(HEARTBEAT, lose_the_answer, times=2)

        def note(answer):
            if answer.url.endswith("/heartbeat"):
                sent.append(answer.request.post_data_json)

        playing.page.on("response", note)
        with playing.page.expect_response(HEARTBEAT):
            playing.page.clock.run_for(30_000)
            playing.page.clock.run_for(1_000)
            playing.page.clock.run_for(2_000)

        assert len(sent) == 3
        assert sent[0] == sent[1] == sent[2]
        assert child.balance().used_seconds == 60

    def test_after_a_minute_the_beat_is_given_up_and_the_screen_only_asks(self, playing, child):
        playing.page.route("**/api/**", lambda route: route.abort())
        sent = playing.events("request")
        for _ in range(200):
            playing.page.clock.run_for(1_000)
            if any("playback-eligible" in request.url for request in sent):
                break
        beats = [request.post_data_json["sequence"] for request in sent if request.url.endswith("/heartbeat")]
        assert len(set(beats)) == 1
        assert len(beats) > 1
        playing.film_stands()
        playing.page.unroute("**/api/**")
        with playing.page.expect_response(HEARTBEAT) as answer:
            playing.page.clock.run_for(5_000)

        assert answer.value.request.post_data_json["sequence"] == beats[0] + 1
        playing.film_runs()

    def test_an_unavailable_service_stops_the_film_at_once_and_is_asked_again(self, playing, child):
        playing.page.route(HEARTBEAT, lambda route: route.fulfill(json=UNAVAILABLE), times=1)
        playing.next_beat()
        playing.film_stands()
        playing.reads("Sandglass is taking a short break.")
        with playing.page.expect_response(HEARTBEAT):
            playing.page.clock.run_for(1_000)

        playing.film_runs()
        assert child.balance().used_seconds == 60

    def test_a_busy_service_is_given_the_time_that_it_asks_for(self, playing, child):
        busy = {
            "status": 503,
            "json": {"detail": "The service is busy. Try again.", "code": "busy"},
            "headers": {"Retry-After": "20"},
        }
        playing.page.route(HEARTBEAT, lambda route: route.fulfill(**busy), times=1)
        playing.next_beat()
        playing.reads("Sandglass is taking a short break.")
        sent = playing.events("request")
        playing.page.clock.run_for(10_000)
        assert sent == []
        with playing.page.expect_response(HEARTBEAT):
            playing.page.clock.run_for(10_500)

        playing.film_runs()

    def test_a_page_opened_without_the_service_finds_it_later(self, screen, child):
        screen.pair(child)
        screen.page.route("**/api/**", lambda route: route.abort())
        screen.page.reload()
        screen.reads("No connection. Trying again")
        screen.page.unroute("**/api/**")
        screen.next_question()

        expect(screen.page.get_by_role("button", name=child.title.name)).to_be_visible()
        expect(screen.page.locator("#trouble")).to_be_hidden()
