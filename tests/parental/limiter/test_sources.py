"""Whose address is known to be the client's."""

import pytest
from django.test import RequestFactory

from parental.limiter.sources import source_of

PRIVATE = ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.20.0.1", "100.64.1.1", "::1", "fd00::5", "fe80::1%eth0"]


def source(peer):
    return source_of(RequestFactory().get("/", REMOTE_ADDR=peer))


@pytest.mark.parametrize("peer", [*PRIVATE, "", "unix:", "no address"])
def test_a_peer_that_may_be_a_proxy_is_no_source(peer):
    assert source(peer) == ""


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
    ],
)
def test_a_public_peer_is_one_and_an_ipv6_network_is_one_client(peer, expected):
    assert source(peer) == expected


@pytest.mark.parametrize(("peer", "expected"), [("192.168.0.9", "192.168.0.9"), ("x" * 500, "")])
def test_what_a_trusted_proxy_says_is_the_client(settings, peer, expected):
    settings.TRUST_PROXY_HEADERS = True

    assert source(peer) == expected
