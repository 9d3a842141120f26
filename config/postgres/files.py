"""Locks and private folders of the embedded database."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.postgres.binaries import DevDatabaseError


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    lock = open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        # Not by closing alone: another thread may have forked a child in the meantime.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def open_lock(path: Path) -> int:
    # Python closes it on exec: no server inherits a lock from the process that started it.
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def make_private(path: Path, *, mode: int, owner: int) -> None:
    """Make a folder, or take the one that is there if nobody but `owner` and us could have put anything into it."""
    with suppress(FileExistsError):
        path.mkdir(mode=mode)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()) or found.st_mode & ~mode & 0o777:
        raise DevDatabaseError(
            f"{path} must be a folder that only this user can write to. Check who created it, then remove it."
        )
    # Only what is still our own: what belongs to `owner` could have become a symbolic link since.
    if found.st_uid == os.geteuid():
        path.chmod(mode)
        os.chown(path, owner, -1)
