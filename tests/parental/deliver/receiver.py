"""A platform's receiver of webhooks, in a process of its own: it verifies with the library and notes what it got.

Usage: python receiver.py FOLDER. It writes its port to FOLDER/port, reads the secret of each path from
FOLDER/secrets.json, and appends one line of JSON per request to FOLDER/received. How it answers is in the path.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from standardwebhooks import Webhook, WebhookVerificationError

FOLDER = Path(sys.argv[1])
lock = threading.Lock()
seen: dict[str, int] = {}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        wishes = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers["content-length"]))
        with lock:
            seen[self.path] = seen.get(self.path, 0) + 1
            turn = seen[self.path]
        statuses = wishes.get("status", "200").split(",")
        status = int(statuses[min(turn, len(statuses)) - 1])
        self._note(url.path, body, status)
        time.sleep(float(wishes.get("seconds", "0")))
        self._answer(status, wishes)
        with lock, (FOLDER / "answered").open("a") as answered:
            answered.write(url.path + "\n")

    def _note(self, path: str, body: bytes, status: int) -> None:
        secrets = json.loads((FOLDER / "secrets.json").read_text())
        try:
            Webhook(secrets[path]).verify(body, dict(self.headers))
            verified = True
        except WebhookVerificationError:
            verified = False
        line = {
            "path": path,
            "id": self.headers["webhook-id"],
            "timestamp": int(self.headers["webhook-timestamp"]),
            "signatures": len(self.headers["webhook-signature"].split(" ")),
            "agent": self.headers["user-agent"],
            "verified": verified,
            "status": status,
            "body": body.decode(),
        }
        with lock, (FOLDER / "received").open("a") as received:
            received.write(json.dumps(line) + "\n")

    def _answer(self, status: int, wishes: dict[str, str]) -> None:
        content = b"noted" * int(wishes.get("times", "1"))
        self.send_response(status)
        if "retry_after" in wishes:
            self.send_header("Retry-After", wishes["retry_after"])
        if "location" in wishes:
            self.send_header("Location", wishes["location"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST  # noqa: N815 — a followed redirect would come as one

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    # Started again, it is where it was.
    before = int((FOLDER / "port").read_text()) if (FOLDER / "port").exists() else 0
    server = ThreadingHTTPServer(("127.0.0.1", before), Receiver)
    server.daemon_threads = True
    (FOLDER / "port.new").write_text(str(server.server_address[1]))
    (FOLDER / "port.new").rename(FOLDER / "port")
    server.serve_forever()
