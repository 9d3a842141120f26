"""The service as a client of the issuer: where to send a browser, and what its answer is worth.

The authorization code flow with PKCE, in the server: the browser carries a code, and only the service sees the ID
token, which `tokens` verifies. django-allauth would bring accounts, models and pages next to ours;
mozilla-django-oidc fetches the keys at every login and has no EdDSA. Of either, these two requests would be left.
"""

import base64
import hashlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import structlog
from django.conf import settings

from parental.oidc import keys
from viewing.errors import Refusal

log = structlog.stdlib.get_logger(__name__)

FRESH_SECONDS: Final = 3600
# Between two requests for the discovery document while they fail.
MIN_PAUSE_SECONDS: Final = 10
MAX_CODE_LENGTH: Final = 2048


class NotProven(Exception):
    """The issuer's answer proves nobody."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorization: str
    token: str
    takes_basic: bool


class _Known:
    """The issuer's endpoints, as this worker last read them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: Endpoints | None = None
        self.tried_at = float("-inf")
        self.fetched_at = float("-inf")

    def read(self) -> Endpoints:
        """Refusal 503 while the issuer is away and was never there; afterwards the last ones are used."""
        with self.lock:
            now = time.monotonic()
            is_old = now - self.fetched_at > FRESH_SECONDS
            if is_old and now - self.tried_at >= MIN_PAUSE_SECONDS:
                self.tried_at = now
                try:
                    self.found, self.fetched_at = _endpoints(keys.read_discovery()), now
                except (OSError, ValueError, KeyError, TypeError) as error:
                    log.warning("issuer_not_read", error=f"{type(error).__name__}: {error}")
            if self.found is None:
                raise Refusal("busy")
            return self.found


def _endpoints(document: Mapping[str, Any]) -> Endpoints:
    # RFC 8414: a document that names another issuer is not this one's.
    if document["issuer"].rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        raise ValueError("the document is another issuer's")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Endpoints(
        authorization=keys.checked_url(document["authorization_endpoint"]),
        token=keys.checked_url(document["token_endpoint"]),
        takes_basic="client_secret_basic" in methods,
    )


known = _Known()


def authorization_url(*, redirect_uri: str, state: str, nonce: str, verifier: str, max_age: int | None) -> str:
    """Where the browser goes to log in. `max_age`: how long ago, in seconds, the person may have done so."""
    endpoint = known.read().authorization
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    parameters = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if max_age is not None:
        parameters |= {"max_age": str(max_age), "prompt": "login"}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def exchange(code: str, *, redirect_uri: str, verifier: str) -> str:
    """The ID token that the issuer gives for a code, not verified yet. Raises NotProven, or Refusal 503."""
    endpoints = known.read()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        "client_id": settings.OIDC_CLIENT_ID,
    }
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    if settings.OIDC_CLIENT_SECRET and endpoints.takes_basic:
        pair = f"{quote(settings.OIDC_CLIENT_ID, safe='')}:{quote(settings.OIDC_CLIENT_SECRET, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif settings.OIDC_CLIENT_SECRET:
        form["client_secret"] = settings.OIDC_CLIENT_SECRET
    request = urllib.request.Request(  # noqa: S310 — `checked_url` looked at it
        endpoints.token, data=urlencode(form).encode(), headers=headers
    )
    try:
        token = json.loads(keys.read(request))["id_token"]
    except urllib.error.HTTPError as error:
        log.warning("issuer_refused_code", status=error.code)
        raise NotProven from error
    except OSError as error:
        log.warning("issuer_not_read", error=type(error).__name__)
        raise Refusal("busy") from error
    except (ValueError, KeyError, TypeError) as error:
        log.warning("issuer_answer_not_understood", error=type(error).__name__)
        raise NotProven from error
    if not isinstance(token, str):
        raise NotProven
    return token
