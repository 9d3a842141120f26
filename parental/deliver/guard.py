"""Where webhooks may go: rules about URLs and addresses, and connections to checked addresses only.

A URL is typed by staff, and DNS answers for a name whatever its owner wants. Neither may make this service call what
only this service can reach. A name is looked up once, every address that it has is checked, and the connection goes to
a checked address itself: a second look-up could answer differently. TLS still checks the certificate against the name.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

import httpcore
from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_LENGTH: Final = 500
CONNECT_SECONDS: Final = 5.0
MIN_PORT: Final = 1024
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# Networks that `is_global` takes for public in some Python, though they reach private addresses or none: translators to
# IPv4 (64:ff9b, 2002, 2001:0), relays, and what was withdrawn.
REFUSED: Final = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "fec0::/10",
        "::/96",
        "5f00::/16",
    )
)
# Nothing that two parsers could read differently: no userinfo, fragment, backslash, space, or letter beyond ASCII.
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?"
)
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


class AddressRefused(Exception):
    """Webhooks must not go there; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that has been checked. `must_be_allowed`: every address must be in `WEBHOOK_ALLOWED_NETWORKS`."""

    scheme: str
    host: str
    port: int
    target: str
    must_be_allowed: bool


def parse(url: str) -> Target:
    """Check a URL, without looking its name up. Raises AddressRefused."""
    found = _URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if found is None:
        raise AddressRefused(
            "Enter a URL such as https://hooks.example.com/sandglass, without a user name or fragment."
        )
    scheme, host = found["scheme"], found["host"].strip("[]").rstrip(".").lower()
    port = int(found["port"] or DEFAULT_PORTS[scheme])
    if not MIN_PORT <= port <= 65535 and port not in DEFAULT_PORTS.values():
        raise AddressRefused("Use port 443, or one from 1024 on.")
    if as_address(host) is None:
        labels = host.split(".")
        if len(labels) < 2 or not all(labels) or labels[-1] == "localhost":
            raise AddressRefused("Use a full host name.")
        # `0x7f.1` and `127.1` are addresses to a resolver.
        if _NUMBER.fullmatch(labels[-1]):
            raise AddressRefused("Write an address as four numbers from 0 to 255.")
    target = found["target"] or "/"
    target = target if target.startswith("/") else f"/{target}"
    return Target(scheme, host, port, target, must_be_allowed=scheme == "http" or port == DEFAULT_PORTS["http"])


def as_address(host: str) -> Address | None:
    """The address that a host name spells out; None for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_allowed(address: Address, *, must_be_allowed: bool = False, networks: Sequence[Network] | None = None) -> bool:
    """Whether webhooks may go to an address: a public one, or one of `networks` (`WEBHOOK_ALLOWED_NETWORKS`)."""
    address = getattr(address, "ipv4_mapped", None) or address
    allowed = settings.WEBHOOK_ALLOWED_NETWORKS if networks is None else networks
    if any(address in network for network in allowed):
        return True
    if must_be_allowed or not address.is_global or address.is_multicast:
        return False
    return not any(address in network for network in REFUSED)


def look_up(host: str, port: int) -> list[str]:
    """Every address of a host. Raises OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def check(
    host: str, port: int, *, must_be_allowed: bool, look_up: Callable[[str, int], list[str]] = look_up
) -> list[str]:
    """The addresses of a host, if each of them is allowed: a name with one private address could lead there.

    Raises AddressRefused, and OSError if the name has no address.
    """
    addresses = look_up(host, port)
    if not all(is_allowed(ip_address(address), must_be_allowed=must_be_allowed) for address in addresses):
        raise AddressRefused("This address is not allowed for webhooks.")
    return addresses


class _Rules(threading.local):
    """What holds for the delivery that this thread is sending."""

    deadline = 0.0
    must_be_allowed = True


_rules = _Rules()


def begin(*, seconds: float, must_be_allowed: bool) -> None:
    """A delivery begins in this thread and has so many seconds in all; see `Target.must_be_allowed`."""
    _rules.deadline = time.monotonic() + seconds
    _rules.must_be_allowed = must_be_allowed


def _within(timeout: float | None) -> float:
    """No longer than what is left of the delivery: a receiver that sends a byte now and then would never time out."""
    left = _rules.deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The delivery took too long.")
    return left if timeout is None else min(timeout, left)


class GuardedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return GuardedStream(self._stream.start_tls(ssl_context, server_hostname, _within(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """httpcore's own, which connects to checked addresses only. No variable for proxies is read."""

    def __init__(
        self,
        *,
        look_up: Callable[[str, int], list[str]] = look_up,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._look_up = look_up
        self._backend = backend or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = check(host, port, must_be_allowed=_rules.must_be_allowed, look_up=self._look_up)
        except OSError as error:
            raise httpcore.ConnectError("The name has no address.") from error
        failure: Exception = httpcore.ConnectError("The name has no address.")
        for address in found:
            try:
                stream = self._backend.connect_tcp(
                    address, port, _within(timeout), local_address, list(socket_options or ())
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return GuardedStream(stream)
        raise failure

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise AddressRefused("A webhook cannot go to a socket of this machine.")
