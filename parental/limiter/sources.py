"""Where a request comes from, as far as that is known."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def source_of(request: HttpRequest) -> str:
    """The client's network (see `network_of`); "" where it is not known: then bounds by source do not apply.

    With TRUST_PROXY_HEADERS the proxy said whose address it is. Without, a private or loopback peer may be a proxy that
    was not declared, with all its clients.
    """
    return network_of(request.META.get("REMOTE_ADDR") or "", is_declared=settings.TRUST_PROXY_HEADERS)


def network_of(text: str, *, is_declared: bool) -> str:
    """An IPv4 address, or the first 64 bits of an IPv6 one, which one client has to itself.

    "" for what is no address, and for one of SHARED_SOURCES unless `is_declared`.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if not is_declared and any(address in network for network in settings.EDGE.shared_sources):
        return ""
    return str(address) if address.version == 4 else address.exploded[:19]
