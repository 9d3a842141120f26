"""A pytest plugin: the tests' own PostgreSQL, started before Django reads its settings (`-p tests.cluster`).

It logs every statement: what a request costs is counted there, not by our own counters. `TEST_DATABASE_URL` names
another server to test on; what needs the log is skipped then.
"""

import atexit
import fcntl
import os
import sys
from pathlib import Path

from config.postgres import embedded
from perfmetrics.counting import folder

VAR = Path(os.environ.get("SANDGLASS_VAR") or Path(__file__).resolve().parent.parent / "var")


def wait_for_other_runs() -> int:
    """Two runs at once would drop each other's test database: the second one waits for the first."""
    VAR.mkdir(parents=True, exist_ok=True)
    lock = os.open(VAR / "tests.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write("Waiting for another run of these tests to end …\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


os.environ |= {"DEBUG": "false", "SECURE_HTTPS": "false", "SECRET_KEY": "for-the-tests-only"}
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"
os.environ["LOG_LEVEL"] = "WARNING"
os.environ["CORS_ORIGINS"] = "https://player.example"
# Before anything that counts is imported; the services that tests start make folders of their own.
folder.make()
atexit.register(folder.remove)
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    statement_log = None
else:
    lock = wait_for_other_runs()
    os.environ["DATABASE_URL"] = embedded.start("test", fsync=False, settings={"log_statement": "all"})
    statement_log = embedded.log_file("test")
    os.truncate(statement_log, 0)
