"""The folder in which the workers of one server count together (prometheus-client's multiprocess mode).

Made by the process that starts the workers, before prometheus-client is imported anywhere: private, in `METRICS_DIR` or
in memory where the system has such a place (a disk makes a write to a mapped page wait now and then), and removed when
the server ends. Each worker writes its own files there. The counts of a worker that ended are kept: they are added to
those of all ended ones, so that files do not pile up with restarts.

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
# Where prometheus-client looks for the folder.
VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# A folder that is younger may belong to a server that has not locked it yet.
LEFTOVER_SECONDS: Final = 60
LOCK_SECONDS: Final = 1.0
ENDED: Final = "dead"

_made: Path | None = None
# Held by the server's processes until the last one ends, however it ends.
_in_use: int | None = None


def make() -> Path:
    """Make this server's folder and pass it to prometheus-client; the same one on a second call (reloaded settings)."""
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
    """Remove the folders of servers that were killed: no process holds their lock any more."""
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
    """The server's folder; None where nothing is shared, in a command for example."""
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
    """The folder, while no worker's counts are being archived."""
    folder = path()
    if folder is None:
        yield None
        return
    with _locked(folder, fcntl.LOCK_SH):
        yield folder


def archive_worker(pid: int) -> None:
    """Add the counts of a worker that ended to those of all ended ones, and drop its gauges of the moment."""
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 — not before the folder is known

    folder = path()
    if folder is None:
        return
    with _locked(folder, fcntl.LOCK_EX):
        for source in folder.glob(f"*_{pid}.db"):
            kind = source.stem.rpartition("_")[0]
            if not kind.startswith("gauge_live"):
                archive = MmapedDict(str(folder / f"{kind}_{ENDED}.db"))  # type: ignore[no-untyped-call]
                _add(archive, source, largest=kind == "gauge_max")
            source.unlink()


def _add(archive: Any, source: Path, *, largest: bool) -> None:
    for key, value, timestamp, _ in archive.read_all_values_from_file(str(source)):
        before, _ = archive.read_value(key)
        archive.write_value(key, max(before, value) if largest else before + value, timestamp)
    archive.close()


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Readers share the lock. Everyone passes a gate first, so that a stream of readers never keeps a writer out."""
    with _held(folder / "gate", kind):
        lock = ExitStack()
        lock.enter_context(_held(folder / "lock", kind))
    with lock:
        yield


@contextmanager
def _held(path: Path, kind: int) -> Iterator[None]:
    """A process that was paused while it holds the lock must not block the server: after a second, go on without it."""
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
