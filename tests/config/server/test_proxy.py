"""What a client says of itself in headers is believed of a proxy alone, and only where that is set."""

import httpx
import pytest

from config.server.proxy import believe_proxy
from tests import processes

pytestmark = pytest.mark.slow

ELSEWHERE = {"DJANGO_SETTINGS_MODULE": "tests.uncollected", "METRICS_ALLOWED_ADDRESSES": "203.0.113.9"}


def scope(*headers):
    given = {"client": ("10.0.0.1", 1234), "scheme": "http", "headers": list(headers)}
    believe_proxy(given)
    return given["client"][0], given["scheme"]


@pytest.mark.parametrize(
    ("headers", "client", "scheme"),
    [
        ([], "10.0.0.1", "http"),
        ([(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")], "203.0.113.9", "https"),
        ([(b"x-forwarded-for", b"1.2.3.4, 203.0.113.9")], "203.0.113.9", "http"),
        ([(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"203.0.113.9")], "203.0.113.9", "http"),
        ([(b"x-forwarded-for", b" "), (b"x-forwarded-proto", b"gopher")], "10.0.0.1", "http"),
        ([(b"x-forwarded-proto", b"https, http")], "10.0.0.1", "http"),
    ],
)
def test_the_last_one_counts_which_the_proxy_added(headers, client, scheme):
    assert scope(*headers) == (client, scheme)


@pytest.fixture(scope="module")
def distrustful(committed, real_time, tmp_path_factory):
    with processes.service(tmp_path_factory.mktemp("distrust") / "log", **ELSEWHERE) as running:
        yield running


@pytest.fixture(scope="module")
def trusting(committed, real_time, tmp_path_factory):
    log = tmp_path_factory.mktemp("trust") / "log"
    with processes.service(log, TRUST_PROXY_HEADERS="true", **ELSEWHERE) as running:
        yield running


def metrics(service, forwarded_for):
    return httpx.get(f"{service.url}/metrics", headers={"X-Forwarded-For": forwarded_for}).status_code


def test_nobody_opens_the_figures_by_a_header(distrustful):
    assert metrics(distrustful, "203.0.113.9") == 404


def test_an_address_in_front_of_the_proxys_opens_nothing(trusting):
    assert metrics(trusting, "203.0.113.9, 198.51.100.1") == 404
    assert metrics(trusting, "203.0.113.9") == 200


def test_nobody_makes_a_request_secure_by_a_header(distrustful):
    answer = httpx.get(f"{distrustful.url}/login", headers={"X-Forwarded-Proto": "https"})

    assert "strict-transport-security" not in answer.headers
