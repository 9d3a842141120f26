"""`/metrics` is Prometheus's, and closed to the world."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from prometheus_client.parser import text_string_to_metric_families

from config.settings import env_networks
from perfmetrics.reading import scrape
from tests.families import make_child
from tests.parental.cast import bearer

TOKEN = "a-secret-of-more-than-16-characters"
HERE, ELSEWHERE = [ip_network("127.0.0.0/8")], [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.fixture
def opened(settings):
    """Sets what opens it."""

    def opened(*, token="", addresses=()):
        settings.METRICS_TOKEN, settings.METRICS_ALLOWED_ADDRESSES = token, list(addresses)

    opened()
    return opened


def test_every_figure_is_there_as_prometheus_reads_it(http, opened):
    opened(addresses=HERE)
    make_child().watch(http, 2)
    assert http.get("/api/v1/catalog/titles").status_code == 401

    response = http.get("/metrics")

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    assert {
        "sandglass_heartbeats",
        "sandglass_heartbeat_statements",
        "sandglass_heartbeat_batch_size",
        "sandglass_heartbeat_queue",
        "sandglass_heartbeat_queue_peak",
        "sandglass_heartbeat_queue_wait_seconds",
        "sandglass_heartbeat_duration_seconds",
        "sandglass_cache_hits",
        "sandglass_cache_misses",
        "sandglass_cache_invalidations",
        "sandglass_cache_entries",
        "sandglass_weekly_report_duration_seconds",
        "sandglass_weekly_report_queries",
        "sandglass_pin_checks",
        "sandglass_hashes_waiting",
        "sandglass_request_duration_seconds",
        "sandglass_pool_waiting",
        "sandglass_failures",
        "sandglass_refusals",
        "sandglass_process_start_time_seconds",
        "sandglass_workers",
    } <= set(families)
    assert all(name.startswith("sandglass_") for name in families)
    caches = {sample.labels["cache"] for sample in families["sandglass_cache_hits"].samples}
    assert {"profiles", "players", "accounts", "titles", "site", "catalog"} <= caches


def test_routes_are_patterns_never_paths(http, opened):
    opened(addresses=HERE)
    child = make_child()
    http.get(f"/api/v1/viewing-time/balance/{child.profile.id}", headers=child.headers)
    http.get("/no/such/path")
    http.get("/static/no-such.css")

    text = http.get("/metrics").text

    assert 'route="api/v1/viewing-time/balance/<profile_id>"' in text
    assert str(child.profile.id) not in text
    assert 'route="none"' in text
    assert "no-such" not in text
    assert "no/such" not in text


class TestClosed:
    def assert_closed(self, response, http):
        unknown = http.get("/no-such-path")
        assert (response.status_code, response.text) == (404, unknown.text)
        assert "sandglass_" not in response.text

    def test_where_nothing_opens_it(self, http, opened):
        self.assert_closed(http.get("/metrics"), http)
        self.assert_closed(http.get("/metrics", headers=bearer("x")), http)

    @pytest.mark.parametrize("given", [None, "Bearer x", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Basic x"])
    def test_without_the_token(self, http, opened, given):
        opened(token=TOKEN)

        self.assert_closed(http.get("/metrics", headers={"Authorization": given} if given else {}), http)

    def test_from_elsewhere(self, http, opened):
        opened(addresses=ELSEWHERE)

        self.assert_closed(http.get("/metrics"), http)

    def test_from_elsewhere_with_the_token(self, http, opened):
        opened(token=TOKEN, addresses=ELSEWHERE)

        self.assert_closed(http.get("/metrics", headers=bearer(TOKEN)), http)

    def test_from_an_allowed_address_without_the_token(self, http, opened):
        opened(token=TOKEN, addresses=HERE)

        self.assert_closed(http.get("/metrics"), http)

    def test_to_any_other_method(self, http, opened):
        opened(addresses=HERE)

        self.assert_closed(http.post("/metrics"), http)


class TestOpen:
    def test_with_the_token(self, http, opened):
        opened(token=TOKEN)

        assert http.get("/metrics", headers=bearer(TOKEN)).status_code == 200

    def test_from_an_allowed_address(self, http, opened):
        opened(addresses=[*ELSEWHERE, *HERE])

        assert http.get("/metrics").status_code == 200

    def test_with_both(self, http, opened):
        opened(token=TOKEN, addresses=HERE)

        assert http.get("/metrics", headers=bearer(TOKEN)).status_code == 200

    def test_under_any_host_name_and_without_https_as_a_scraper_asks(self, http, opened, settings):
        opened(addresses=HERE)
        settings.SECURE_SSL_REDIRECT = True

        assert http.get("/metrics", headers={"Host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("11.1.2.3", False),
        ("::ffff:11.1.2.3", False),
        ("2001:db9::1", False),
        ("", False),
        ("a-socket", False),
    ],
)
def test_an_address_is_in_its_network(opened, rf, address, is_open):
    opened(addresses=ELSEWHERE)

    assert scrape.is_open_to(rf.get("/metrics", REMOTE_ADDR=address)) == is_open


class TestSettings:
    def test_networks_are_read(self, monkeypatch):
        monkeypatch.setenv("NETWORKS", " 10.0.0.0/8, ::1 ,192.0.2.7")

        assert [str(each) for each in env_networks("NETWORKS", default="")] == ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]

    @pytest.mark.parametrize("value", ["everyone", "10.0.0.1/8", "10.0.0.0/40", "::1;::2"])
    def test_what_is_no_network_stops_the_service(self, monkeypatch, value):
        monkeypatch.setenv("NETWORKS", value)

        with pytest.raises(ImproperlyConfigured, match="NETWORKS"):
            env_networks("NETWORKS", default="")
