"""Live events in two browsers before two workers: what a parent decides shows on the child's screen in a moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import expect

from tests import processes
from tests.browser.remote import steer

PHONE = {"width": 390, "height": 844}
# The parser is given the same bytes cut everywhere; what came out must be what comes out of the whole.
CUT_EVERYWHERE = """
(function () {
  const bytes = new TextEncoder().encode(
    "\\ufeffretry: 3000\\r\\n\\r\\nevent: state\\r\\ndata: {\\"a\\":\\r\\ndata: \\"Zoë 👨‍👩‍👧\\"}\\r\\n\\r\\n:\\n\\n" +
    "event: balance\\rdata: 1\\r\\runknown: x\\ndata:2\\n\\n");
  function parse(cuts) {
    const found = [];
    const feed = makeParser((name, data) => found.push([name, data]));
    const decoder = new TextDecoder("utf-8");
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      feed(decoder.decode(bytes.slice(from, to), { stream: true }));
      from = to;
    }
    return JSON.stringify(found);
  }
  const all = new Set([parse([...bytes.keys()])]);
  for (let one = 0; one <= bytes.length; one += 1) {
    for (let two = one; two <= bytes.length; two += 1) all.add(parse([one, two]));
  }
  return [...all];
})()
"""


def test_a_stream_is_parsed_however_it_is_cut(open_screen):
    source = Path(finders.find("sandglass/stream.js")).read_text(encoding="utf-8")
    page = open_screen().page

    found = page.evaluate(source.replace("export ", "") + ";" + CUT_EVERYWHERE)

    assert found == ['[["retry","3000"],["state","{\\"a\\":\\n\\"Zoë 👨‍👩‍👧\\"}"],["balance","1"],["message","2"]]']


@pytest.fixture(scope="module")
def two_workers(browser, films, real_time, tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    variables = {"DJANGO_SETTINGS_MODULE": "tests.browser.live_settings", "TEST_STATIC_ROOT": str(folder / "static")}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    subprocess.run(collect, cwd=processes.PROJECT, env={**os.environ, **variables}, check=True)
    with processes.service(folder / "log", workers=2, **variables) as running:
        yield running.url


@pytest.mark.slow
def test_what_a_parent_decides_shows_in_a_moment(open_screen, two_workers, child):
    """No time is put forward: no poll could be what shows it."""
    child.use_up(60 * 60)
    screen, parent = open_screen(url=two_workers), open_screen(url=two_workers, viewport=PHONE)
    parent.log_in(child.profile.user)
    screen.pair(child)
    screen.pick(child)
    screen.film_runs()
    screen.shows_time("59 min")
    parent.page.goto("/")

    parent.page.get_by_role("button", name="+30 minutes").click()
    screen.shows_time("1 h 29 min")
    parent.page.get_by_text("Only today").click()
    parent.page.get_by_role("button", name="Stop until I allow it").click()
    screen.sees("locked")
    expect(screen.page.locator("#locked-heading")).to_have_text("A parent stopped the screen")

    # Back on the parent's page: the request appears by itself.
    steer(screen, "Ask for more time")
    steer(screen, "30 min")
    steer(screen, "Please")
    parent.page.get_by_role("button", name="Yes, and allow watching again").click()
    screen.sees("unlocked")
    expect(screen.page.locator("#unlocked-note")).to_contain_text("A parent said yes: 30 more minutes!")
    screen.press("Keep watching")
    screen.film_runs()
