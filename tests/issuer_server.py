"""The process of `tests/issuer.py`: it prints its port and serves until it is killed."""

import base64
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from tests.issuer import CLIENT_ID, CLIENT_SECRET


def new_keys() -> dict[str, Any]:
    return {
        "RS256": RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig"}, auto_kid=True),
        "ES256": ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True),
        "EdDSA": OKPKey.generate_key("Ed25519", {"alg": "EdDSA", "use": "sig"}, auto_kid=True),
    }


class State:
    def __init__(self) -> None:
        self.url = ""
        self.keys = new_keys()
        self.fetches = 0
        # Who logs in next, and how many seconds ago that was.
        self.person: dict[str, Any] = {}
        self.age = 0
        self.codes: dict[str, dict[str, Any]] = {}

    def sign(self, alg: str, claims: dict[str, Any]) -> str:
        key = self.keys[alg]
        return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])

    # GET ------------------------------------------------------------------------------------------------------------

    def discovery(self) -> str:
        names = {"jwks_uri": "jwks", "authorization_endpoint": "authorize", "token_endpoint": "token"}
        return json.dumps({"issuer": self.url, **{name: f"{self.url}/{path}" for name, path in names.items()}})

    def jwks(self) -> str:
        self.fetches += 1
        return json.dumps(KeySet(list(self.keys.values())).as_dict(private=False))

    def pem(self) -> str:
        return str(self.keys["RS256"].as_pem(private=False).decode())

    def authorize(self, asked: dict[str, str]) -> str:
        """The person has logged in and agreed: where the browser goes back to, with a code that is good once."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "person": self.person}
        query = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return f"{asked['redirect_uri']}?{query}"

    # POST -----------------------------------------------------------------------------------------------------------

    def redeem(self, asked: dict[str, str], authorization: str | None) -> str | None:
        """The ID token for a code: of this client, for the same address, with the verifier of its challenge."""
        began = self.codes.pop(asked.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        basic = base64.b64encode(f"{CLIENT_ID}:{quote(CLIENT_SECRET, safe='')}".encode()).decode()
        if (
            began is None
            or began["code_challenge"] != challenge.decode().rstrip("=")
            or (began["client_id"], began["redirect_uri"]) != (CLIENT_ID, asked.get("redirect_uri"))
            or authorization != f"Basic {basic}"
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": began["person"]["sub"],
            "nonce": began["nonce"],
            "iat": now,
            "exp": now + 300,
            "auth_time": now - self.age,
            **began["person"]["claims"],
        }
        token = self.sign("ES256", {name: value for name, value in claims.items() if value is not None})
        return json.dumps({"access_token": "unused", "token_type": "Bearer", "id_token": token})

    def set(self, name: str, value: Any) -> str:
        setattr(self, name, value)
        return ""


state = State()
GET: dict[str, Callable[[], str]] = {
    "/.well-known/openid-configuration": state.discovery,
    "/jwks": state.jwks,
    "/pem": state.pem,
    "/fetches": lambda: str(state.fetches),
}
POST: dict[str, Callable[[Any], str]] = {
    "/rotate": lambda _asked: state.set("keys", new_keys()),
    "/person": lambda asked: state.set("person", asked),
    "/age": lambda asked: state.set("age", asked),
    "/sign": lambda asked: state.sign(asked["alg"], asked["claims"]),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path == "/authorize":
            self.answer("", status=302, location=state.authorize(dict(parse_qsl(asked.query))))
        else:
            self.answer(GET[asked.path]())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/token":
            token = state.redeem(dict(parse_qsl(body.decode())), self.headers.get("Authorization"))
            self.answer(token or json.dumps({"error": "invalid_grant"}), status=200 if token else 400)
        else:
            self.answer(POST[self.path](json.loads(body) if body else None))

    def answer(self, text: str, *, status: int = 200, location: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
