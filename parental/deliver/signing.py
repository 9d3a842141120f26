"""The secrets of webhook endpoints, encrypted at rest, and the headers of Standard Webhooks made with them."""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"


def new_secret() -> str:
    """As it is shown to staff, once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


@cache
def _fernet(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"sandglass webhook secrets").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def encrypt(secret: str) -> str:
    """A secret as it is stored: under a key that is derived from `SECRET_KEY`."""
    return _fernet(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str | None:
    """A stored secret; None if neither `SECRET_KEY` nor one of `SECRET_KEY_FALLBACKS` encrypted it."""
    keys = [_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    try:
        return MultiFernet(keys).decrypt(stored).decode()
    except InvalidToken:
        return None


def is_current(stored: str) -> bool:
    """Whether it is encrypted under `SECRET_KEY` itself."""
    try:
        _fernet(settings.SECRET_KEY).decrypt(stored)
    except InvalidToken:
        return False
    return True


def message_id(event_id: UUID) -> str:
    """The same for every attempt and replay of an event: the receiver's idempotency key."""
    return f"msg_{event_id.hex}"


def sign(secret: str, message: str, *, at: datetime, body: str) -> str:
    """The signature of one secret. In UTC: the library takes the digits of any other timezone for UTC's."""
    return Webhook(secret).sign(message, at.astimezone(UTC), body)


def headers(secrets_in_use: Sequence[str], event_id: UUID, *, at: datetime, body: str) -> dict[str, str]:
    """The headers of an attempt at `at`, signed with each secret, the newest first."""
    message = message_id(event_id)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(sign(secret, message, at=at, body=body) for secret in secrets_in_use),
    }
