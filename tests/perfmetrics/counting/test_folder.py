"""The folder that a server's workers count in: private, made for each server, with the counts of workers that ended."""

import os
import stat
import subprocess
import sys
import threading
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from perfmetrics.counting import folder
from tests.processes import PROJECT, Service, database_url, free_port, wait_until_ready

SECONDS_AGO = 3600


@pytest.fixture
def shared(tmp_path, monkeypatch):
    monkeypatch.setenv(folder.VARIABLE, str(tmp_path))
    return tmp_path


def write(shared, kind, pid, values):
    """What a worker with that pid would have counted: {(name, labels): value}."""
    file = MmapedDict(str(shared / f"{kind}_{pid}.db"))
    for (name, *labels), value in values.items():
        family = name.removesuffix("_total").removesuffix("_bucket")
        names = ["le"] * len(labels)
        file.write_value(mmap_key(family, name, names, labels, "help"), value, 0.0)
    file.close()


def collected(shared):
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(shared))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


class TestArchive:
    def test_counts_of_ended_workers_are_added_up(self, shared):
        for pid in (11, 12, 13):
            write(shared, "counter", pid, {("beats_total",): pid})

        folder.archive_worker(11)
        folder.archive_worker(12)

        assert collected(shared) == {("beats_total",): 36}
        assert sorted(path.name for path in shared.glob("*.db")) == ["counter_13.db", "counter_dead.db"]

    def test_histograms_too(self, shared):
        for pid in (11, 12):
            write(shared, "histogram", pid, {("wait_bucket", "0.1"): 2, ("wait_bucket", "+Inf"): 1, ("wait_sum",): 0.5})
        before = collected(shared)

        folder.archive_worker(11)
        folder.archive_worker(12)

        assert collected(shared) == before
        assert before["wait_count",] == 6

    def test_the_largest_stays_the_largest(self, shared):
        for pid, value in ((11, 5.0), (12, 9.0), (13, 7.0)):
            write(shared, "gauge_max", pid, {("slowest",): value})
        for pid in (11, 12, 13):
            folder.archive_worker(pid)

        assert collected(shared) == {("slowest",): 9}

    def test_gauges_of_the_moment_are_dropped(self, shared):
        for mode in ("livesum", "livemax", "liveall"):
            for pid in (11, 12):
                write(shared, f"gauge_{mode}", pid, {(mode,): 4})

        folder.archive_worker(11)

        assert sorted(path.name for path in shared.glob("*.db")) == [
            "gauge_liveall_12.db",
            "gauge_livemax_12.db",
            "gauge_livesum_12.db",
        ]

    def test_a_worker_whose_pid_ends_alike_is_left_alone(self, shared):
        write(shared, "counter", 111, {("beats_total",): 1})

        folder.archive_worker(11)

        assert (shared / "counter_111.db").exists()

    def test_a_worker_without_files_or_archived_twice_changes_nothing(self, shared):
        write(shared, "counter", 11, {("beats_total",): 1})

        for _ in range(2):
            folder.archive_worker(11)

        assert collected(shared) == {("beats_total",): 1}

    def test_readers_never_see_half_of_it(self, shared):
        """Neither twice, in both files, nor in none."""
        pids = range(1000, 1100)
        for pid in pids:
            write(shared, "counter", pid, {("beats_total",): 1})
        seen, done = set(), threading.Event()

        def read():
            while not done.is_set():
                with folder.reading():
                    seen.add(collected(shared)["beats_total",])

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for pid in pids:
            folder.archive_worker(pid)
        done.set()
        for reader in readers:
            reader.join()

        assert seen == {100}

    def test_a_reader_that_was_stopped_does_not_stop_the_server(self, shared, monkeypatch):
        monkeypatch.setattr(folder, "LOCK_SECONDS", 0.05)
        write(shared, "counter", 11, {("beats_total",): 1})

        with folder.reading():
            folder.archive_worker(11)

        assert not (shared / "counter_11.db").exists()


