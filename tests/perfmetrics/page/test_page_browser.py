"""The Performance page in Chromium while players watch: it moves, by itself, and says what the service did.

Skipped where there is no Chromium; `BROWSER_REQUIRED=1` makes that a failure. `SCREENSHOTS` names a folder to look at.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests import processes
from tests.browser import chromium
from tests.families import make_child, make_title, make_user
from tests.http import session_cookies
from tests.load import closed_loop

pytestmark = pytest.mark.slow
PAGE = "/admin/perfmetrics/minutefigures/"


@pytest.fixture(scope="module")
def running(committed, real_time, tmp_path_factory):
    """Three workers, with hashed static files, as deployed."""
    folder = tmp_path_factory.mktemp("page")
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.service_settings",
        "TEST_STATIC_ROOT": str(folder / "static"),
        "METRICS_HOST": "page-test",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(collect, cwd=processes.PROJECT, env={**os.environ, **variables}, check=True)
    with processes.service(folder / "log", workers=3, **variables) as service:
        yield service


@pytest.fixture(scope="module")
def cookies(committed):
    return session_cookies(make_user(is_staff=True))


@pytest.fixture(scope="module")
def in_browser() -> Iterator[Callable[[Callable[[Browser], Any]], Any]]:
    """Runs what needs a browser in a thread of its own: Playwright keeps an event loop there."""
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(sync_playwright().start).result()
        try:
            executable = chromium.executable(playwright)
            if executable is None:
                assert not chromium.is_required(), f"BROWSER_REQUIRED, but no Chromium: {chromium.HOW_TO_GET_ONE}"
                pytest.skip(f"no Chromium: {chromium.HOW_TO_GET_ONE}")
            launch = partial(playwright.chromium.launch, executable_path=executable, args=chromium.ARGUMENTS)
            browser = thread.submit(launch).result()
            yield lambda work: thread.submit(work, browser).result()
            thread.submit(browser.close).result()
        finally:
            thread.submit(playwright.stop).result()


@pytest.fixture
def open_page(in_browser, running, cookies):
    def open_page(look, **options):
        def work(browser):
            context = browser.new_context(viewport={"width": 1400, "height": 1000}, **options)
            context.add_cookies([{"name": name, "value": value, "url": running.url} for name, value in cookies.items()])
            page = context.new_page()
            wrong = []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("requestfailed", lambda request: wrong.append(request.url))
            page.goto(running.url + PAGE)
            found = look(page)
            if folder := os.environ.get("SCREENSHOTS"):
                name = "-".join(["performance", *map(str, options.values())])
                page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
            context.close()
            return found, wrong

        return in_browser(work)

    return open_page


@pytest.fixture
def watching(running):
    """Players who watch until the test ends."""
    title = make_title()
    children = [make_child(title=title, weekday_limit_minutes=480, weekend_limit_minutes=480) for _ in range(10)]
    done = threading.Event()

    def play():
        while not done.is_set():
            asyncio.run(closed_loop(running.url, children, beats_each=20, retry=True))

    player = threading.Thread(target=play)
    player.start()
    yield
    done.set()
    player.join()


def beats(page):
    return float(page.text_content("[data-tile=heartbeats] .value").replace(",", ""))


def wait_until_it_moves(page):
    """The line of heartbeats has another form than it had. Not by an expression: the page's policy forbids those."""
    path = page.locator('[data-plot="now-heartbeats"] path.line-1')
    expect(path).not_to_have_attribute("d", path.get_attribute("d"), timeout=60_000)


def test_it_moves_while_players_watch(open_page, watching):
    def look(page):
        expect(page.locator("[data-tile=heartbeats] .value")).not_to_have_text("0", timeout=60_000)
        read_at = page.locator("[data-text=read_at]")
        expect(read_at).not_to_have_text(read_at.text_content(), timeout=60_000)
        wait_until_it_moves(page)
        expect(page.locator("[data-tile=p95] .value")).not_to_have_text("–", timeout=60_000)
        return {
            "beats": beats(page),
            "p95": page.text_content("[data-tile=p95] .value"),
            "workers": page.text_content("[data-text=workers]"),
            "host": page.text_content("[data-text=host]"),
            "described": page.text_content("#now-latency-desc"),
            "hidden": page.is_hidden("[data-state]"),
        }

    found, wrong = open_page(look)

    assert found["beats"] > 0
    assert float(found["p95"].replace(",", "")) > 0
    assert (found["workers"], found["host"], found["hidden"]) == ("3", "page-test", True)
    assert found["described"].startswith("Latest: p50 ")
    assert wrong == []


def test_it_says_when_the_service_does_not_answer_and_goes_on_when_it_does(open_page, running):
    def look(page):
        page.route("**/live/*", lambda route: route.abort())
        page.route("**/live/", lambda route: route.abort())
        page.wait_for_selector("[data-state]:not([hidden])")
        page.unroute("**/live/*")
        page.unroute("**/live/")
        page.wait_for_selector("[data-state]", state="hidden")
        return True

    assert open_page(look)[0]


def test_it_goes_on_when_the_worker_that_reads_was_killed(open_page, running, watching):
    def look(page):
        for victim in running.workers():
            os.kill(victim, signal.SIGKILL)
        processes.wait_until_ready(running)
        page.wait_for_selector("[data-state]", state="hidden", timeout=60_000)
        wait_until_it_moves(page)
        return beats(page)

    found, _ = open_page(look)

    assert found > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_javascript_it_is_a_picture(open_page, watching, scheme):
    def look(page):
        plots = page.locator("svg[role=img]")
        visible = all(plots.nth(n).is_visible() for n in range(plots.count()))
        return plots.count(), visible, page.locator("[data-tile]").count(), page.locator("noscript").count()

    found, wrong = open_page(look, color_scheme=scheme, java_script_enabled=False)

    assert found == (23, True, 8, 1)
    assert wrong == []


def test_a_narrow_screen_needs_no_sideways_scrolling(open_page):
    def look(page):
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(300)
        return page.evaluate("document.querySelector('.performance').scrollWidth <= window.innerWidth")

    assert open_page(look)[0]
