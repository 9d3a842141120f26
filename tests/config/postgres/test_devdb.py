"""The embedded PostgreSQL with real servers and processes: who shares it, who ends it, and what it survives."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from config import database
from config.postgres import binaries, embedded

pytestmark = pytest.mark.slow

PROJECT = Path(embedded.__file__).parents[2]
NOBODY = 65534
START = "url = embedded.start('t', fsync=False); print(url, flush=True)\n"
HOLD = START + "sys.stdin.read()\n"
# After the imports: another user may not be able to read the virtual environment.
PRELUDE = """
import os, sys
from config.postgres import embedded
if uid := int(os.environ.get("TEST_AS_USER", "0")):
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
"""


@dataclass(frozen=True)
class Place:
    """A folder for clusters of its own, and processes that use them."""

    environment: dict[str, str]
    cluster: embedded.Cluster

    def begin(self, code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PRELUDE + code]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=PROJECT, env=self.environment, text=True, **pipes)

    def run(self, code: str) -> str:
        with self.begin(code) as process:
            output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output.strip()

    def refusal(self, start: str) -> str:
        return self.run(f"try: {start}\nexcept embedded.DevDatabaseError as error: print(error)\n")

    @contextmanager
    def held(self) -> Iterator[tuple[subprocess.Popen[str], str]]:
        with self.begin(HOLD) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert url, process.communicate()[1]
            yield process, url
            output, errors = process.communicate(timeout=60)
            assert process.returncode in (0, -signal.SIGKILL), output + errors

    def postmaster(self) -> int:
        return int((self.cluster.data / "postmaster.pid").read_text().split()[0])


def query(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def runs(url: str) -> bool:
    try:
        return query(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def ends(pid: int) -> bool:
    """By Linux's /proc, where a zombie, which stays if nobody collects orphans, has no command line."""
    deadline = time.monotonic() + 5
    with suppress(FileNotFoundError):
        while Path(f"/proc/{pid}/cmdline").read_bytes():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
    return True


