"""Connecting a screen by the code that it shows, as a parent on a phone does."""

import re
from typing import Any

from django.utils import timezone
from playwright.sync_api import expect

from parental.pairing import approval, codes
from tests.browser.screen import Screen
from tests.families import Player
from viewing.models import DevicePairing

TOKEN = "**/api/v1/auth/device/token"
SHOWN = re.compile("^[A-Z]{4}-[A-Z]{4}$")


def shown_code(screen: Screen) -> str:
    screen.page.goto("/player/")
    code = screen.page.locator("#pairing-code")
    expect(code).to_have_text(SHOWN)
    return code.inner_text()


def connect(screen: Screen, *players: Player) -> None:
    """Approved straight in the service, for tests that are about what comes then."""
    code = codes.read(shown_code(screen))
    pairing = DevicePairing.objects.get(user_code=code)
    approve: Any = approval.approve
    approve(
        players[0].profile.user_id,
        pairing.pk,
        profile_ids=[player.profile.pk for player in players],
        device_name="Living room TV",
        pin_token=None,
        now=timezone.now(),
    )
    next_poll(screen)


def next_poll(screen: Screen) -> None:
    """Let 5 s pass before a screen that shows a code."""
    with screen.page.expect_response(TOKEN) as answer:
        screen.page.clock.run_for(5_000)
    answer.value.finished()
