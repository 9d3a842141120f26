"""One attempt to send one webhook. No database: it runs in a sender's thread."""

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import httpcore

from parental.deliver import guard, signing
from parental.deliver.outcomes import Answer, parse_retry_after

WHOLE_SECONDS: Final = 15.0
MAX_ANSWER_BYTES: Final = 65_536
MAX_ANSWER_TEXT: Final = 500
# Shorter than any server's own, so that a connection is rarely closed just as it is used again.
KEEPALIVE_SECONDS: Final = 2.0
USER_AGENT: Final = "Sandglass/1"
TIMEOUTS: Final = {"connect": guard.CONNECT_SECONDS, "read": WHOLE_SECONDS, "write": WHOLE_SECONDS, "pool": 1.0}


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook to send; `secrets` as they are used, the newest first."""

    url: str
    secrets: tuple[str, ...]
    event_id: UUID
    body: str


def make_pool(*, connections: int, backend: httpcore.NetworkBackend | None = None) -> httpcore.ConnectionPool:
    """Connections that are kept for a moment between the deliveries of one endpoint."""
    return httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(),
        max_connections=connections,
        keepalive_expiry=KEEPALIVE_SECONDS,
        network_backend=backend or guard.GuardedBackend(),
    )


def send(request: Request, pool: httpcore.ConnectionPool, *, now: datetime) -> Answer:
    """Send it once; redirects are not followed. Every failure is an answer too."""
    started = time.monotonic()
    try:
        answer = _send(request, pool, now=now)
    except Exception as error:  # noqa: BLE001 — whatever it was, it is a failed attempt
        answer = Answer(error=_describe(error))
    return Answer(
        status=answer.status,
        error=answer.error,
        text=answer.text,
        retry_after=answer.retry_after,
        seconds=time.monotonic() - started,
    )


def headers(request: Request, *, now: datetime) -> dict[str, str]:
    """The headers of an attempt at `now`."""
    signed = signing.headers(request.secrets, request.event_id, at=now, body=request.body)
    return {"content-type": "application/json", "user-agent": USER_AGENT, **signed}


def _send(request: Request, pool: httpcore.ConnectionPool, *, now: datetime) -> Answer:
    if not request.secrets:
        return Answer(error="secret unreadable")
    target = guard.parse(request.url)
    guard.begin(seconds=WHOLE_SECONDS, must_be_allowed=target.must_be_allowed)
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.target.encode()
    )
    sent_headers = [("host", _host_header(target)), *headers(request, now=now).items()]
    content = request.body.encode()
    extensions = {"timeout": dict(TIMEOUTS)}
    with pool.stream("POST", url, headers=sent_headers, content=content, extensions=extensions) as response:
        text = _read(response.iter_stream())
        retry_after = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
        return Answer(
            status=response.status,
            error="" if 200 <= response.status < 300 else f"HTTP {response.status}",
            text=text,
            retry_after=parse_retry_after(retry_after.decode("latin-1"), now=now) if retry_after else None,
        )


def _host_header(target: guard.Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == guard.DEFAULT_PORTS[target.scheme] else f"{host}:{target.port}"


def _read(chunks: Iterable[bytes]) -> str:
    """The beginning of an answer. What comes after `MAX_ANSWER_BYTES` is not read: the connection is closed instead."""
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) >= MAX_ANSWER_BYTES:
            break
    # PostgreSQL stores no NUL.
    return bytes(read[: 4 * MAX_ANSWER_TEXT]).decode(errors="replace").replace("\0", "�")[:MAX_ANSWER_TEXT]


def _describe(error: Exception) -> str:
    """A few words without an address: errors' own sentences hold what was resolved."""
    if isinstance(error, guard.AddressRefused):
        return "address refused"
    if isinstance(error, httpcore.TimeoutException):
        return "timeout"
    if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, httpcore.ConnectError):
        return "connection failed"
    return type(error).__name__[:200]
