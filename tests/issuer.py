"""An identity provider in a process of its own (`issuer_server.py`): keys that rotate, tokens on demand, logins."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

AUDIENCE = "sandglass"
# Its client: the parents' pages.
CLIENT_ID, CLIENT_SECRET = "sandglass-pages", "a secret/of the client"


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

    def log_in(self, subject: str, **claims: Any) -> None:
        """The next person on its login page is this one; `claims` differ in the ID token, `...` leaves one out."""
        changes = {name: None if value is ... else value for name, value in claims.items()}
        httpx.post(f"{self.url}/person", json={"sub": subject, "claims": changes}).raise_for_status()

    def set_login_time(self, age: int) -> None:
        """How many seconds ago that person logged in."""
        httpx.post(f"{self.url}/age", json=age).raise_for_status()

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
    process = subprocess.Popen([sys.executable, "-m", "tests.issuer_server"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Issuer(f"http://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
