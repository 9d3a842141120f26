"""The environment of the tests, and their own PostgreSQL: a pytest plugin (`-p tests.cluster`).

Django reads its settings before any fixture runs, so the environment is set here, on import. PostgreSQL starts with the
first test that needs a database: pure tests run without one. It logs every statement: what a request costs is counted
there, not by our own counters. `TEST_DATABASE_URL` names another server to test on; what needs the log is skipped then.
"""

import atexit
import fcntl
import os
import sys
from pathlib import Path

from config import database
from config.postgres import embedded
from perfmetrics.counting import folder
from tests.clock import begin_at_noon

# Each process of `pytest -n` has a PostgreSQL of its own: the statements of two could not be distinguished in one log.
VAR = Path(os.environ.get("SANDGLASS_VAR") or Path(__file__).resolve().parent.parent / "var").resolve()
VAR = VAR / os.environ.get("PYTEST_XDIST_WORKER", "")

os.environ |= {"DEBUG": "false", "SECURE_HTTPS": "false", "SECRET_KEY": "for-the-tests-only" * 3}
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"
os.environ["LOG_LEVEL"] = "WARNING"
os.environ["CORS_ORIGINS"] = "https://player.example"
os.environ["SANDGLASS_VAR"] = str(VAR)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "postgresql:///not-started")
# Before models are imported, which take `timezone.now` for a default.
begin_at_noon()
# Before anything that counts is imported; the services that tests start make folders of their own.
folder.make()
atexit.register(folder.remove)

# The server's log, once it runs.
statement_log: Path | None = None
_lock = -1


def start() -> None:
    """Start the tests' PostgreSQL, unless `TEST_DATABASE_URL` names one, and point Django and its children at it."""
    global statement_log, _lock  # noqa: PLW0603 — one server per process
    if "TEST_DATABASE_URL" in os.environ:
        return
    _lock = _wait_for_other_runs()
    url = embedded.start("test", fsync=False, settings={"log_statement": "all"})
    statement_log = embedded.log_file("test")
    os.truncate(statement_log, 0)
    os.environ["DATABASE_URL"] = url

    from django.db import connections

    parsed = database.parse(url)
    for alias in connections:
        connections.settings[alias].update({key: parsed[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})


def stop() -> None:
    if statement_log is not None:
        embedded.stop("test")
        os.close(_lock)


def _wait_for_other_runs() -> int:
    """Two runs at once would drop each other's test database: the second one waits for the first."""
    VAR.mkdir(parents=True, exist_ok=True)
    lock = os.open(VAR / "tests.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write("Waiting for another run of these tests to end …\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock
