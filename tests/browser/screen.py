"""A child's screen: the player page in a browser, and what one does with it."""

import re
from typing import Any

from django.test import Client
from playwright.sync_api import Page, Response, expect

from tests.families import Player

HEARTBEAT = "**/api/v1/viewing-time/heartbeat"
ELIGIBLE = "**/api/v1/viewing-time/playback-eligible/*"


class Screen:
    """The page's clock can be put forward, so that a test does not wait 30 s for a beat."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", self._hear)
        page.clock.install()

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not self._is_refusal(message):
            self.faults.append(f"{message.type}: {message.text} {message.location['url']}")

    def _is_refusal(self, message: Any) -> bool:
        # The browser itself logs every refusal of the API, which is part of the play; Django's admin names no icon.
        url = message.location["url"]
        return message.text.startswith("Failed to load") and ("/api/v1/" in url or url.endswith("/favicon.ico"))

    def events(self, event: str) -> list[Any]:
        """A list that fills with the page's "request"s or "response"s from now on."""
        noted: list[Any] = []

        def note(one: Any) -> None:
            noted.append(one)

        self.page.on(event, note)
        return noted

    def log_in(self, user: Any) -> None:
        """As a parent who logged in before."""
        client = Client()
        client.force_login(user)
        self.page.context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.site}]
        )

    def pair(self, player: Player) -> None:
        """Open the pairing link that a parent was given."""
        self.page.goto(f"/player/#profile={player.profile.id}&token={player.token}")
        self.sees("choosing")

    def open_another_way(self) -> None:
        """On the pairing screen, where a code is shown first."""
        self.page.goto("/player/")
        self.page.get_by_text("Another way: with a link").click()

    def pick(self, player: Player) -> dict[str, Any]:
        """Choose the player's title: the answer of its first beat."""
        with self.page.expect_response(HEARTBEAT) as answer:
            self.page.get_by_role("button", name=player.title.name).click()
        return answer.value.json()

    def next_beat(self) -> Response:
        """Let 30 s pass."""
        with self.page.expect_response(HEARTBEAT) as answer:
            self.page.clock.run_for(30_000)
        answer.value.finished()
        return answer.value

    def next_question(self) -> None:
        """Let 5 s pass before a lock screen."""
        with self.page.expect_response(ELIGIBLE) as answer:
            self.page.clock.run_for(5_000)
        answer.value.finished()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def give_pin(self, digits: str, *, amount: str = "+30 min") -> None:
        self.press("A parent is here")
        self.press(amount)
        for digit in digits:
            self.press(digit)

    def sees(self, name: str) -> None:
        """Wait for one of the screens: pairing, who, choosing, playing, locked, unlocked, dropped."""
        expect(self.page.locator(f"[data-screen-name={name}]")).to_be_visible()

    def reads(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def film_runs(self) -> None:
        expect(self.page.locator("#film")).to_have_class(re.compile("running"))

    def film_stands(self) -> None:
        expect(self.page.locator("#film")).not_to_have_class(re.compile("running"))

    def shows_time(self, text: str) -> None:
        expect(self.page.locator("#time-left-value")).to_have_text(text)

    def toasts(self) -> list[str]:
        return self.page.locator("#toasts").all_inner_texts()
