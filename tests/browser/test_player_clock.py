"""The player when the device's clock, the network or the engine is not what it should be."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.browser.screen import HEARTBEAT
from tests.processes import PROJECT


def play(screen, child):
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()


def retry(screen):
    """Let the first pause before a repetition pass."""
    with screen.page.expect_response(HEARTBEAT) as answer:
        screen.page.clock.run_for(1_000)
    answer.value.finished()


def sequences(requests):
    return [request.post_data_json["sequence"] for request in requests if request.url.endswith("/heartbeat")]


class TestClock:
    def test_beats_go_on_after_the_clock_was_set_back(self, screen, child):
        play(screen, child)
        screen.page.clock.set_system_time(datetime.now(UTC) - timedelta(hours=1))

        screen.next_beat()

        assert child.sessions()[0].counted_seconds == 60

    def test_a_reload_after_the_clock_was_set_back_counts(self, screen, child):
        """Else the first beat, with a lower number, would be taken for a repetition: free viewing for a minute."""
        play(screen, child)
        screen.next_beat()
        sent = screen.events("request")
        screen.page.clock.set_system_time(datetime.now(UTC) - timedelta(days=30))
        screen.page.reload()
        screen.pick(child)
        screen.next_beat()

        first, second = sequences(sent)
        assert second == first + 1
        assert first > datetime.now(UTC).timestamp() * 1000 - 60_000
        assert sum(session.counted_seconds for session in child.sessions()) == 120

    def test_no_timer_runs_longer_than_half_a_minute(self, screen, child):
        screen.page.add_init_script(
            "window.longest = 0; const set = window.setTimeout; window.setTimeout = (f, ms, ...rest) => {"
            " longest = Math.max(longest, ms || 0); return set(f, ms, ...rest); }"
        )
        play(screen, child)
        screen.next_beat()
        screen.page.clock.set_system_time(datetime.now(UTC) - timedelta(days=30))
        screen.next_beat()

        assert 0 < screen.page.evaluate("longest") <= 30_000

    def test_each_beat_that_is_owed_is_sent(self, screen, child):
        """A browser that slows timers down wakes the player late: time played is counted all the same."""
        play(screen, child)
        sent = screen.events("request")
        screen.page.clock.fast_forward(95_000)
        for _ in range(3):
            screen.page.clock.run_for(100)
            screen.page.wait_for_timeout(300)
        expect(screen.page.locator("#film")).to_have_class(re.compile("running"))

        first, *others = sequences(sent)
        assert others == [first + 1, first + 2]
        assert child.sessions()[0].counted_seconds == 30 + 3 * 30


class TestOddAnswers:
    def test_an_answer_that_is_not_json_is_none(self, screen, child):
        """A captive portal answers 200 with a page of its own."""
        play(screen, child)
        screen.page.route(HEARTBEAT, lambda route: route.fulfill(body="<html>Log in to the hotel"), times=1)
        screen.page.clock.run_for(30_000)
        screen.reads("No connection")
        retry(screen)
        screen.film_runs()

        assert child.sessions()[0].counted_seconds == 60

    def test_json_that_the_service_would_not_say_is_none(self, screen, child):
        play(screen, child)
        screen.page.route(HEARTBEAT, lambda route: route.fulfill(json={"ok": True}), times=1)
        screen.page.clock.run_for(30_000)
        screen.reads("No connection")
        retry(screen)
        screen.film_runs()

    def test_a_refusal_that_the_service_would_not_say_does_not_disconnect(self, screen, child):
        play(screen, child)
        screen.page.route(HEARTBEAT, lambda route: route.fulfill(status=401, body="Pay first"), times=1)
        screen.page.clock.run_for(30_000)
        retry(screen)
        screen.film_runs()


class TestEngines:
    def test_the_scripts_use_only_what_the_oldest_engines_read(self):
        """Chromium 63 and Safari 12, as docs/api.md says: one newer sign in one module, and nothing runs at all."""
        newer = re.compile(
            r"\?\.|\?\?|catch \{|\d_\d|\|\|=|&&=|\.at\(|replaceAll|replaceChildren|checkVisibility|AbortSignal|\.flat\("
            r"|fromEntries|matchAll|structuredClone|import\(|^\s+#\w|static \w+ ="
        )
        found = []
        for path in (PROJECT / "viewing" / "static" / "player").glob("*.js"):
            code = re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"", "", path.read_text(), flags=re.DOTALL)
            found += [(path.name, line.strip()) for line in code.splitlines() if newer.search(line)]

        assert found == []

    def test_without_abort_controllers_it_plays(self, screen, child):
        screen.page.add_init_script("delete window.AbortController; delete AbortSignal.timeout")
        play(screen, child)
        screen.next_beat()

        assert child.sessions()[0].counted_seconds == 60

    def test_an_engine_that_cannot_run_it_says_so(self, screen):
        screen.page.route("**/player/main*.js", lambda route: route.fulfill(body="}", content_type="text/javascript"))
        screen.page.goto("/player/")
        screen.reads("This browser is too old for the player. Update it, or use another device.")
        screen.faults.clear()
