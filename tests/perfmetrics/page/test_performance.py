"""The Performance page: what it marks, what it remembers, and who sees it. It reads without JavaScript."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import httpx
import pytest
from django.urls import reverse

from perfmetrics.page import performance
from perfmetrics.reading.measures import Point
from perfmetrics.reading.recorder import Recent
from tests.families import make_child, make_user
from tests.http import session_cookies
from tests.perfmetrics.readings import make_totals

NOW = datetime(2031, 5, 14, 12, 30, 20, tzinfo=UTC).timestamp()
GOOD = {
    "heartbeats": 20.0,
    "p50": 5.0,
    "p95": 20.0,
    "p99": 40.0,
    "statements": 0.25,
    "hit_rate": 0.98,
    "queue": 3,
    "pin_checks": 0.5,
    "failures": 0,
    "refused_busy": 0,
}


def points(*changes):
    """One every two seconds, the last one now."""
    return [Point(NOW - 2 * (len(changes) - 1 - n), {**GOOD, **change}) for n, change in enumerate(changes)]


def shown(*changes, fetches=1.0):
    last = make_totals(workers=3, queue_limit=100, pins_waiting=4)
    recent = Recent(at=NOW, last=last, minute=0, points=tuple(points(*changes)))
    return performance.live(recent, {"config_fetches": fetches}, now=NOW)


def bad_tiles(found):
    return {tile.key for tile in found.tiles if tile.is_bad}


class TestMarks:
    def test_nothing_while_all_is_well(self):
        found = shown({}, {}, {})

        assert (bad_tiles(found), found.warnings) == (set(), [])

    @pytest.mark.parametrize(
        ("change", "tile", "sentence"),
        [
            ({"p95": 201.0}, "p95", "p95 reached 201 ms"),
            ({"failures": 1}, "failures", "1 request failed"),
            ({"queue": 100}, "queue", "queue was full"),
            ({"refused_busy": 4}, "queue", "4 heartbeats were refused"),
        ],
    )
    def test_what_is_over_its_limit(self, change, tile, sentence):
        found = shown(change)

        assert bad_tiles(found) == {tile}
        (warning,) = found.warnings
        assert sentence in warning

    def test_more_than_one_config_read_a_profile_and_ttl(self):
        assert bad_tiles(shown({}, fetches=1.0)) == set()
        found = shown({}, fetches=2.5)

        assert bad_tiles(found) == {"config_fetches"}
        assert "2.5 times" in found.warnings[0]

    def test_up_to_its_limit_all_is_well(self):
        assert shown({"p95": 200.0, "queue": 99}).warnings == []

    def test_are_gone_a_minute_later(self):
        changes = [{"p95": 500.0}] + [{}] * 31

        assert shown(*changes[:-2]).warnings
        assert not shown(*changes).warnings

    def test_are_on_the_plots_too(self):
        found = shown({"p95": 500.0, "failures": 2, "queue": 100}, {})
        over = {plot.key for plot in found.plots if plot.over}

        assert over == {"latency", "failures", "queue"}


class TestTiles:
    def test_are_means_of_the_last_seconds(self):
        found = shown({"heartbeats": 999.0}, {"heartbeats": 10.0}, {"heartbeats": 20.0}, {"heartbeats": 30.0})
        tiles = {tile.key: tile.value for tile in found.tiles}

        assert tiles == {
            "heartbeats": "20",
            "p95": "20",
            "statements": "0.25",
            "hit_rate": "98%",
            "queue": "3",
            "pin_checks": "0.5",
            "failures": "0",
            "config_fetches": "1",
        }

    def test_have_notes(self):
        notes = {tile.key: tile.note for tile in shown({}).tiles if tile.note}

        assert notes == {
            "p95": "p50 5 · p99 40",
            "queue": "of 100 per worker",
            "pin_checks": "4 waiting",
            "failures": "in the last 6 s",
            "config_fetches": "per TTL; 1 or less is fine",
        }

    def test_of_a_server_that_just_started_are_empty(self):
        found = performance.live(None, {}, now=NOW)

        assert {tile.value for tile in found.tiles} == {"0", "–"}
        assert (found.workers, found.warnings) == (0, [])


@pytest.fixture
def browse(server, committed):
    """The pages as a browser without JavaScript gets them."""

    def browse(*, is_staff=True):
        return httpx.Client(base_url=server, cookies=session_cookies(make_user(is_staff=is_staff)), timeout=30)

    return browse


PAGE = "/admin/perfmetrics/minutefigures/"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


class TestPage:
    def test_is_linked_from_the_admin_for_all_staff(self, browse):
        assert reverse("admin:perfmetrics_minutefigures_changelist") == PAGE
        with browse() as browser:
            assert f'href="{PAGE}"' in browser.get("/admin/").text

    def test_is_a_picture_with_its_figures_without_javascript(self, browse, server):
        with browse() as browser:
            text = browser.get(PAGE).text
        tags = Tags(text)

        plots = [figure["data-plot"] for figure in tags.all("figure")]
        assert len(plots) == len(set(plots)) == 7 + 8 + 8
        assert {name.split("-")[0] for name in plots} == {"now", "hour", "week"}
        pictures = [svg for svg in tags.all("svg") if "role" in svg]  # the rest are the admin's icons
        assert len(pictures) == len(tags.all("desc")) == 23
        named = {attributes.get("id") for _, attributes in tags.tags}
        for svg in pictures:
            assert svg["role"] == "img"
            assert set(svg["aria-labelledby"].split()) <= named
        assert len(tags.all("details")) == 2
        assert len([attributes for attributes in tags.all("div") if "data-tile" in attributes]) == 8

    def test_has_no_inline_script_or_style(self, browse):
        with browse() as browser:
            main = browser.get(PAGE).text
        own = main[main.index('<div id="content-main" class="performance"') :]
        tags = Tags(own[: own.index("</section>\n</div>")])

        assert not [name for name, attributes in tags.tags if "style" in attributes]
        assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
        assert "<style" not in main
        assert all(script.get("src") or script.get("type") == "application/json" for script in Tags(main).all("script"))

    @pytest.mark.parametrize("path", [PAGE, f"{PAGE}live/"])
    def test_is_for_staff_only(self, browse, http, path):
        with browse(is_staff=False) as browser:
            assert browser.get(path).status_code == 302
        assert http.get(path).status_code == 302

    def test_nobody_edits_figures(self, browse):
        with browse() as browser:
            for path in ("add/", "1/change/", "1/delete/"):
                assert browser.get(PAGE + path).status_code == 404

    def test_script_gets_what_the_page_shows(self, browse, http):
        make_child().watch(http, 3)
        with browse() as browser:
            live, all_of_it = browser.get(f"{PAGE}live/"), browser.get(f"{PAGE}live/?history=1")
            text = browser.get(PAGE).text

        assert set(live.json()) == {"now"}
        assert set(all_of_it.json()) == {"now", "hour", "week", "reconcile"}
        assert "no-store" in live.headers["Cache-Control"]
        assert {f"now-{plot['key']}" for plot in live.json()["now"]["plots"]} == set(
            re.findall(r'data-plot="(now-[a-z0-9_]+)"', text)
        )
        assert {tile["key"] for tile in live.json()["now"]["tiles"]} == set(
            re.findall(r'data-tile="([a-z0-9_]+)"', text)
        )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3700, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_times_are_short(seconds, text):
    assert performance.duration(seconds) == text
