"""The demo's server: gunicorn as a child process, which does not outlive the demo."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from django.core.management.base import CommandError

START_SECONDS: Final = 60
# gunicorn's own patience with its workers is 30 s.
STOP_SECONDS: Final = 40


def check_host(host: str) -> None:
    """CommandError unless the host is this machine alone: everyone knows the demo's passwords."""
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise CommandError(
            f"Refusing to bind the demo to {host}: its passwords are public. Use 127.0.0.1, ::1 or localhost;"
            " to serve others, use `make serve`."
        )


def check_port(host: str, port: int) -> None:
    """CommandError, which says what to do, where the port is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8000
            problem = f"Cannot use port {port} on {host}: {error.strerror}."
            raise CommandError(f"{problem} Choose another one, for example: PORT={other} make demo") from error


class Server:
    """The service on a port. After `start`, always call `stop`, also after an error."""

    def __init__(self, *, host: str, port: int, workers: int, folder: Path, log: Path) -> None:
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.log = log
        self._environment = {**os.environ, "BIND": host, "PORT": str(port), "WORKERS": str(workers)}
        # The pages as parents see them.
        self._environment.setdefault("DEBUG_TOOLBAR", "false")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def was_started(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "gunicorn", "-c", "config/server/gunicorn.py", "config.asgi:application"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C is for us, and we stop it gracefully.
                start_new_session=True,
            )

    def stop(self) -> None:
        """Let the server finish what it took, and end; in the end by force."""
        process = self._process
        if process is None:
            return
        try:
            process.terminate()
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also after a second Ctrl-C. The workers of a gunicorn that was killed live on.
            if process.poll() != 0:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def wait_until_ready(self) -> None:
        """Return once the service says that it is ready. CommandError, with the end of its log, if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.has_ended():
                raise CommandError(f"The server exited during startup.\n{self.last_words()}")
            if self._is_ready():
                return
            time.sleep(0.1)
        raise CommandError(f"The server was not ready after {START_SECONDS} s.\n{self.last_words()}")

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def last_words(self) -> str:
        """The end of the server's log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        return "\n".join([f"End of its log, {self.log}:", *(f"    {line}" for line in lines)])

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
