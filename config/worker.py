"""gunicorn's worker: uvicorn, with an end to its patience."""

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
