"""The folder in which the workers of one server count together (prometheus-client's multiprocess mode).

Made by the process that starts the workers, before prometheus-client is imported anywhere: private, in `METRICS_DIR` or
in memory where the system has such a place (a disk makes a write to a mapped page wait now and then), and gone when the
server ends. Each worker writes files of its own there. A worker that
ended leaves its counts: they are added to those of all dead ones, so that restarts do not pile files up.

METRICS_DIR  where the folder is made; /dev/shm, or the system's temporary folder where there is none
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

IN_MEMORY: Final = "/dev/shm"  # noqa: S108 — the folder in it is private
PREFIX: Final = "sandglass-metrics-"
# What prometheus-client goes by.
VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# A folder that is younger may belong to a server that has not locked it yet.
LEFTOVER_SECONDS: Final = 60
LOCK_SECONDS: Final = 1.0
DEAD: Final = "dead"

_made: Path | None = None
# Held by the server's processes until the last one ends, however it ends.
_in_use: int | None = None


def make() -> Path:
    """Make this server's folder and tell prometheus-client; the same one when called again (a reload of settings)."""
    global _made, _in_use  # noqa: PLW0603 — one server, one folder
    if _made is None:
        parent = Path(
            os.environ.get("METRICS_DIR") or (IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else tempfile.gettempdir())
        )
        parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(parent)
        _made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        _in_use = os.open(_made, os.O_RDONLY)
        fcntl.flock(_in_use, fcntl.LOCK_SH)
        (_made / "started").write_text(repr(time.time()))
        os.environ[VARIABLE] = str(_made)
    return _made


def remove() -> None:
    """Remove the folder that this process made."""
    global _made  # noqa: PLW0603
    if _made is not None:
        shutil.rmtree(_made, ignore_errors=True)
        _made = None


def _remove_leftovers(parent: Path) -> None:
    """Those of servers that were killed: nobody holds them any more."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, or removed by another server just now
            if time.time() - folder.stat().st_mtime < LEFTOVER_SECONDS:
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(handle)


def path() -> Path | None:
    """The server's folder; None where nothing is shared: a command, say."""
    value = os.environ.get(VARIABLE)
    return Path(value) if value else None


def started() -> float:
    """When the server started (Unix time); now, where there is no server."""
    folder = path()
    try:
        return float((folder / "started").read_text()) if folder else time.time()
    except (OSError, ValueError):
        return time.time()


@contextmanager
def reading() -> Iterator[Path | None]:
    """The folder, while no worker's counts are being moved."""
    folder = path()
    if folder is None:
        yield None
        return
    with _locked(folder, fcntl.LOCK_SH):
        yield folder


def bury(pid: int) -> None:
    """Add the counts of a worker that ended to those of the dead, and forget what it had open."""
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 — not before the folder is known

    folder = path()
    if folder is None:
        return
    with _locked(folder, fcntl.LOCK_EX):
        for source in folder.glob(f"*_{pid}.db"):
            kind = source.stem.rpartition("_")[0]
            if not kind.startswith("gauge_live"):
                dead = MmapedDict(str(folder / f"{kind}_{DEAD}.db"))  # type: ignore[no-untyped-call]
                _add(dead, source, largest=kind == "gauge_max")
            source.unlink()


def _add(dead: Any, source: Path, *, largest: bool) -> None:
    for key, value, timestamp, _ in dead.read_all_values_from_file(str(source)):
        before, _ = dead.read_value(key)
        dead.write_value(key, max(before, value) if largest else before + value, timestamp)
    dead.close()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Readers share it. All pass a gate on their way in, so that readers who come and come keep nobody out."""
    with _held(folder / "gate", kind):
        lock = ExitStack()
        lock.enter_context(_held(folder / "lock", kind))
    with lock:
        yield


@contextmanager
def _held(path: Path, kind: int) -> Iterator[None]:
    """Who is stopped while it holds a lock must not stop the server: after a second this goes on without."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while time.monotonic() < deadline:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.001)
        yield
    finally:
        os.close(handle)
