"""What every page must be for everyone: readable by a screen reader, in both themes, on the narrowest phone."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}


def obstacles(page: Page) -> list[dict[str, Any]]:
    """What axe calls serious or critical, in both themes: rule, theme, and where."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found += [
            {"rule": violation["id"], "theme": theme, "where": [node["target"] for node in violation["nodes"]]}
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    return found


def overhang(page: Page) -> int:
    """By how many pixels the page is wider than the narrowest phone."""
    page.set_viewport_size(NARROW)
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def too_small(page: Page) -> list[str]:
    """Buttons and fields that a finger would miss: under 44 px high."""
    return page.evaluate(
        """() => [...document.querySelectorAll("button, select, input")]
            .filter((element) => !["checkbox", "radio", "hidden"].includes(element.type))
            .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
            .map((element) => element.outerHTML.slice(0, 120))"""
    )
