"""gunicorn's settings for `make serve`, the demo and the container: PORT, WORKERS and BIND from the environment."""

import gc
import os
from pathlib import Path
from typing import Any

from config import logs
from config.environment import env_int
from perfmetrics.counting import folder

# Workers inherit this. Loading a worker's modules makes only objects that stay, so collecting garbage among them is a
# sixth of its start (2.77 → 2.33 s of CPU).
gc.disable()

# Before the workers start, and before anything that counts is imported.
folder.make()

if not os.environ.get("DATABASE_URL"):
    # The embedded database is the master's: it stays up while workers come and go. They take over the settings read
    # here, which must know that they are the server's.
    os.environ["SANDGLASS_SERVER"] = "true"
    from config.settings import DATABASE_URL

    os.environ["DATABASE_URL"] = DATABASE_URL

bind = os.environ.get("BIND", "127.0.0.1") + ":" + os.environ.get("PORT", "8000")
workers = int(os.environ.get("WORKERS", "1"))
worker_class = "config.server.worker.Worker"
# A stopping worker commits and answers what it took. The master kills one that takes longer.
graceful_timeout = 30 + env_int("DRAIN_SECONDS", 0, minimum=0, maximum=300)
timeout = 60
# Where a worker's sign of life is a file, a slow disk must not kill it.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# It would be one file for all services of a user.
control_socket_disable = True
# The master's own lines, and a worker's until it has read the settings.
logconfig_dict = logs.configuration(in_background=False)
accesslog = None


def post_worker_init(_worker: object) -> None:
    """The worker has loaded the application."""
    gc.enable()


def child_exit(_server: object, worker: Any) -> None:
    """A worker ended, for whatever reason: its counts are kept."""
    folder.archive_worker(worker.pid)


def on_exit(_server: object) -> None:
    """The master ends, after its workers."""
    folder.remove()
