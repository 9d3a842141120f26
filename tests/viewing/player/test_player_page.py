"""The player page's papers: what its scripts name must be there."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory, override_settings

from viewing.player.texts import texts
from viewing.player.views import player


def scripts():
    folder = Path(finders.find("player/main.js")).parent
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.js")))


@pytest.fixture(scope="module")
def page(committed):
    return Client().get("/player/").content.decode()


def test_every_sentence_that_the_scripts_say_is_there_and_none_is_left_over():
    # Names that the scripts put together, and those that a state holds.
    quoted = set(re.findall(r'"(\w+)"', scripts())) | {"ideas", "calmIdeas"}
    quoted |= {reason + part for reason in ("taken_over", "session_ended", "defect") for part in ("Heading", "Text")}
    said = set(re.findall(r'say\("(\w+)"', scripts()))

    assert said - set(texts()) == set()
    assert set(texts()) - quoted == set()


def test_every_element_that_the_scripts_ask_for_is_on_the_page_once(page):
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', scripts())) | set(re.findall(r'write\("([\w-]+)"', scripts()))

    assert len(wanted) > 30
    assert {name: page.count(f'id="{name}"') for name in wanted} == dict.fromkeys(wanted, 1)


def test_the_page_has_no_inline_script_and_no_inline_style(page):
    scripts_inside = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)

    assert scripts_inside == ['<script id="player-texts" type="application/json">']
    assert "<style" not in page
    assert not re.search(r"\s(?:style|on\w+)=", page)


def test_time_runs_faster_in_development_only(page):
    assert 'name="speed"' not in page
    with override_settings(DEBUG=True):
        # The service renders the page once.
        rendered = player(RequestFactory().get("/player/"))
        assert rendered.content.decode().count('name="speed"') == 3


def test_without_javascript_it_says_what_it_needs(page):
    # By its source: a Chromium whose scripts a test turns off does not show what is meant for this case.
    assert re.search(r"<noscript>\s*<p[^>]*>The player needs JavaScript", page)


def test_it_is_only_read(committed):
    assert Client().post("/player/").status_code == 405


def test_it_asks_the_database_nothing(committed, django_assert_num_queries):
    Client().get("/player/")  # fills the notice's cache
    with django_assert_num_queries(0):
        assert Client().get("/player/").status_code == 200
