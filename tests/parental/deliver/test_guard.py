"""Where webhooks may go: no private address, by whatever name, notation or second look-up."""

import ipaddress

import httpcore
import pytest

from parental.deliver import guard
from parental.deliver.guard import AddressRefused

PUBLIC = "93.184.216.34"
PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "192.0.0.8",
    "192.88.99.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001::1",
    "fec0::1",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "5f00::1",
]


class Network(httpcore.NetworkBackend):
    """Record the addresses that it is asked to connect to."""

    def __init__(self):
        self.connected = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append(host)
        return httpcore.MockStream([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])


def send(url, network, look_up):
    backend = guard.GuardedBackend(look_up=look_up, backend=network)
    target = guard.parse(url)
    guard.begin(seconds=5, must_be_allowed=target.must_be_allowed)
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        return pool.request("POST", url, content=b"{}").status


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_without_a_packet(address):
    network = Network()

    with pytest.raises(AddressRefused):
        send("https://hooks.example.com/", network, lambda _host, _port: [address])

    assert network.connected == []


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946", f"::ffff:{PUBLIC}"])
def test_public_addresses_are_allowed(address):
    assert guard.is_allowed(ipaddress.ip_address(address))


def test_one_private_address_among_public_ones_is_refused():
    network = Network()

    with pytest.raises(AddressRefused):
        send("https://hooks.example.com/", network, lambda _host, _port: [PUBLIC, "10.0.0.1"])

    assert network.connected == []


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(settings):
    """A second look-up could answer with a private address."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network(f"{PUBLIC}/32")]
    network, answers = Network(), [[PUBLIC], ["127.0.0.1"]]

    assert send("http://hooks.example.com:8080/", network, lambda _host, _port: answers.pop(0)) == 200

    assert network.connected == [PUBLIC]
    assert len(answers) == 1


def test_a_private_network_can_be_allowed(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    network = Network()

    assert send("http://10.0.0.1/", network, lambda host, _port: [host]) == 200
    assert network.connected == ["10.0.0.1"]
    with pytest.raises(AddressRefused):
        send("http://127.0.0.1:8080/", network, lambda host, _port: [host])


def test_plain_http_needs_an_allowed_network():
    with pytest.raises(AddressRefused):
        send("http://hooks.example.com:8080/", Network(), lambda _host, _port: [PUBLIC])


def test_a_name_without_an_address_is_a_failed_connection():
    def look_up(_host, _port):
        raise OSError

    with pytest.raises(httpcore.ConnectError):
        send("https://hooks.example.com/", Network(), look_up)


def test_without_a_delivery_there_is_no_time_to_connect():
    """The deadline of the one before has passed: the next must begin its own."""
    guard.begin(seconds=-1, must_be_allowed=False)
    backend = guard.GuardedBackend(look_up=lambda _host, _port: [PUBLIC], backend=Network())

    with pytest.raises(httpcore.TimeoutException):
        backend.connect_tcp("hooks.example.com", 443)


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://017700000001/",
        "https://user@hooks.example.com/",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.example.com /",
        "https://hooks.example.com/a\nb",
        "https://hööks.example.com/",
        "https://localhost/",
        "https://a.localhost/",
        "https://intranet/",
        "https://./",
        "https:///path",
        "https://",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "//hooks.example.com/",
        "https://hooks.example.com/" + "a" * 500,
    ],
)
def test_urls_that_are_refused(url):
    with pytest.raises(AddressRefused):
        guard.parse(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com", ("hooks.example.com", 443, "/", False)),
        ("https://Hooks.Example.com./a/b?c=d%20e", ("hooks.example.com", 443, "/a/b?c=d%20e", False)),
        ("https://hooks.example.com:8443/", ("hooks.example.com", 8443, "/", False)),
        ("https://hooks.example.com?a=b", ("hooks.example.com", 443, "/?a=b", False)),
        ("https://[2606:2800:220::1]:8443/", ("2606:2800:220::1", 8443, "/", False)),
        ("http://10.0.0.1/", ("10.0.0.1", 80, "/", True)),
        ("https://10.0.0.1:80/", ("10.0.0.1", 80, "/", True)),
    ],
)
def test_urls_that_are_read(url, expected):
    target = guard.parse(url)

    assert (target.host, target.port, target.target, target.must_be_allowed) == expected
