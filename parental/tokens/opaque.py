"""Opaque tokens: a prefix and 256 random bits, stored as a hash."""

import hashlib
import secrets
from typing import Final

PLAYER_PREFIX: Final = "sgp_"
GATEWAY_PREFIX: Final = "sgg_"
SERVICE_PREFIX: Final = "sgs_"
AUTOMATION_PREFIX: Final = "sgt_"
# Of a screen that waits to be paired.
DEVICE_CODE_PREFIX: Final = "sgq_"


def digest(token: str) -> bytes:
    """What is stored of an opaque token. It holds 256 random bits, so a fast hash without salt is enough."""
    return hashlib.sha256(token.encode()).digest()


def new_opaque(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)
