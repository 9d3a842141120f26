"""What one client may send, hold and wait for: raw sockets against a real process with short deadlines."""

import resource
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from perfmetrics.counting import metrics
from tests import processes
from tests.families import make_child
from tests.races import until
from tests.wire import beat_on, connect, exchange, head, is_open, memory_mib, read_status, until_closed

pytestmark = pytest.mark.slow

LIVE = "/health/live"


@pytest.fixture(scope="module")
def edge(committed, real_time, tmp_path_factory):
    """One worker that waits a second for headers, bodies and readers, and three between two requests."""
    seconds = {"HEADER_TIMEOUT_SECONDS": "1", "BODY_TIMEOUT_SECONDS": "1", "WRITE_TIMEOUT_SECONDS": "1"}
    log = tmp_path_factory.mktemp("edge") / "log"
    with processes.service(log, KEEPALIVE_SECONDS="6", **seconds) as running:
        yield running


def status(answer):
    return int(answer.split()[1]) if answer else None


class TestHeaders:
    @pytest.mark.parametrize(
        "sent",
        [
            head(LIVE, X="y" * 33_000),
            head(LIVE + "?" + "q" * 33_000),
            head(LIVE, **{f"X{n}": "y" for n in range(100)}),
            head(LIVE, X="y" * 33_000)[:-4],
            head(LIVE, **{f"X{n}": "y" for n in range(200)})[:-4],
        ],
        ids=["bytes", "path", "number", "unfinished", "unfinished number"],
    )
    def test_too_much_is_refused_and_the_connection_closed(self, edge, sent):
        answer = exchange(edge.url, sent)

        assert status(answer) == 431
        assert b"connection: close" in answer
        assert answer.endswith(b'{"detail": "Request header fields too large"}')

    @pytest.mark.parametrize(
        "sent", [head(LIVE, X="y" * 32_000), head(LIVE, **{f"X{n}": "y" for n in range(99)})], ids=["bytes", "number"]
    )
    def test_much_is_not(self, edge, sent):
        with closing(connect(edge.url)) as client:
            for _ in range(2):
                client.sendall(sent)
                assert read_status(client) == 200

    def test_a_request_behind_a_large_body_has_the_same_limits(self, edge):
        body = b" " * 60_000
        first = head("/api/v1/auth/login", method="POST", Content_Length=len(body)) + body

        with closing(connect(edge.url)) as client:
            client.sendall(first + head(LIVE, X="y" * 32_000))
            assert read_status(client) == 400
            assert read_status(client) == 200

    def test_endless_headers_take_no_memory(self, edge):
        (worker,) = edge.workers()
        before = memory_mib(worker)
        with closing(connect(edge.url)) as client:
            try:
                client.sendall(head(LIVE)[:-2])
                for _ in range(500):
                    client.sendall(b"x: y\r\n" * 5000)
            except (ConnectionResetError, BrokenPipeError):
                pass
            else:
                pytest.fail("15 MB of headers were read")

        assert memory_mib(worker) - before < 30

    def test_endless_trailers_are_headers_too(self, edge):
        (worker,) = edge.workers()
        before = memory_mib(worker)
        chunked = head("/api/v1/auth/login", method="POST", Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n"
        with closing(connect(edge.url)) as client:
            try:
                client.sendall(chunked)
                for _ in range(500):
                    client.sendall(b"x: y\r\n" * 5000)
            except (ConnectionResetError, BrokenPipeError):
                pass
            else:
                pytest.fail("15 MB of trailers were read")

        assert memory_mib(worker) - before < 30

    def test_no_http_at_all_is_400(self, edge):
        assert status(exchange(edge.url, b"\x16\x03\x01 hello\r\n\r\n")) == 400


class TestDeadlines:
    def test_a_connection_that_says_nothing_is_closed_without_an_answer(self, edge):
        assert exchange(edge.url, b"") == b""

    def test_half_a_head_is_408(self, edge):
        assert status(exchange(edge.url, head(LIVE)[:-2])) == 408

    def test_a_head_that_comes_byte_by_byte_is_408(self, edge):
        with closing(connect(edge.url)) as client:
            for byte in head(LIVE, X="y" * 1000):
                try:
                    client.send(bytes([byte]))
                except (ConnectionResetError, BrokenPipeError):
                    break
                time.sleep(0.02)
            else:
                pytest.fail("it was read for 20 s")

    @pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/viewing-time/heartbeat", "/login"])
    def test_half_a_body_is_408(self, edge, path):
        assert status(exchange(edge.url, head(path, method="POST", Content_Length=5000) + b"{")) == 408

    def test_a_refused_body_that_goes_on_is_closed(self, edge):
        sent = head("/api/v1/auth/login", method="POST", Content_Length=10_000_000) + b" " * 100_000

        answer = exchange(edge.url, sent)

        assert status(answer) == 413
        assert answer.count(b"HTTP/1.1") == 1

    def test_half_a_second_request_is_408_and_the_first_is_answered(self, edge):
        with closing(connect(edge.url)) as client:
            client.sendall(head(LIVE))
            assert read_status(client) == 200
            client.sendall(head(LIVE)[:-2])

            assert status(until_closed(client)) == 408

    def test_between_two_requests_a_player_has_more_time(self, edge):
        child = make_child()
        with closing(connect(edge.url)) as client:
            assert beat_on(client, child) == 200
            time.sleep(4)  # longer than any other deadline of this service, at the sweep's latest
            assert beat_on(client, child, device_id="another") in (200, 409)

            assert until_closed(client) == b""  # after its six seconds


class TestReaders:
    def test_a_client_that_reads_nothing_is_cut_off(self, edge):
        (worker,) = edge.workers()
        with ExitStack() as stack:
            for _ in range(4):
                client = stack.enter_context(closing(connect(edge.url, receive_buffer=2048)))
                client.sendall(head("/player/") * 60)
            until(lambda: established(worker) == 0)

    def test_a_client_that_reads_slowly_gets_everything(self, edge):
        whole = httpx.get(f"{edge.url}/player/").content
        with closing(connect(edge.url, receive_buffer=2048)) as client:
            client.sendall(head("/player/") * 60 + head(LIVE, Connection="close"))
            received = 0
            deadline = time.monotonic() + 5  # longer than the time without progress
            while data := client.recv(4096):
                received += len(data)
                if time.monotonic() < deadline:
                    time.sleep(0.02)

        assert received > 60 * len(whole)


def established(worker):
    """Connections of clients that a worker holds, by its descriptors: the listening socket is none."""
    found = subprocess.run(
        [sys.executable, "-c", SOCKETS, str(worker)], capture_output=True, text=True, check=True
    ).stdout
    return int(found)


SOCKETS = """
import os, sys
pid = sys.argv[1]
inodes = set()
for fd in os.listdir(f"/proc/{pid}/fd"):
    try:
        link = os.readlink(f"/proc/{pid}/fd/{fd}")
    except OSError:
        continue
    if link.startswith("socket:["):
        inodes.add(link[8:-1])
rows = [line.split() for line in open(f"/proc/{pid}/net/tcp").readlines()[1:]]
port = {row[1].split(":")[1] for row in rows if row[3] == "0A" and row[9] in inodes}
print(sum(row[9] in inodes and row[3] != "0A" and row[1].split(":")[1] in port for row in rows))
"""


def ended(running):
    """How many connections the service refused or cut off, by reason."""
    families = text_string_to_metric_families(httpx.get(f"{running.url}/metrics").text)
    (family,) = (family for family in families if family.name == "sandglass_connections_ended")
    return {sample.labels["reason"]: sample.value for sample in family.samples if sample.name.endswith("_total")}


def test_each_end_is_counted_by_its_reason(edge):
    before = ended(edge)
    assert set(before) == set(metrics.ENDINGS)

    exchange(edge.url, b"")
    exchange(edge.url, head(LIVE)[:-2])
    exchange(edge.url, head("/login", method="POST", Content_Length=5000) + b"{")
    exchange(edge.url, head(LIVE, X="y" * 33_000))
    with closing(connect(edge.url, receive_buffer=2048)) as client:
        client.sendall(head("/api/v1/openapi.json") * 100)  # more than the kernel takes
        until(lambda: ended(edge)["write_timeout"] == before["write_timeout"] + 1)

    now = ended(edge)
    counts = {reason: now[reason] - before[reason] for reason in now if now[reason] != before[reason]}
    assert counts == {"headers_timeout": 2, "body_timeout": 1, "headers_too_large": 1, "write_timeout": 1}


class TestCaps:
    def test_half_requests_keep_no_player_out_where_descriptors_are_few(self, committed, real_time, tmp_path):
        child = make_child()
        limit = 300
        with few_descriptors(limit), processes.service(tmp_path / "log", HEADER_TIMEOUT_SECONDS="60") as running:
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
            with ExitStack() as stack:
                for _ in range(3 * limit):
                    stack.enter_context(closing(connect(running.url))).sendall(head(LIVE)[:-2])
                for n in range(20):
                    with closing(connect(running.url)) as client:
                        assert beat_on(client, child, device_id=f"device {n}", session_id=...) == 200
                assert httpx.get(f"{running.url}/health/ready").status_code == 200
            assert '"event": "few_descriptors"' in running.log.read_text()
            assert running.log.read_text().count('"event": "connection_limit"') == 1
            assert ended(running)["connection_limit"] >= 2 * limit

    def test_at_the_limit_the_one_that_was_idle_longest_gives_way(self, committed, real_time, tmp_path):
        with processes.service(tmp_path / "log", MAX_CONNECTIONS="16") as running, ExitStack() as stack:
            clients = []
            for _ in range(20):
                client = stack.enter_context(closing(connect(running.url)))
                client.sendall(head(LIVE))
                assert read_status(client) == 200
                clients.append(client)

            assert [is_open(client) for client in clients] == [False] * 4 + [True] * 16

    def test_one_source_holds_no_more_than_its_share(self, committed, real_time, tmp_path):
        shared = "10.0.0.0/8"  # so that addresses of this machine are taken for clients'
        settings = {"MAX_CONNECTIONS_PER_SOURCE": "3", "SHARED_SOURCES": shared}
        with processes.service(tmp_path / "log", **settings) as running, ExitStack() as stack:
            opened = []
            for _ in range(5):
                client = stack.enter_context(closing(connect(running.url, source="127.0.0.7")))
                client.sendall(head(LIVE))
                opened.append(client)
            answers = [read_status(client) for client in opened]
            assert answers == [200, 200, 200, None, None]
            assert ended(running)["source_limit"] == 2
            assert httpx.get(f"{running.url}{LIVE}").status_code == 200  # from 127.0.0.1

            opened[0].close()
            until(lambda: exchange_once(running.url, source="127.0.0.7") == 200)

    def test_peers_that_are_proxies_are_not_counted(self, committed, real_time, tmp_path):
        with processes.service(tmp_path / "log", MAX_CONNECTIONS_PER_SOURCE="1") as running, ExitStack() as stack:
            for _ in range(5):
                client = stack.enter_context(closing(connect(running.url)))
                client.sendall(head(LIVE))
                assert read_status(client) == 200


def exchange_once(url, *, source):
    with closing(connect(url, source=source)) as client:
        try:
            client.sendall(head(LIVE))
        except OSError:
            return None
        return read_status(client)


@contextmanager
def few_descriptors(limit):
    """The processes started inside may have this many files and sockets."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