def run(code, **environment):
    """In a process of its own, which may make its one folder."""
    done = subprocess.run(
        [sys.executable, "-c", f"from perfmetrics.counting import folder\n{code}"],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


class TestMake:
    def test_only_its_owner_can_read_it(self, tmp_path):
        code = "import os; made = folder.make(); print(oct(os.stat(made).st_mode & 0o777), made.parent)"

        assert run(code, METRICS_DIR=str(tmp_path)) == ["0o700", str(tmp_path)]

    def test_is_known_to_prometheus_client(self, tmp_path):
        code = "import os; print(folder.make() == folder.path(), folder.make() == folder.make())"

        assert run(code, METRICS_DIR=str(tmp_path)) == ["True", "True"]

    def test_makes_the_place_that_is_named(self, tmp_path):
        run("folder.make()", METRICS_DIR=str(tmp_path / "new" / "place"))

        assert (tmp_path / "new" / "place").is_dir()

    def test_holds_when_the_server_started(self, tmp_path):
        before = time.time()
        (started,) = run("folder.make(); print(folder.started())", METRICS_DIR=str(tmp_path))

        assert before <= float(started) <= time.time()

    def test_remove_leaves_nothing(self, tmp_path):
        run("folder.make(); folder.remove(); folder.remove()", METRICS_DIR=str(tmp_path))

        assert not list(tmp_path.iterdir())


class TestLeftovers:
    def left_behind(self, tmp_path, *, seconds_ago):
        run("folder.make()", METRICS_DIR=str(tmp_path))
        (made,) = tmp_path.iterdir()
        os.utime(made, (time.time() - seconds_ago,) * 2)
        return made

    def test_of_a_killed_server_go(self, tmp_path):
        made = self.left_behind(tmp_path, seconds_ago=SECONDS_AGO)
        (tmp_path / "anything-else").mkdir()

        run("folder.make()", METRICS_DIR=str(tmp_path))

        assert not made.exists()
        assert (tmp_path / "anything-else").exists()

    def test_of_a_server_that_just_starts_stay(self, tmp_path):
        made = self.left_behind(tmp_path, seconds_ago=1)

        run("folder.make()", METRICS_DIR=str(tmp_path))

        assert made.exists()

    def test_are_not_what_a_running_server_or_its_workers_hold(self, tmp_path):
        code = f"import os, sys; os.utime(folder.make(), ({time.time() - SECONDS_AGO},) * 2); print('made', flush=True)"
        holding = f"from perfmetrics.counting import folder\n{code}\nif os.fork(): os._exit(0)\nsys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", holding],
            cwd=PROJECT,
            env={**os.environ, "METRICS_DIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout.readline() == b"made\n"
            holder.wait()  # the master is gone, its worker is not
            (held,) = tmp_path.iterdir()

            run("folder.make()", METRICS_DIR=str(tmp_path))

            assert held.exists()
            holder.stdin.close()


def test_without_a_server_there_is_no_folder(monkeypatch):
    monkeypatch.delenv(folder.VARIABLE)

    assert folder.path() is None
    assert folder.started() <= time.time()
    folder.archive_worker(1)
    with folder.reading() as path:
        assert path is None


def test_the_tests_own_is_private():
    assert stat.S_IMODE(folder.path().stat().st_mode) == 0o700


def test_uvicorn_alone_makes_one_and_removes_it(committed, tmp_path):
    place, port = tmp_path / "figures", free_port()
    environment = {key: value for key, value in os.environ.items() if key != folder.VARIABLE}
    environment |= {"METRICS_DIR": str(place), "METRICS_ALLOWED_ADDRESSES": "127.0.0.1", "DATABASE_URL": database_url()}
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--lifespan", "on"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    running = Service(f"http://127.0.0.1:{port}", process, tmp_path / "log")
    wait_until_ready(running)

    text = httpx.get(f"{running.url}/metrics").text
    assert len(list(place.iterdir())) == 1
    running.stop()

    assert "sandglass_workers 1.0" in text
    assert not list(place.iterdir())
