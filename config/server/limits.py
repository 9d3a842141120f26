"""The limits of connections, from environment variables: what one client may send, hold and wait for."""

import resource
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from config.environment import env_int, env_networks

# Files of the figures, the log, the sockets that listen, what the interpreter opens for a moment.
DESCRIPTORS_FOR_FILES: Final = 64
# The writer, the reads, the listener and the readiness check.
DESCRIPTORS_BESIDE_POOL: Final = 4
SMALL_DESCRIPTOR_LIMIT: Final = 4096
MIN_CONNECTIONS: Final = 16
# Proxies, load balancers and NAT: the address of such a peer is not the client's.
SHARED_SOURCES: Final = (
    "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16,::1,fc00::/7,fe80::/10"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts and seconds, for each worker."""

    header_bytes: int
    headers: int
    header_seconds: int
    body_seconds: int
    write_seconds: int
    keepalive_seconds: int
    connections: int
    connections_per_source: int
    shared_sources: list[IPv4Network | IPv6Network]


def read_limits() -> Limits:
    """Raises ImproperlyConfigured with a sentence that names the wrong variable."""
    return Limits(
        header_bytes=env_int("MAX_HEADER_BYTES", 32_768, minimum=1024, maximum=1_048_576),
        headers=env_int("MAX_HEADERS", 100, minimum=10, maximum=10_000),
        header_seconds=env_int("HEADER_TIMEOUT_SECONDS", 10, minimum=1, maximum=300),
        body_seconds=env_int("BODY_TIMEOUT_SECONDS", 30, minimum=1, maximum=3600),
        write_seconds=env_int("WRITE_TIMEOUT_SECONDS", 30, minimum=1, maximum=3600),
        keepalive_seconds=env_int("KEEPALIVE_SECONDS", 75, minimum=1, maximum=3600),
        connections=env_int("MAX_CONNECTIONS", 10_000, minimum=MIN_CONNECTIONS, maximum=1_000_000),
        connections_per_source=env_int("MAX_CONNECTIONS_PER_SOURCE", 200, minimum=0, maximum=1_000_000),
        shared_sources=env_networks("SHARED_SOURCES", default=SHARED_SOURCES),
    )


def descriptor_limit() -> int:
    """How many files and sockets this process may have open."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1_000_000


def connections_that_fit(limits: Limits, *, pool_size: int) -> int:
    """How many clients this process may hold, with a reserve of descriptors for files and the database."""
    reserve = DESCRIPTORS_FOR_FILES + DESCRIPTORS_BESIDE_POOL + pool_size
    return max(MIN_CONNECTIONS, min(limits.connections, descriptor_limit() - reserve))
