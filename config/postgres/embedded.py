"""The embedded PostgreSQL of development and tests: found, made, started, shared and stopped here.

Every process that calls `start` is a user of the cluster until it exits, by a shared lock that the kernel frees however
the process ends; the last user stops the server. A forked child inherits its parent's lock: it keeps the server up, but
stops it only if it called `start` itself. What a killed user left running, the next one uses and stops.

Imports no Django: the settings and the tests' plugin need this module before Django is configured. Environment:

PG_BINDIR      the folder of `initdb`, `pg_ctl` and `postgres`; without it the wheel's are used, then the system's
SANDGLASS_VAR  the folder that holds the clusters instead of the project's `var`, for tests and read-only checkouts
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.pq import PGconn, Ping

from config.postgres.binaries import Binaries, DevDatabaseError, copy_for_all, find
from config.postgres.files import locked, make_private, open_lock

START_SECONDS = 60
# How long a live pid in postmaster.pid may stay silent before it is taken for a stranger's.
SILENCE_SECONDS = 2.0

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # without TCP only a part of the socket's name
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_line_prefix": "%m [%p] %a ",
}
# Commits stay synchronous: so these clusters, too, keep what they committed when their processes are killed.
UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder and the programs that run it."""

    binaries: Binaries
    data: Path

    def sibling(self, suffix: str) -> Path:
        """The file next to the data folder with this suffix: `.log`, `.conf`, `.change.lock` or `.users.lock`."""
        return self.data.with_name(self.data.name + suffix)

    def sockets(self) -> Path:
        """The folder of the socket: short, for the path may have 100 bytes, and the same in whatever environment."""
        # pg_control begins with the cluster's own number: when the data are deleted under a running server, the next
        # cluster gets another socket, and nobody takes the old server for it.
        with (self.data / "global" / "pg_control").open("rb") as control:
            identity = hashlib.sha256(os.fsencode(self.data) + control.read(8)).hexdigest()[:16]
        return Path("/tmp") / f"sandglass-{_server_ids()[0]}-{identity}"

    def url(self, database: str) -> str:
        return f"postgresql://sandglass@{quote(str(self.sockets()), safe='')}:{SETTINGS['port']}/{database}"


# This process's shares: by which process each was taken (a forked child finds its parent's here), and its lock.
_shares: dict[Cluster, tuple[int, int]] = {}


def start(name: str = "dev", *, fsync: bool = True, settings: Mapping[str, str] = {}) -> str:
    """Make sure that the cluster `name` runs and stays until this process exits; the URL of its database `sandglass`.

    `fsync` off is for data that may be lost with the machine. `settings` are further lines of postgresql.conf. Both
    count when this call starts the server, not when it runs already. The URL stays the same as long as the data folder.

    Raises DevDatabaseError.
    """
    with _explained():
        cluster = _cluster(name)
        if os.geteuid() == 0:
            make_private(cluster.data.parent, mode=0o755, owner=0)
        else:
            cluster.data.parent.mkdir(parents=True, exist_ok=True)
        with locked(cluster.sibling(".change.lock")):
            _ensure_running(cluster, settings={**SETTINGS, **({} if fsync else UNSAFE_SETTINGS), **settings})
            # Opened each time: someone may have deleted the folder and with it the lock file of our share.
            _let_go(cluster)
            lock = open_lock(cluster.sibling(".users.lock"))
            fcntl.flock(lock, fcntl.LOCK_SH)
            _shares[cluster] = os.getpid(), lock
        return cluster.url("sandglass")


def stop(name: str = "dev") -> None:
    """End this process's share in the cluster `name`, and stop its server when nobody else has one.

    Raises DevDatabaseError.
    """
    with _explained():
        _stop(_cluster(name))


def crash(name: str = "dev") -> None:
    """Kill the server of the cluster `name`, even while it is in use; `start` recovers it.

    Raises DevDatabaseError.
    """
    with _explained():
        cluster = _cluster(name)
        with locked(cluster.sibling(".change.lock")):
            _end_server(cluster, mode="immediate")


