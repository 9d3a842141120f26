"""The ASGI application: reads the body as far as it may go, and picks who answers."""

from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError

from config.errors import BODY_TOO_LARGE, BULK_PATH, PLATFORM_PATH
from config.server import express, lifespan
from config.server.headers import IS_LEAN, add_policy
from config.server.lean import LeanHandler, StockHandler
from config.server.lean_paths import find_lean_paths
from config.server.proxy import believe_proxy
from parental.tokens import callers
from perfmetrics.counting.asgi import ASGIApplication, Message, Receive, Scope, Send
from perfmetrics.counting.middleware import profiled

_lean: ASGIApplication = LeanHandler()
_stock: Any = StockHandler()
_is_lean = find_lean_paths()


async def _route(scope: Scope, receive: Receive, send: Send) -> None:
    body = await _read_body(scope, receive)
    if body is None:  # the client went away
        return
    if scope["path"] == express.PATH and await express.answer(scope, body, send):
        return
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        if unread:
            return unread.pop()
        while (message := await receive())["type"] == "http.request":
            pass  # the rest of a body that was refused
        return message

    if _is_lean(scope["path"]):
        scope[IS_LEAN] = True
        await _lean(scope, replay, send)
    else:
        await _stock(scope, replay, send)


async def _read_body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; nothing, and a mark on the scope, as soon as it proves larger than the limit."""
    limit = _body_limit(scope["path"])
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            kind = _large_bodies_of(scope["path"])
            if kind and limit < settings.BULK_MAX_BODY_BYTES:
                if not await _is_caller(scope, kind):
                    return b""  # who asks is refused first, whatever the body is
                limit = settings.BULK_MAX_BODY_BYTES
                if len(body) <= limit:
                    continue
            scope[BODY_TOO_LARGE] = True
            return b""
    return body


def _large_bodies_of(path: str) -> str | None:
    """The kind of callers that may send larger bodies to the path than anyone else."""
    if path == BULK_PATH:
        return "gateway"
    return "service" if path.startswith(PLATFORM_PATH) else None


async def _is_caller(scope: Scope, kind: str) -> bool:
    """Whether the caller has a token of the kind; asked once a body is larger than anyone else's may be."""
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return False
    try:
        caller = await callers.authenticate(token)
    except DatabaseError:
        return True  # unknown for now: it is answered that the database cannot be reached
    return caller is not None and caller.kind == kind


def _body_limit(path: str) -> int:
    return settings.API_MAX_BODY_BYTES if path.startswith("/api/") else settings.FORM_MAX_BODY_BYTES


_http = profiled(_route, add_headers=add_policy, heartbeat_route=express.PATTERN)


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan.serve(receive, send)
    elif scope["type"] == "http":
        if settings.TRUST_PROXY_HEADERS:
            believe_proxy(scope)
        await _http(scope, receive, send)
    else:
        raise ValueError(f"Only HTTP is served, not {scope['type']}.")
