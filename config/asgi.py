"""The one entry point: hot paths go to the lean handler, everything else to Django's own (docs/architecture.md)."""

import os
from typing import Any

# Before the settings are read.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["SANDGLASS_SERVER"] = "true"

from perfmetrics.counting import folder

# uvicorn without gunicorn, whose master makes the folder
IS_ALONE = folder.path() is None
if IS_ALONE:
    folder.make()

import django  # noqa: E402 — after the folder

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 — after the set-up

from config.api import HEARTBEAT_PATH  # noqa: E402
from config.errors import BODY_TOO_LARGE, BULK_PATH  # noqa: E402
from config.server import lifespan  # noqa: E402
from config.server.lean import LeanHandler, StockHandler  # noqa: E402
from perfmetrics.counting.middleware import ASGIApplication, Message, Receive, Scope, Send, profiled  # noqa: E402

# Views that never use a connection of their own request: the players' and the probes'.
LEAN_PATHS = ("/api/v1/viewing-time/", "/api/v1/catalog/", "/health", "/metrics")


_lean: ASGIApplication = LeanHandler()
_stock: Any = StockHandler()


async def _route(scope: Scope, receive: Receive, send: Send) -> None:
    body = await _read_body(scope, receive)
    if body is None:  # the client went away
        return
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        if unread:
            return unread.pop()
        while (message := await receive())["type"] == "http.request":
            pass  # the rest of a body that was refused
        return message

    await (_lean if scope["path"].startswith(LEAN_PATHS) else _stock)(scope, replay, send)


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
            scope[BODY_TOO_LARGE] = True
            return b""
    return body


def _body_limit(path: str) -> int:
    if path == BULK_PATH:
        return settings.BULK_MAX_BODY_BYTES
    return settings.API_MAX_BODY_BYTES if path.startswith("/api/") else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


_http = profiled(_route, heartbeat_route=HEARTBEAT_PATH.removeprefix("/"))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan.serve(receive, send)
        if IS_ALONE:
            folder.remove()
    elif scope["type"] == "http":
        await _http(scope, receive, send)
    else:
        raise ValueError(f"Only HTTP is served, not {scope['type']}.")
