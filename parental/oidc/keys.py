"""The issuer's public keys: fetched in a thread, kept for an hour, used for a day while the issuer is away."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.conf import settings
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from parental.oidc.addresses import is_safe_url
from viewing.errors import Refusal

log = structlog.stdlib.get_logger(__name__)

FRESH_SECONDS: Final = 3600
# While the issuer is away.
USABLE_SECONDS: Final = 24 * 3600
# Between two fetches, however many tokens name a key that is not known.
MIN_PAUSE_SECONDS: Final = 60
TIMEOUT_SECONDS: Final = 5
MAX_BYTES: Final = 262_144


@dataclass
class Keys:
    """The keys of this worker. By the monotonic clock."""

    by_id: dict[str, PyJWK] = field(default_factory=dict)
    fetched_at: float | None = None
    tried_at: float | None = None
    _fetching: "asyncio.Task[None] | None" = None

    async def find(self, key_id: str | None) -> PyJWK | None:
        """The key that a token names (None: the only one); None if the issuer has no such key.

        Refusal 503 while there are no keys at all.
        """
        found = self._known(key_id)
        if found is None or self._age() > FRESH_SECONDS:
            fetching = self._fetch()
            if found is None and fetching is not None:
                await asyncio.shield(fetching)
                found = self._known(key_id)
        if self._age() > USABLE_SECONDS:
            raise Refusal("busy")
        return found

    def _known(self, key_id: str | None) -> PyJWK | None:
        if self._age() > USABLE_SECONDS:
            return None
        if key_id is None:
            return next(iter(self.by_id.values())) if len(self.by_id) == 1 else None
        return self.by_id.get(key_id)

    def _age(self) -> float:
        return float("inf") if self.fetched_at is None else time.monotonic() - self.fetched_at

    def _fetch(self) -> "asyncio.Task[None] | None":
        """The fetch under way, or a new one; None if the last one is too recent."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = time.monotonic()
        if self.tried_at is not None and now - self.tried_at < MIN_PAUSE_SECONDS:
            return None
        self.tried_at = now
        self._fetching = asyncio.create_task(self._read())
        return self._fetching

    async def _read(self) -> None:
        try:
            self.by_id = await asyncio.to_thread(_read_keys)
            self.fetched_at = time.monotonic()
        except (OSError, ValueError, KeyError, TypeError, PyJWTError) as error:
            log.warning("issuer_keys_not_fetched", error=f"{type(error).__name__}: {error}")


def _read_keys() -> dict[str, PyJWK]:
    found = PyJWKSet.from_dict(_get(settings.OIDC_JWKS_URL or read_discovery()["jwks_uri"]))
    return {key.key_id or "": key for key in found.keys}


def read_discovery() -> Any:
    """The issuer's document about itself. Raises OSError or ValueError."""
    return _get(settings.OIDC_ISSUER.rstrip("/") + "/.well-known/openid-configuration")


def _get(url: str) -> Any:
    return json.loads(read(urllib.request.Request(checked_url(url))))  # noqa: S310 — checked


def checked_url(url: str) -> str:
    """An address that the issuer named. Raises ValueError unless it is an https one, or of this machine."""
    if not isinstance(url, str) or not is_safe_url(url):
        raise ValueError("not an https address")
    return url


def read(request: urllib.request.Request) -> bytes:
    """The answer, if it is not too long. Raises OSError or ValueError."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 — checked
            content: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise
    if len(content) > MAX_BYTES:
        raise ValueError("the answer is too long")
    return content


keys = Keys()
