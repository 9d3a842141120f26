"""Raw sockets: clients that send half of a request, too much of one, or do not read their answer."""

import json
import re
import socket
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit


def connect(url, *, receive_buffer=None, source=None):
    """A connection; with a small receive buffer the kernel takes little of an answer that nobody reads."""
    parts = urlsplit(url)
    client = socket.socket()
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source is not None:
        client.bind((source, 0))
    client.settimeout(30)
    client.connect((parts.hostname, parts.port))
    return client


def head(path, *, method="GET", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def read_status(client):
    """The status of the next answer, which is read to its end; None where the server closed the connection."""
    try:
        start = _read_head(client)
        if start is None:
            return None
        length = re.search(rb"content-length: (\d+)", start, re.IGNORECASE)
        missing = int(length[1]) if length else 0
        while missing > 0:
            missing -= len(client.recv(missing))
    except ConnectionResetError:
        return None
    return int(start.split()[1])


def _read_head(client):
    """The head of the next answer, and nothing of what follows it: that may be another answer."""
    while waiting := client.recv(65536, socket.MSG_PEEK):
        end = waiting.find(b"\r\n\r\n")
        if end >= 0:
            return client.recv(end + 4)
        time.sleep(0.001)
    return None


def read_answer(client, *, has_body=True):
    """The head of the next answer, and its body as it came: with its chunks, where its head does not say its length."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = client.recv(65536)
        assert data, "closed without an answer"
        received += data
    start, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", start)
    while has_body and not (len(body) == int(length[1]) if length else body.endswith(b"0\r\n\r\n")):
        data = client.recv(65536)
        assert data, "closed within an answer"
        body += data
    return start, body


def until_closed(client):
    """What the server sends until it closes. TimeoutError after 30 s without a byte."""
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def exchange(url, data):
    """Everything that the server answers to these bytes, when it closes the connection afterwards."""
    with closing(connect(url)) as client:
        with suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(data)
        return until_closed(client)


def is_open(client):
    """Whether the server has not closed the connection; nothing may be waiting to be read."""
    client.setblocking(False)
    try:
        return bool(client.recv(1))
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    finally:
        client.settimeout(30)


def memory_mib(pid):
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def beat_on(client, child, **changes):
    """One heartbeat on an open connection; its status."""
    body = json.dumps(child.body(**changes)).encode()
    path = "/api/v1/viewing-time/heartbeat"
    client.sendall(head(path, method="POST", Authorization=f"Bearer {child.token}", Content_Length=len(body)) + body)
    return read_status(client)
