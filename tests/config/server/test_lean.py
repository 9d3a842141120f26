"""The lean handler answers the views marked `@lean`, streams too."""

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import path
from ninja import NinjaAPI

from config.server.lean_paths import find_lean_paths
from perfmetrics.counting.lean import lean
from tests import processes
from tests.races import until

A_UUID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    "route",
    [
        "/api/v1/viewing-time/heartbeat",
        "/api/v1/viewing-time/heartbeats",
        f"/api/v1/viewing-time/balance/{A_UUID}",
        f"/api/v1/viewing-time/playback-eligible/{A_UUID}",
        f"/api/v1/viewing-time/session/{A_UUID}/end",
        "/api/v1/catalog/titles",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
    ],
)
def test_the_paths_of_players_and_probes_are_lean(route):
    assert find_lean_paths()(route)


@pytest.mark.parametrize(
    "route",
    [
        "/",
        "/login",
        "/api/v1/auth/login",
        "/api/v1/docs",
        "/healthy",
        "/metrics/",
        "/api/v1/viewing-time/",
        "/api/v1/viewing-time/heartbeat/",
        f"/api/v1/viewing-time/session/{A_UUID}",
        f"/x/api/v1/viewing-time/balance/{A_UUID}",
    ],
)
def test_no_others_are(route):
    assert not find_lean_paths()(route)


def urlconf(*patterns):
    return override_settings(ROOT_URLCONF=type("urls", (), {"urlpatterns": list(patterns)}))


def test_a_marked_view_that_is_no_coroutine_stops_the_start():
    @lean
    def view(request):
        raise AssertionError

    with urlconf(path("here", view)), pytest.raises(ImproperlyConfigured, match="/here: view is @lean, so it must be"):
        find_lean_paths()


def test_operations_of_one_path_are_all_marked_or_none():
    api = NinjaAPI(urls_namespace="unmarked")

    @api.get("/there")
    @lean
    async def read(request):
        raise AssertionError

    @api.post("/there")
    async def write(request):
        raise AssertionError

    with urlconf(path("", api.urls)), pytest.raises(ImproperlyConfigured, match="/there: write must be @lean"):
        find_lean_paths()


@pytest.fixture(scope="module")
def streams(committed, real_time, tmp_path_factory):
    log = tmp_path_factory.mktemp("streams") / "log"
    with (
        processes.service(log, DJANGO_SETTINGS_MODULE="tests.config.server.streams") as running,
        httpx.Client(base_url=running.url, timeout=30) as http,
    ):
        yield running, http


def test_a_lean_view_may_stream(streams):
    _, http = streams

    response = http.get("/streams/count/5")

    assert response.text == "0\n1\n2\n3\n4\n"
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["x-process-time"]
    assert http.get("/health/live").status_code == 200  # on the same connection


def test_a_stream_ends_when_its_client_goes_away(streams):
    _, http = streams

    with http.stream("GET", "/streams/count/1000000000") as response:
        assert next(response.iter_text()).startswith("0\n")

    until(lambda: "1000000000" in http.get("/streams/ended").text.split(","))


def test_a_stream_that_breaks_is_logged_and_cut(streams):
    running, http = streams

    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/streams/breaks")

    until(lambda: "RuntimeError: broken" in running.log.read_text())
    assert http.get("/health/live").status_code == 200
