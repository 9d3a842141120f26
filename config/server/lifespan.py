"""What the server does before its first request and after its last one."""

import asyncio
import gc
import signal
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Final, NamedTuple

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from config import health
from config.server.connections import connections as edge
from config.server.worker import DrainingServer
from parental.accounts import mails, passwords
from parental.deliver import figures as delivery_figures
from parental.demo.families.public import refuse_public_passwords
from parental.live import states
from parental.pins import pins
from perfmetrics.counting import metrics
from perfmetrics.counting.asgi import Receive, Send
from perfmetrics.reading.recorder import recorder
from viewing.heartbeats.writer import writer
from viewing.hotpath import entries, threads
from viewing.hotpath.listener import listener
from viewing.live.hub import hub

log = structlog.stdlib.get_logger(__name__)

POOL_SECONDS = 5
LISTENER_SECONDS = 5
DELIVERY_FIGURES_SECONDS = 15
GC_THRESHOLDS = (50_000, 20, 50)


class Part(NamedTuple):
    """Something that runs in the background, in each worker."""

    name: str
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]


async def serve(receive: Receive, send: Send) -> None:
    """The ASGI lifespan protocol, which Django's handler does not speak."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await start()
            except Exception as error:
                log.exception("start_failed")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def start() -> None:
    """Start each part in order, on the running loop. Whatever one raises ends the start, and stops those before it."""
    started: list[Part] = []
    try:
        for part in PARTS:
            await part.start()
            started.append(part)
    except BaseException:
        await _stop(started)
        raise
    _spare_the_collector()


async def stop() -> None:
    """Stop the parts, the last one first. No request comes any more."""
    await _stop(PARTS)
    log.info("stopped")


async def _stop(parts: Sequence[Part]) -> None:
    """Each, whatever the others do: one that cannot stop must not keep the writer from committing what it took."""
    for part in reversed(parts):
        try:
            await part.stop()
        except Exception:
            log.exception("stop_failed", part=part.name)


def _spare_the_collector() -> None:
    """What was loaded by now lives as long as the process: never walk it again, and look for garbage less often.

    A beat makes no cycles of its own; the full collections of some 300,000 objects made the slowest answers slow.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _watch() -> None:
    """What the figures show once a second, from who knows it."""
    metrics.watch(metrics.queue_length, writer.size)
    metrics.watch(metrics.queue_peak, writer.longest)
    metrics.watch(metrics.queue_size, lambda: settings.HEARTBEAT_QUEUE_SIZE)
    metrics.watch(metrics.hashes_waiting.labels("pin"), pins.executor.waiting)
    metrics.watch(metrics.hashes_waiting.labels("password"), passwords.executor.waiting)
    if settings.DB_POOL:
        metrics.watch(metrics.pool_connections.labels("in_use"), lambda: _pool("pool_size") - _pool("pool_available"))
        metrics.watch(metrics.pool_connections.labels("idle"), lambda: _pool("pool_available"))
        metrics.watch(metrics.pool_waiting, lambda: _pool("requests_waiting"))


def _pool(figure: str) -> int:
    found: int = connections["default"].pool.get_stats().get(figure, 0)  # type: ignore[attr-defined]
    return found


async def _connect() -> None:
    """Open the hot path's connections and fill the pool."""
    opened = [
        asyncio.wrap_future(thread.start()) for thread in (threads.reads, threads.writes, threads.live, health.thread)
    ]
    for result in await asyncio.gather(*opened, asyncio.to_thread(_fill_pool), return_exceptions=True):
        # Without its database the service starts all the same: it fails closed, and is not ready.
        if isinstance(result, DatabaseError):
            log.warning("no_database_at_start", error=str(result).partition("\n")[0])
        elif isinstance(result, BaseException):
            raise result
    await asyncio.to_thread(health.note_migrations)


def _fill_pool() -> None:
    if settings.DB_POOL:
        pool = connections["default"].pool  # type: ignore[attr-defined]
        pool.open()
        pool.wait(POOL_SECONDS)


async def _disconnect() -> None:
    def close() -> None:
        health.thread.stop()
        threads.live.stop()
        threads.writes.stop()
        threads.reads.stop()
        if settings.DB_POOL:
            connections["default"].close_pool()  # type: ignore[attr-defined]

    await asyncio.to_thread(close)


async def _refuse_demo_accounts() -> None:
    if not settings.DEBUG:
        with suppress(DatabaseError):  # not ready, which was logged
            await asyncio.to_thread(refuse_public_passwords)


async def _stop_executors() -> None:
    for executor in (passwords.executor, pins.executor, mails.executor):
        await asyncio.to_thread(executor.stop)


async def _start_recorder() -> None:
    _watch()
    recorder.start()


_publishing: "asyncio.Task[None] | None" = None


async def _publish_deliveries() -> None:
    while True:
        await asyncio.sleep(DELIVERY_FIGURES_SECONDS)
        if recorder.is_recording():
            try:
                await asyncio.to_thread(delivery_figures.publish)
            except DatabaseError as error:
                log.warning("delivery_figures_not_read", error=type(error).__name__)


async def _start_delivery_figures() -> None:
    global _publishing  # noqa: PLW0603 — one for the process
    _publishing = asyncio.create_task(_publish_deliveries())


async def _stop_delivery_figures() -> None:
    if _publishing is not None:
        _publishing.cancel()
        with suppress(asyncio.CancelledError):
            await _publishing


async def _start_streams() -> None:
    hub.start(states.read)
    metrics.watch(metrics.streams_open, hub.size)
    if threading.current_thread() is threading.main_thread():
        _end_streams_at_signals()


def _end_streams_at_signals() -> None:
    """uvicorn without gunicorn, whose worker does it by itself: streams end before the server waits for them."""
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before) and not isinstance(getattr(before, "__self__", None), DrainingServer):
            signal.signal(number, partial(_end_streams, before))


def _end_streams(before: Callable[..., object], number: int, frame: FrameType | None) -> None:
    hub.end_all_soon()
    before(number, frame)


async def _listen() -> None:
    await listener.start(wait_seconds=LISTENER_SECONDS)


async def _warm_cache() -> None:
    """After the listener, which empties the caches when it begins."""
    with suppress(DatabaseError):  # not ready, which was logged
        await entries.site.get(entries.SITE_ID)


async def _nothing() -> None:
    pass


# In the order in which they start; they stop in the opposite one.
PARTS: Final = (
    Part("edge", edge.start, edge.stop),
    Part("connections", _connect, _disconnect),
    Part("demo accounts", _refuse_demo_accounts, _nothing),
    Part("executors", _nothing, _stop_executors),
    Part("recorder", _start_recorder, recorder.stop),
    Part("delivery figures", _start_delivery_figures, _stop_delivery_figures),
    Part("writer", _nothing, writer.drain),
    Part("streams", _start_streams, hub.stop),
    Part("listener", _listen, listener.stop),
    Part("caches", _warm_cache, _nothing),
)
