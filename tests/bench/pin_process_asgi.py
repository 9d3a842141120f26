"""The service with PINs compared by a child process of the lowest priority instead of the thread: for `pin_trial`.

The bounded thread still queues the checks; instead of running bcrypt it asks the child over a pipe. The child
ends with the worker: its standard input closes.
"""

import json
import subprocess
import sys
import threading

from config.asgi import application
from parental.pins import guards

__all__ = ["application"]

CHILD = """
import binascii, hashlib, json, os, sys
import bcrypt
os.setpriority(os.PRIO_PROCESS, 0, 19)
for line in sys.stdin:
    given, encoded = json.loads(line)
    data = encoded.split("$", 1)[1].encode()
    key = binascii.hexlify(hashlib.sha256(given.encode()).digest())
    print(json.dumps(bcrypt.checkpw(key, data)), flush=True)
"""


class Child:
    """The process, started with the first check."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def check_password(self, given: str, encoded: str) -> bool:
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([given, encoded]) + "\n")
            process.stdin.flush()
            return bool(json.loads(process.stdout.readline()))


guards.check_password = Child().check_password  # type: ignore[assignment, attr-defined]
