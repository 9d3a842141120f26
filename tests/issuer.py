"""An identity provider in a process of its own: keys that rotate, tokens on demand, and how often it was asked.

Run as a script it prints its port and serves until it is killed.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

AUDIENCE = "sandglass"


@dataclass
class Issuer:
    url: str
    process: subprocess.Popen[bytes]

    def token(self, subject: str = "", *, alg: str = "RS256", **changes: Any) -> str:
        """A token that is good for five minutes unless `changes` says otherwise; `...` leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300, **changes}
        body = {"alg": alg, "claims": {name: value for name, value in claims.items() if value is not ...}}
        return httpx.post(f"{self.url}/sign", json=body).text

    def rotate(self) -> None:
        """New keys; the old ones are no longer published."""
        httpx.post(f"{self.url}/rotate").raise_for_status()

    def public_pem(self) -> bytes:
        return httpx.get(f"{self.url}/pem").content

    def fetches(self) -> int:
        """How often its keys were fetched."""
        return int(httpx.get(f"{self.url}/fetches").text)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def issuer() -> Iterator[Issuer]:
    process = subprocess.Popen([sys.executable, "-m", "tests.issuer"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Issuer(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def serve() -> None:
    from joserfc import jwt
    from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

    def new_keys() -> dict[str, Any]:
        return {
            "RS256": RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig"}, auto_kid=True),
            "ES256": ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True),
            "EdDSA": OKPKey.generate_key("Ed25519", {"alg": "EdDSA", "use": "sig"}, auto_kid=True),
        }

    state: dict[str, Any] = {"keys": new_keys(), "fetches": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://127.0.0.1:{server.server_port}"
            if self.path == "/.well-known/openid-configuration":
                self.answer(json.dumps({"issuer": url, "jwks_uri": f"{url}/jwks"}))
            elif self.path == "/jwks":
                state["fetches"] += 1
                self.answer(json.dumps(KeySet(list(state["keys"].values())).as_dict(private=False)))
            elif self.path == "/pem":
                self.answer(state["keys"]["RS256"].as_pem(private=False).decode())
            else:
                self.answer(str(state["fetches"]))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/rotate":
                state["keys"] = new_keys()
                self.answer("")
                return
            asked = json.loads(body)
            key = state["keys"][asked["alg"]]
            header = {"alg": asked["alg"], "kid": key.kid}
            self.answer(jwt.encode(header, asked["claims"], key, algorithms=[asked["alg"]]))

        def answer(self, text: str) -> None:
            content = text.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve()