def log_file(name: str = "dev") -> Path:
    """The server's log of the cluster `name`; it may not exist yet.

    Raises DevDatabaseError where there is no PostgreSQL.
    """
    return _cluster(name).sibling(".log")


def _cluster(name: str) -> Cluster:
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name):
        raise DevDatabaseError(f"{name!r} is not a valid cluster name: use a-z, 0-9, - and _.")
    binaries = find()
    base = Path(os.environ.get("SANDGLASS_VAR") or Path(__file__).resolve().parents[2] / "var").resolve()
    if os.geteuid() == 0:
        # PostgreSQL refuses root, and whom it runs as instead may not be able to enter the project's folder.
        base = Path("/var/tmp") / f"sandglass-{hashlib.sha256(os.fsencode(base)).hexdigest()[:16]}"
    return Cluster(binaries=binaries, data=base / f"postgres-{binaries.major}-{name}")


def _server_ids() -> tuple[int, int]:
    """Whom the server runs as: user and group."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _programs(cluster: Cluster) -> Path:
    """The programs to run: as root a copy of the wheel's, for the server's user may not be able to enter a venv."""
    binaries = cluster.binaries
    if os.geteuid() or not binaries.wheel:
        return binaries.folder
    # By the wheel's version: another wheel gets a copy of its own.
    copy = cluster.data.with_name(f"binaries-{binaries.wheel}-{binaries.major}")
    with locked(copy.with_name(f"{copy.name}.lock")):
        if not copy.exists():
            new = copy.with_name(f"{copy.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            copy_for_all(binaries.folder.parent, new)
            new.rename(copy)
    return copy / Path(*binaries.folder.parts[-3:])


def _ensure_running(cluster: Cluster, *, settings: Mapping[str, str]) -> None:
    if not (cluster.data / "PG_VERSION").exists():
        _make_data(cluster)
    make_private(cluster.sockets(), mode=0o700, owner=_server_ids()[0])
    if not _answers(cluster):
        _launch(cluster, settings=settings)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = 'sandglass'").rowcount:
            connection.execute("CREATE DATABASE sandglass")


def _make_data(cluster: Cluster) -> None:
    if cluster.data.exists():
        raise DevDatabaseError(f"{cluster.data} is an incomplete data folder: delete it and try again.")
    for leftover in cluster.data.parent.glob(f"{cluster.data.name}.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # Renamed when whole; a name of its own each time, for the initdb of a killed process may still be writing.
    new = Path(tempfile.mkdtemp(prefix=f"{cluster.data.name}.new-", dir=cluster.data.parent))
    os.chown(new, *_server_ids())
    options = ("-D", new, "-E", "UTF8", "-U", "sandglass", "-A", "trust", "--no-sync")
    # Not every system has C.UTF-8; both sort by bytes.
    failure = _run(cluster, "initdb", "--locale=C.UTF-8", *options) and _run(cluster, "initdb", "--locale=C", *options)
    if failure:
        raise DevDatabaseError(f"initdb: {failure}")
    new.rename(cluster.data)


def _launch(cluster: Cluster, *, settings: Mapping[str, str]) -> None:
    # Nobody answers, so the pid in it is of the past, though another process may have that number now. Should a server
    # live there all the same, PostgreSQL's shared memory keeps a second one away from its data.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    # Next to the data, not among them: root should not write where the server's user could lay a symbolic link.
    log, configuration = cluster.sibling(".log"), cluster.sibling(".conf")
    lines = {**settings, "unix_socket_directories": str(cluster.sockets())}
    quoted = [f"{key} = '" + value.replace("'", "''") + "'\n" for key, value in lines.items()]
    configuration.write_text(f"include '{cluster.data.name}/postgresql.conf'\n" + "".join(quoted), encoding="utf-8")
    configuration.chmod(0o644)
    log.touch(mode=0o600)
    os.chown(log, *_server_ids())
    begin = log.stat().st_size
    options = shlex.join(["-c", f"config_file={configuration}"])
    command = ("start", "-D", cluster.data, "-l", log, "-o", options, "-w", "-t", str(START_SECONDS), "-s")
    failure = _run(cluster, "pg_ctl", *command)
    # The pg_ctl of a process killed in `start` may have been quicker than ours.
    if failure and not _answers(cluster):
        last = "\n    ".join(log.read_bytes()[begin:].decode(errors="replace").splitlines()[-20:])
        raise DevDatabaseError(
            f"PostgreSQL did not start: {failure}\nEnd of its log {log}:\n    {last}\n"
            f"If you don't need its data, delete {cluster.data} and try again."
        )


def _answers(cluster: Cluster) -> bool:
    """Whether the server takes connections, awaited while it is starting or stopping."""
    url = f"{cluster.url('postgres')}?connect_timeout=30".encode()
    begin = time.monotonic()
    while (answer := PGconn.ping(url)) != Ping.OK:
        waited = time.monotonic() - begin
        if answer != Ping.REJECT and (waited > SILENCE_SECONDS or not _lives(cluster)):
            return False
        if waited > START_SECONDS:
            raise DevDatabaseError(f"PostgreSQL is not accepting connections: see {cluster.sibling('.log')}.")
        time.sleep(0.02)
    return True


def _lives(cluster: Cluster) -> bool:
    """Whether the pid in postmaster.pid is some process's, though perhaps a stranger's."""
    with suppress(OSError, ValueError, IndexError):
        os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), 0)
        return True
    return False


def _end_server(cluster: Cluster, *, mode: str) -> None:
    # Asked first: pg_ctl believes the pid in postmaster.pid, and would signal a stranger.
    if _answers(cluster) and (failure := _run(cluster, "pg_ctl", "stop", "-D", cluster.data, "-m", mode, "-w", "-s")):
        raise DevDatabaseError(f"PostgreSQL did not stop: {failure}\nSee {cluster.sibling('.log')}.")


def _run(cluster: Cluster, program: str, *arguments: str | Path) -> str:
    """Run one of PostgreSQL's programs as the server's user; what it said if it failed, else nothing."""
    command = [_programs(cluster) / program, *arguments]
    options: dict[str, Any] = {"timeout": 2 * START_SECONDS}
    if os.geteuid() == 0:
        options["user"], options["group"] = _server_ids()
        options["extra_groups"] = []
    # PGDATA, PGPORT and the like are meant for other servers; and messages are to be in English.
    options["env"] = {key: value for key, value in os.environ.items() if key[:2] != "PG"} | {"LC_ALL": "C"}
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **options)
    return (done.stderr.strip() or f"{program} exited with {done.returncode}") if done.returncode else ""


def _stop(cluster: Cluster) -> None:
    _let_go(cluster)
    # Someone deleted the data: their server ends by itself as soon as it notices.
    if not (cluster.data / "PG_VERSION").exists():
        return
    # By a new descriptor, which also sees the share of a forked child: it has a copy of the old one.
    with locked(cluster.sibling(".change.lock")), suppress(BlockingIOError):
        with locked(cluster.sibling(".users.lock"), wait=False):
            _end_server(cluster, mode="fast")
        with suppress(OSError):
            cluster.sockets().rmdir()


def _let_go(cluster: Cluster) -> None:
    if share := _shares.pop(cluster, None):
        os.close(share[1])


@atexit.register
def _stop_at_exit() -> None:
    for cluster, (pid, _) in list(_shares.items()):
        if pid == os.getpid():
            _stop(cluster)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
        raise DevDatabaseError(
            f"Could not start the embedded PostgreSQL: {error}\nSet SANDGLASS_VAR to a writable folder,"
            " PG_BINDIR to a folder of PostgreSQL programs that can be run, or DATABASE_URL to a running server."
        ) from error
