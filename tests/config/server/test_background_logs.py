"""The server's log lines are written by a thread of their own, which may be held up; the service is not."""

import asyncio
import json
import logging
import os
import select
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress

import httpx
import pytest

from config import logs
from tests import processes
from tests.families import make_child
from tests.load import closed_loop

pytestmark = pytest.mark.slow

PIPE_BYTES = 65_536


@contextmanager
def pipe():
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(writing)


def handler_for(descriptor, **options):
    handler = logs.BackgroundHandler(descriptor, **options)
    handler.setFormatter(logs.formatter("json"))
    return handler


def record(message="an_event", *args, **fields):
    made = logging.LogRecord("tests", logging.INFO, __file__, 1, message, args, None)
    made.fields = fields
    return made


def read_all(reading):
    """What is in the pipe now."""
    text = b""
    while select.select([reading], [], [], 0.2)[0] and (part := os.read(reading, PIPE_BYTES)):
        text += part
    return [json.loads(line) for line in text.decode().splitlines()]


def test_lines_come_whole_and_in_order():
    with pipe() as (reading, writing), closing(handler_for(writing)) as handler:
        for n in range(300):
            handler.handle(record(n=n))
        handler.flush()

        assert [line["n"] for line in read_all(reading)] == list(range(300))


def test_a_message_is_what_it_was_when_it_was_written():
    things = ["one"]
    with pipe() as (reading, writing), closing(handler_for(writing)) as handler:
        made = record("%s", things)
        handler.handle(made)
        things.append("two")  # the thread may come to it before or after
        handler.flush()

        assert made.getMessage() == read_all(reading)[0]["event"] == "['one']"


def test_a_blocked_pipe_holds_up_nobody_and_what_is_dropped_is_counted():
    with pipe() as (reading, writing):
        handler = handler_for(writing, max_waiting=100)
        lines = PIPE_BYTES // 1000 + 100 + 100 + 50
        for _ in range(lines):
            handler.handle(record(text="x" * 1000))
        # Nobody has read so far; all calls came back.
        found = read_all(reading)
        handler.handle(record("the_last"))
        handler.flush()
        found += read_all(reading)

    dropped = sum(line["count"] for line in found if line["event"] == "log_lines_dropped")
    assert dropped > 0
    assert sum(line["event"] == "an_event" for line in found) + dropped == lines
    assert [line["event"] for line in found].count("the_last") == 1


def test_flush_gives_up_on_a_blocked_pipe(monkeypatch):
    monkeypatch.setattr(logs, "FLUSH_SECONDS", 0.05)
    with pipe() as (reading, writing):
        handler = handler_for(writing)
        for _ in range(200):
            handler.handle(record(text="x" * 1000))

        handler.flush()

        assert len(read_all(reading)) > 60


def test_a_pipe_that_nobody_reads_any_more_is_survived():
    with pipe() as (reading, writing):
        handler = handler_for(writing)
        os.close(reading)
        for _ in range(3):
            handler.handle(record())
            handler.flush()

        assert handler._thread.is_alive()


def test_a_field_that_cannot_be_rendered_is_reported():
    class Broken:
        def __str__(self):
            raise ValueError("no")

    with pipe() as (reading, writing), closing(handler_for(writing)) as handler:
        handler.handle(record(field=Broken()))
        handler.handle(record("the_next"))
        handler.flush()

        assert [line["event"] for line in read_all(reading)] == ["log_line_broken", "the_next"]


def test_lines_of_several_processes_are_not_mixed_up():
    """A pipe takes 4 KiB in one piece: lines go out in parcels that fit."""
    lines = [b"x" * 999 + b"\n"] * 10 + [b"y" * 9000 + b"\n"] + [b"z\n"]

    parcels = list(logs._together(lines))

    assert b"".join(parcels) == b"".join(lines)
    assert [len(parcel) for parcel in parcels] == [4000, 4000, 2000, 9001, 2]


def test_a_process_that_ends_while_its_log_is_blocked_still_ends():
    code = """
import logging
from config import logs
handler = logs.BackgroundHandler()
handler.setFormatter(logs.formatter("json"))
logging.getLogger().addHandler(handler)
for _ in range(500):
    logging.warning("x" * 1000)
"""
    ended = subprocess.Popen(
        [sys.executable, "-c", code], cwd=processes.PROJECT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )

    assert ended.wait(30) == 0
    ended.stderr.close()


# The service ---------------------------------------------------------------------------------------------------------


def test_every_line_of_the_service_is_json_also_gunicorns_and_uvicorns(committed, real_time, tmp_path):
    child = make_child()
    with processes.service(tmp_path / "log", workers=2, LOG_LEVEL="INFO") as running:
        with httpx.Client(base_url=running.url) as http:
            child.watch(http, 3)
        running.stop()
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]

    logged = {(line["logger"], line["event"].partition(":")[0]) for line in lines}
    assert ("gunicorn.error", "Booting worker with pid") in logged
    assert ("uvicorn.error", "Application shutdown complete.") in logged
    assert ("uvicorn.error", "Application startup complete.") in logged
    assert ("config.server.lifespan", "stopped") in logged
    assert not [line for line in lines if line["logger"].endswith(".access")]  # a line for each request
    counts = [line["count"] for line in lines if line["event"] == "heartbeats_processed"]
    assert sum(counts) == 3


def test_warnings_alone_may_be_asked_for(committed, real_time, tmp_path):
    child = make_child()
    with processes.service(tmp_path / "log", LOG_LEVEL="WARNING", SLOW_REQUEST_WARNING_MS="1") as running:
        with httpx.Client(base_url=running.url) as http:
            child.watch(http, 1)
        running.stop()
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]

    assert {line["level"] for line in lines} == {"warning"}
    assert "slow_request" in {line["event"] for line in lines}


@pytest.fixture
def unread_log(tmp_path):
    """A named pipe with a reader that reads nothing until the test is over."""
    path = tmp_path / "log"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reading
    os.close(reading)


def test_a_log_that_nobody_reads_stops_no_heartbeat(committed, real_time, unread_log):
    path, reading = unread_log
    children = [make_child() for _ in range(5)]
    with processes.service(path, LOG_LEVEL="DEBUG") as running:
        # Two lines a beat, 150 bytes and more each: three times what the pipe holds.
        load = asyncio.run(closed_loop(running.url, children, beats_each=150))
        assert is_full(path)
        again = asyncio.run(closed_loop(running.url, children, beats_each=10))

        assert (load.statuses, again.statuses) == ({200: 750}, {200: 50})
        running.process.terminate()
        while running.process.poll() is None:  # its master writes lines too, and waits for room
            with suppress(BlockingIOError):
                os.read(reading, PIPE_BYTES)
            time.sleep(0.01)
    assert running.process.returncode == 0


def is_full(path):
    """Whether a writer must wait. The number of bytes does not show it: a half-full page takes no longer line."""
    writing = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        return not select.select([], [writing], [], 0)[1]
    finally:
        os.close(writing)
