"""gunicorn's worker: uvicorn, with an end to its patience, and a while in which it says that it will stop."""

import asyncio
import logging
import os
import signal
import sys
from types import FrameType
from typing import Any, ClassVar, Final

from django.conf import settings
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

# gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR: the master gives up instead of trying for ever.
BOOT_ERROR: Final = 3


class DrainingServer(Server):
    """After the signal to stop it keeps serving for `DRAIN_SECONDS`, not ready, so load balancers send elsewhere.

    A second signal stops it immediately.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        from config import health  # noqa: PLC0415 — gunicorn's master must not load what its workers will

        if health.draining.is_set() or not settings.DRAIN_SECONDS:
            self._stop(sig, frame)
        else:
            loop = asyncio.get_running_loop()
            # A signal may come anywhere, also between the loop's look at its timers and its sleep: this wakes it.
            loop.call_soon_threadsafe(loop.call_later, settings.DRAIN_SECONDS, self._stop, sig, None)
        health.draining.set()

    def _stop(self, sig: int, frame: FrameType | None) -> None:
        """Streams end first: the writer is drained only once every connection has ended."""
        from viewing.live.hub import hub  # noqa: PLC0415 — as above

        hub.end_all_soon()
        super().handle_exit(sig, frame)


class Worker(UvicornWorker):  # type: ignore[misc]
    """Waits for open requests less long than gunicorn for it: one open stream would keep the drain from running."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "auto",
        "http": "config.server.protocol:EdgeProtocol",
        # Believed only with TRUST_PROXY_HEADERS, by the application.
        "proxy_headers": False,
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "timeout_graceful_shutdown": 20,
        "server_header": False,
    }

    def init_signals(self) -> None:
        """uvicorn sends itself the signal again once it has stopped; the last lines of the log must be out by then."""
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)

    async def _serve(self) -> None:
        """The parent's, with our server."""
        self.config.app = self.wsgi
        server = DrainingServer(config=self.config)
        self._install_sigquit_handler()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Show a sign of life; without a master that could restart or stop it, drain and exit, and free the port."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)


def _end(number: int, _frame: FrameType | None) -> None:
    logging.shutdown()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
