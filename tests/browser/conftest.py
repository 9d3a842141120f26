"""A real browser before the real service: one browser for all, a context of its own (cookies, storage) for each test.

Without a Chromium the tests are skipped, and the last lines of the run say so; with `BROWSER_REQUIRED=1` they fail.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, expect, sync_playwright

from tests import processes
from tests.browser import chromium
from tests.browser.screen import Screen
from tests.families import Player, make_child, make_title
from viewing.models import Title

# A PIN is checked at the lowest priority: on a full machine that takes long.
expect.set_options(timeout=60_000)


@dataclass(frozen=True)
class Films:
    plain: Title
    learning: Title


# For this folder only: Playwright keeps an event loop in this thread, which asyncio.run elsewhere would stumble over.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = chromium.executable(playwright)
        if executable is None:
            assert not chromium.is_required(), f"BROWSER_REQUIRED, but no Chromium: {chromium.HOW_TO_GET_ONE}"
            pytest.skip(chromium.NONE)
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        # Django sees the event loop and refuses; it is idle whenever the test itself runs.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        yield browser
        connections.close_all()  # others than the same thread has without the loop
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        browser.close()


@pytest.fixture(scope="package")
def films(browser, committed) -> Films:
    """In the catalogue from the start: the service keeps it for an hour."""
    return Films(make_title("Castle of Clouds"), make_title("Bees at Work", is_educational=True))


@pytest.fixture(scope="package")
def site(browser, films, real_time, tmp_path_factory) -> Iterator[str]:
    """The address of the service as it is deployed, hashed static files and all."""
    folder = tmp_path_factory.mktemp("site")
    variables = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings", "TEST_STATIC_ROOT": str(folder / "static")}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(collect, cwd=processes.PROJECT, env={**os.environ, **variables}, check=True)
    with processes.service(folder / "log", **variables) as running:
        yield running.url


@pytest.fixture
def child(films) -> Player:
    """With 120 minutes a day, and a film that takes of them."""
    return make_child(title=films.plain)


@pytest.fixture
def open_screen(browser, site) -> Iterator[Callable[..., Screen]]:
    """Makes screens: browsers that know nothing of each other. None may have met an error when the test ends."""
    with ExitStack() as stack:
        made: list[Screen] = []

        def make(*, url: str = site, **options: Any) -> Screen:
            context = browser.new_context(base_url=url, **options)
            stack.callback(context.close)
            made.append(Screen(context.new_page(), url))
            return made[-1]

        yield make
        assert [fault for screen in made for fault in screen.faults] == []


@pytest.fixture
def screen(open_screen) -> Screen:
    return open_screen()
