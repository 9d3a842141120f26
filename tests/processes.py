"""The service as it is deployed: gunicorn with worker processes, on the tests' database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from django.db import connections

from tests.races import until

PROJECT = Path(__file__).resolve().parent.parent
Answer = TypeVar("Answer")


@dataclass
class Service:
    """A running service and its master process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    @contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """The other workers stand still: a new connection is this one's.

        Else the kernel may give every connection of a test to the same worker, and on a busy machine does.
        """
        others = [pid for pid in self.workers() if pid != worker]
        try:
            for pid in others:
                os.kill(pid, signal.SIGSTOP)
            until(lambda: all(state(pid) == "T" for pid in others))
            yield
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)

    def ask_each(self, ask: Callable[[], Answer]) -> list[Answer]:
        """What each worker answers to a request on a connection of its own."""
        answers = []
        for worker in self.workers():
            with self.alone(worker):
                answers.append(ask())
        return answers


def state(pid: int) -> str:
    """A process's state as the kernel's letter: R runs, S sleeps, T stands still, Z has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def database_url() -> str:
    """The test database, as another process is given it."""
    settings = connections["default"].settings_dict
    user = quote(settings["USER"]) + (f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else "")
    return f"postgresql://{user}@{quote(settings['HOST'], safe='')}:{settings['PORT']}/{settings['NAME']}"


@contextmanager
def service(
    log: Path,
    *,
    workers: int = 1,
    application: str = "config.asgi:application",
    options: tuple[str, ...] = (),
    project: Path = PROJECT,
    config: str = "config/server/gunicorn.py",
    **environment: str,
) -> Iterator[Service]:
    """Run the service; it has answered a health check before the block begins. `project`: the checkout that runs.

    Its clock is the real one: a test that beats uses the fixture `real_time`.
    """
    port = free_port()
    variables = {"DATABASE_URL": database_url(), "PORT": str(port), "WORKERS": str(workers), "DB_POOL_MIN_SIZE": "2"}
    variables |= {"METRICS_ALLOWED_ADDRESSES": "127.0.0.1"}
    command = [sys.executable, "-m", "gunicorn", "--config", config, *options, application]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=project, env={**os.environ, **variables, **environment}, stdout=output, stderr=output
        )
    running = Service(url=f"http://127.0.0.1:{port}", process=process, log=log)
    try:
        wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            try:
                running.stop()
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_until_ready(running: Service) -> None:
    for _ in range(600):
        assert running.process.poll() is None, running.log.read_text()
        try:
            if httpx.get(f"{running.url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(running.log.read_text()[-5000:])