@pytest.fixture(scope="module")
def make_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Place]]:
    made: list[embedded.Cluster] = []

    def make(**variables: str) -> Place:
        var = variables.pop("SANDGLASS_VAR", "") or str(tmp_path_factory.mktemp("var"))
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("PG_BINDIR", raising=False)
            for key, value in {"SANDGLASS_VAR": var, **variables}.items():
                patch.setenv(key, value)
            place = Place(environment=dict(os.environ), cluster=embedded._cluster("t"))
        made.append(place.cluster)
        return place

    yield make
    for cluster in made:
        with suppress(OSError):
            cluster.sockets().rmdir()
        shutil.rmtree(cluster.data.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def programs(make_place: Callable[..., Place]) -> str:
    """A folder of programs that every user can run: copied once, not for each test."""
    cluster = make_place().cluster
    cluster.data.parent.mkdir(mode=0o755, exist_ok=True)
    return str(embedded._programs(cluster))


@pytest.fixture(scope="module")
def place(make_place: Callable[..., Place], programs: str) -> Place:
    """One for all the tests that leave a sound cluster behind."""
    return make_place(PG_BINDIR=programs)


@pytest.fixture
def fresh(make_place: Callable[..., Place], programs: str) -> Place:
    return make_place(PG_BINDIR=programs)


def test_the_last_user_stops_the_server(place: Place) -> None:
    with place.held() as (_, url):
        pid = place.postmaster()
        assert place.run(START) == url
        assert runs(url)
        assert place.postmaster() == pid
        assert query(url, "SHOW fsync") == "off"
        assert query(url, "SHOW listen_addresses") == ""
    assert not runs(url)
    assert ends(pid)
    assert not place.cluster.sockets().exists()


def test_the_url_gives_django_its_settings(place: Place) -> None:
    with place.held() as (_, url):
        parsed = database.parse(url)
        connected = {"host": parsed["HOST"], "port": parsed["PORT"], "user": parsed["USER"], "dbname": parsed["NAME"]}
        with psycopg.connect(**connected) as connection:
            assert connection.info.dbname == "sandglass"
    assert connected["host"] == str(place.cluster.sockets())


def test_a_second_start_needs_no_process_and_stop_ends_it_at_once(place: Place) -> None:
    second = "run, embedded.subprocess.run = embedded.subprocess.run, None\nassert embedded.start('t') == url\n"
    ended = "embedded.subprocess.run = run\nembedded.stop('t')\nassert not embedded._answers(embedded._cluster('t'))\n"
    place.run(START + second + ended)


def test_a_killed_user_leaves_nothing_that_blocks(place: Place) -> None:
    with place.held() as (process, url):
        pid = place.postmaster()
        process.kill()
    assert runs(url)
    lock = os.open(place.cluster.sibling(".users.lock"), os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the server holds no share of it
    os.close(lock)
    assert place.run(START) == url
    assert ends(pid)


def test_a_forked_child_keeps_the_server_but_does_not_stop_it(place: Place) -> None:
    wait = "print('child', flush=True); os.close(1); os.close(2); sys.stdin.read(); sys.exit()"
    with place.begin(f"{START}if os.fork() == 0: {wait}\n") as process:
        assert process.stdout
        assert process.stderr
        url, _ = process.stdout.readline().strip(), process.stdout.readline()
        assert not process.stderr.read()  # until the parent has exited
        assert process.wait(timeout=60) == 0
        assert runs(url)
        assert process.stdin
        process.stdin.close()
    place.run(START + "if os.fork() == 0: sys.exit()\nos.wait(); assert embedded._answers(embedded._cluster('t'))\n")
    assert not runs(url)


def test_a_stale_pid_file_that_names_another_process(place: Place) -> None:
    place.run(START)
    identity = {"user": NOBODY} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **identity) as stranger:
        (place.cluster.data / "postmaster.pid").write_text(f"{stranger.pid}\n{place.cluster.data}\n1\n5432\n\n")
        place.run("embedded.SILENCE_SECONDS = 0.2\nembedded.stop('t')\n" + START)
        assert stranger.poll() is None
        stranger.kill()


def test_killed_in_initdb(fresh: Place) -> None:
    base = fresh.cluster.data.parent
    leftover = fresh.cluster.sibling(".new-leftover")
    leftover.mkdir(parents=True)
    with fresh.begin(START) as process:
        deadline = time.monotonic() + 20
        while not list(base.glob("*.new-*/PG_VERSION")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
    assert not fresh.cluster.data.exists()
    fresh.run(START)
    assert fresh.cluster.data.exists()
    assert not leftover.exists()


def test_a_crash_loses_nothing_committed(place: Place) -> None:
    with place.held() as (_, url):
        query(url, "CREATE TABLE kept AS SELECT 42 AS number")
        place.run("embedded.crash('t')")
        assert not runs(url)
        assert place.run(START) == url
        assert query(url, "SELECT number FROM kept") == 42
    assert not runs(url)


def test_two_first_starts_at_once(make_place: Callable[..., Place]) -> None:
    place = make_place()  # without PG_BINDIR: both also want the copy of the wheel's programs
    with place.begin(HOLD) as one, place.begin(HOLD) as other:
        assert one.stdout
        assert other.stdout
        url = one.stdout.readline()
        assert url.startswith("postgresql://")
        assert url == other.stdout.readline()
        assert runs(url.strip())
    assert not runs(url.strip())


@pytest.mark.parametrize("name", ["plain", "it's a deep & odd one"])
def test_a_deep_folder_of_a_user_who_is_not_root(make_place: Callable[..., Place], programs: str, name: str) -> None:
    uid = NOBODY if os.geteuid() == 0 else 0
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        os.chown(home, uid or -1, -1)
        var = Path(home, name, *["a-folder-with-a-long-name"] * 6)
        assert len(str(var)) > 150
        place = make_place(SANDGLASS_VAR=str(var), PG_BINDIR=programs, TEST_AS_USER=str(uid), HOME=home)
        url = place.run(START + "import psycopg; psycopg.connect(url).close()\n")
        assert (var / place.cluster.data.name / "PG_VERSION").exists()
        assert not runs(url)


def test_the_data_deleted_under_a_running_server(fresh: Place) -> None:
    with fresh.held() as (_, old):
        pid, sockets = fresh.postmaster(), fresh.cluster.sockets()
        shutil.rmtree(fresh.cluster.data)
        assert fresh.run(START) != old
    os.kill(pid, signal.SIGQUIT)  # it would notice within a minute
    assert ends(pid)
    shutil.rmtree(sockets)


def test_a_refusal_shows_the_end_of_the_log(fresh: Place) -> None:
    message = fresh.refusal("embedded.start('t', settings={'shared_buffers': \"it's much\"})")
    assert """invalid value for parameter "shared_buffers": "it's much\"""" in message
    assert str(fresh.cluster.data) in message
    assert not (fresh.cluster.data / "postmaster.pid").exists()


def test_a_socket_folder_open_to_others_is_refused(place: Place) -> None:
    place.run(START)
    sockets = place.cluster.sockets()
    sockets.mkdir()
    sockets.chmod(0o777)
    assert f"{sockets} must be a folder that only this user can write to" in place.refusal("embedded.start('t')")
    sockets.rmdir()


def test_what_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PG_BINDIR", raising=False)
    monkeypatch.setattr(binaries, "_from_wheel", lambda: None)
    monkeypatch.setattr(binaries, "_from_system", lambda: None)
    with pytest.raises(embedded.DevDatabaseError, match=r"PostgreSQL 15 or newer .* PG_BINDIR .* DATABASE_URL"):
        embedded.start("t")
    monkeypatch.setattr(binaries, "_from_system", lambda: binaries.Binaries(folder=tmp_path, major=14))
    with pytest.raises(embedded.DevDatabaseError, match=r"PostgreSQL 14 in .* is too old"):
        embedded.start("t")
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))
    with pytest.raises(embedded.DevDatabaseError, match=r"PG_BINDIR is .* does not contain executable initdb"):
        embedded.start("t")
    with pytest.raises(embedded.DevDatabaseError, match="is not a valid cluster name"):
        embedded.start("../elsewhere")


def test_the_systems_postgresql(make_place: Callable[..., Place]) -> None:
    if not (system := binaries._from_system()):
        pytest.skip("no PostgreSQL installed on this system")
    place = make_place(PG_BINDIR=str(system.folder))
    with place.held() as (_, url):
        assert str(query(url, "SHOW server_version")).startswith(str(system.major))
