"""What every request is measured by: an ASGI wrapper, so that it times all answers and costs no thread hop."""

import logging
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from random import getrandbits

import structlog
from django.conf import settings

from perfmetrics.counting import metrics
from perfmetrics.counting.asgi import ASGIApplication, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger(__name__)

# Where the handlers leave the pattern of the path that they resolved (`config/server/lean.py`).
ROUTE = "sandglass.route"
UNTIMED_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
Header = tuple[bytes, bytes]
AddHeaders = Callable[[Scope, Message, Sequence[Header]], None]
request_id: ContextVar[str] = ContextVar("request_id", default="")


def add_plainly(_scope: Scope, message: Message, headers: Sequence[Header]) -> None:
    message["headers"] = [*message.get("headers", ()), *headers]


def profiled(
    application: ASGIApplication, *, heartbeat_route: str = "", add_headers: AddHeaders = add_plainly
) -> ASGIApplication:
    """Add `X-Process-Time` (seconds) and `X-Request-ID` to every answer, count it and log slow ones.

    Not the untimed paths. `heartbeat_route`: the pattern whose answers with 200 are counted apart. `add_headers` adds
    these headers to an answer's first message, and its own, also on untimed paths: another wrapper costs each beat 1 %.
    """

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTIMED_PATHS:
            await _untimed(application, add_headers, scope, receive, send)
            return
        started = time.perf_counter()
        identity = f"{getrandbits(128):032x}"  # a name, no secret: `uuid4` asks the kernel, at ten times the cost
        request_id.set(identity)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                headers = ((b"x-process-time", b"%.6f" % seconds), (b"x-request-id", identity.encode()))
                add_headers(scope, message, headers)
                _count(scope.get(ROUTE, "none"), message["status"], seconds)
                if seconds * 1000 >= settings.SLOW_REQUEST_WARNING_MS:
                    _log_slow(scope, message["status"], seconds)
            await send(message)

        await application(scope, receive, send_with_headers)

    def _count(route: str, status: int, seconds: float) -> None:
        if status == 200 and route == heartbeat_route:
            metrics.observe_heartbeat(seconds)
            return
        metrics.observe_request(route, seconds)
        if status >= 500 and status != 503:
            metrics.failures.inc()

    return timed


async def _untimed(
    application: ASGIApplication, add_headers: AddHeaders, scope: Scope, receive: Receive, send: Send
) -> None:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            add_headers(scope, message, ())
        await send(message)

    await application(scope, receive, send_with_headers)


def _log_slow(scope: Scope, status: int, seconds: float) -> None:
    is_error = seconds * 1000 >= settings.SLOW_REQUEST_ERROR_MS
    metrics.slow_requests.labels("error" if is_error else "warning").inc()
    log.log(
        logging.ERROR if is_error else logging.WARNING,
        "slow_request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        duration_ms=round(seconds * 1000, 1),
    )
