"""A load of heartbeats that costs little itself: HTTP/1.1 by hand over asyncio streams, one connection a player."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One kept-alive connection. Raises OSError, IncompleteReadError or TimeoutError when the server goes away."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST /api/v1/viewing-time/heartbeat HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send one heartbeat; its status and answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        data = json.dumps(body).encode()
        self._writer.write(self._head + b"%d\r\n\r\n" % len(data) + data)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        answer = json.loads(await self._reader.readexactly(length))
        if b"connection: close" in head.lower():
            await self.close()
        return int(head[9:12]), answer

    async def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def never(_load: "Load") -> bool:
    return False


@dataclass
class Load:
    """What a load saw: statuses, seconds each answer took, and the answered beats of each session."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    is_over: Callable[["Load"], bool] = never

    def count(self, status: int, session_id: str, latency: float) -> None:
        self.latencies.append(latency)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.answered[session_id] = self.answered.get(session_id, 0) + 1


GONE = (OSError, asyncio.IncompleteReadError)


async def closed_loop(
    url: str,
    players: list[Any],
    *,
    beats_each: int = 10**9,
    retry: bool = False,
    until: Callable[[Load], bool] = never,
) -> Load:
    """Every player sends its beats one after the other, as fast as they are answered; all players in parallel.

    It ends after `beats_each`, or once `until` is true. With `retry` a beat whose connection went away is sent again,
    unchanged, as players do.
    """
    load = Load(is_over=until)
    started = time.perf_counter()
    await asyncio.gather(*(_play(url, player, beats_each, load, retry) for player in players))
    load.seconds = time.perf_counter() - started
    return load


async def _play(url: str, player: Any, beats: int, load: Load, retry: bool) -> None:
    connection = Connection(url, player.token)
    session_id = None
    try:
        for sequence in range(beats):
            if load.is_over(load):
                break
            sent = time.perf_counter()
            body = player.body(session_id=session_id, sequence=sequence)
            status, answer = await (_persist(connection, body, load) if retry else connection.post(body))
            session_id = answer.get("session_id", session_id)
            load.count(status, session_id or "", time.perf_counter() - sent)
    finally:
        await connection.close()


async def _persist(connection: Connection, body: dict[str, Any], load: Load) -> tuple[int, dict[str, Any]]:
    for _ in range(200):
        try:
            return await connection.post(body)
        except GONE:
            load.retries += 1
            await connection.close()
            await asyncio.sleep(0.02)
    raise TimeoutError("the service does not come back")
