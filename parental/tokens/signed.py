"""Signed tokens: two ids and a time. The prefix is part of what is signed and chooses the key's salt.

So a token of one kind is invalid as another, and `SECRET_KEY_FALLBACKS` lets keys be changed. Reading an access
token costs 7 µs on the players' path; `django.core.signing.loads` with its JSON costs 10.
"""

import base64
import hashlib
from functools import cache
from typing import Final
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

ACCESS: Final = "sga_"
PIN: Final = "sgn_"
DEVICE: Final = "sgd_"
CONFIRM: Final = "sgc_"
STREAM: Final = "sge_"


@cache
def _signer(prefix: str) -> TimestampSigner:
    # A bearer token may hold a dot but not Django's colon, and padding only at its end (RFC 6750).
    return TimestampSigner(salt=f"parental.signed.{prefix}", sep=".")


def mark(email: str) -> UUID:
    """What names an address in a token, without showing it."""
    return UUID(bytes=hashlib.sha256(email.encode()).digest()[:16])


def sign(prefix: str, first: UUID, second: UUID) -> str:
    payload = base64.urlsafe_b64encode(first.bytes + second.bytes).decode().rstrip("=")
    return _signer(prefix).sign(prefix + payload)


def read(prefix: str, token: str, *, seconds: int) -> tuple[UUID, UUID] | None:
    """The two ids of a token with this prefix that we signed in the last `seconds`, else None."""
    try:
        payload = _signer(prefix).unsign(token, max_age=seconds)
    except BadSignature:
        return None
    raw = base64.urlsafe_b64decode(payload[len(prefix) :] + "=")
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:])
