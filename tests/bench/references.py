"""The limits of our worker: applications that do nothing but answer a constant, with our server and protocol."""

import asyncio
from collections.abc import Callable
from typing import Any

from viewing.heartbeats.schemas import HeartbeatIn

ANSWER = (
    b'{"session_id":"00000000-0000-0000-0000-000000000001","enforcement":"allowed","remaining_minutes":479.5,'
    b'"used_minutes":0.5,"is_educational":false}'
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
_validate: Callable[[bytes], HeartbeatIn] = HeartbeatIn.__pydantic_validator__.validate_json


async def raw(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and answers."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    await _read(receive)
    await _answer(send)


async def validated(scope: Any, receive: Any, send: Any) -> None:
    """The same, with the heartbeat validated, and a future that another part of the loop resolves."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    body = await _read(receive)
    if scope["method"] == "POST":
        _validate(body)
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future
    await _answer(send)


async def _read(receive: Any) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def _live(receive: Any, send: Any) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
