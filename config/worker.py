"""gunicorn's worker: uvicorn, with an end to its patience."""

import os
import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):  # type: ignore[misc]
    """Waits for open requests less long than gunicorn for it: one open stream would keep the drain from running."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "auto",
        "http": "auto",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "timeout_graceful_shutdown": 20,
        "server_header": False,
    }

    async def callback_notify(self) -> None:
        """Show a sign of life; without a master that could restart or stop it, drain and exit, and free the port."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
