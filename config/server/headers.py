"""The one policy of security headers, for every answer of the application."""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from django.conf import settings

from config.server.cycle import RAW_HEADERS, TRANSPORT
from perfmetrics.counting.asgi import Message, Scope

Header = tuple[bytes, bytes]

# Set on the scope of a request that the lean handler answers: it sets none of these headers itself.
IS_LEAN: Final = "sandglass.is_lean"
NO_STORE: Final = (b"cache-control", b"no-store")
EVERYWHERE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
# What is no page has nothing to load.
DATA_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Block(NamedTuple):
    """Headers, and the same as they go over the wire."""

    headers: Sequence[Header]
    raw: bytes


def add_policy(scope: Scope, message: Message, others: Sequence[Header]) -> None:
    """Add the headers that the answer, an `http.response.start`, does not have yet; `others` come before them."""
    is_secure = scope["scheme"] == "https"
    if IS_LEAN in scope:
        block = _lean_block(is_secure)
        if TRANSPORT in scope.get("extensions", ()):
            message[RAW_HEADERS] = b"".join([b"%b: %b\r\n" % header for header in others]) + block.raw
        else:  # not our protocol: `uvicorn config.asgi:application`
            message["headers"] = [*message.get("headers", ()), *others, *block.headers]
        return
    headers = [*message.get("headers", ()), *others]
    present = {name.lower() for name, _ in headers}
    is_api = scope["path"].startswith("/api/")
    policy = [*EVERYWHERE, DATA_POLICY if is_api else _page_policy(), *_hsts(is_secure)]
    if is_api:
        policy.append(NO_STORE)
    message["headers"] = headers + [header for header in policy if header[0] not in present]


@cache
def _lean_block(is_secure: bool) -> Block:
    headers = [*EVERYWHERE, DATA_POLICY, NO_STORE, *_hsts(is_secure)]
    return Block(headers, b"".join(b"%b: %b\r\n" % header for header in headers))


def _hsts(is_secure: bool) -> list[Header]:
    """As Django's SecurityMiddleware: only over HTTPS, where browsers heed it."""
    if not (is_secure and settings.SECURE_HSTS_SECONDS):
        return []
    value = f"max-age={settings.SECURE_HSTS_SECONDS}"
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        value += "; includeSubDomains"
    if settings.SECURE_HSTS_PRELOAD:
        value += "; preload"
    return [(b"strict-transport-security", value.encode())]


def _page_policy() -> Header:
    """As django-csp writes it, which does not see every answer: refusals before its turn, static files."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    value = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
    return (b"content-security-policy", value.encode())
