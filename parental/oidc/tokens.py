"""JWTs of the platform's own login as bearer tokens (docs/contract.md#platforms-own-login).

PyJWT verifies them. A token that was accepted is cached by its hash for at most 60 s, so a heartbeat with one costs
what one with our own tokens costs; who it speaks for is read with the other misses, in one statement.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import jwt
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from parental.oidc import sql
from parental.oidc.keys import keys
from parental.platform import accounts
from parental.tokens.opaque import digest
from viewing.caller import Caller
from viewing.fields import EXTERNAL_ID_PATTERN
from viewing.hotpath.lookup import Fetcher, Key, Lookup

# How the header of every JWT begins: '{"' in base64url.
PREFIX: Final = "eyJ"
ALGORITHMS: Final = ["RS256", "ES256", "EdDSA"]
LEEWAY_SECONDS: Final = 60
MAX_LENGTH: Final = 8192
REQUIRED: Final = ["iss", "aud", "sub", "exp", "iat"]
PROFILE_CLAIM: Final = "sandglass_profile"


@dataclass(frozen=True, slots=True)
class Claims:
    """What of a verified token is used; `expires_at` in seconds since 1970, without leeway."""

    subject: str
    profile: str | None
    expires_at: int


class Asked(bytes):
    """The hash of a token, with its claims for the read that looks them up."""

    claims: Claims


@dataclass(frozen=True, slots=True)
class Accepted:
    caller: Caller
    expires_at: int


def _read_callers(asked: list[Key]) -> Mapping[Key, Accepted]:
    tokens = [key[1] for key in asked if isinstance(key[1], Asked)]
    found = sql.read_subjects([(token.claims.subject, token.claims.profile) for token in tokens])
    accepted: dict[Key, Accepted] = {}
    for n, token in enumerate(tokens):
        caller = _caller(token.claims, *found[n]) if n in found else None
        if caller is not None:
            accepted["jwts", token] = Accepted(caller, token.claims.expires_at)
    return accepted


def _caller(claims: Claims, user_id: UUID, profile_id: UUID | None) -> Caller | None:
    if claims.profile is None:
        return Caller(kind="parent", user_id=user_id)
    return Caller(kind="player", user_id=user_id, profile_id=profile_id) if profile_id is not None else None


_fetcher = Fetcher(_read_callers)
_accepted: Lookup[bytes, Accepted] = Lookup("jwts", _fetcher)


async def authenticate(token: str) -> Caller | None:
    """The parent or player that the issuer's token proves, or None. Refusal 503 without the issuer's keys."""
    key = digest(token)
    found = _accepted.cached(key)
    if found is None or found.expires_at <= timezone.now().timestamp():
        claims = await _verified(token)
        found = None if claims is None else await _look_up(key, claims)
    return None if found is None else found.caller


async def _look_up(key: bytes, claims: Claims) -> Accepted | None:
    asked = Asked(key)
    asked.claims = claims
    found: Accepted | None = (await _fetcher.fetch([("jwts", asked)]))["jwts", asked]
    if found is None and settings.OIDC_CREATE_ACCOUNTS and claims.profile is None:
        await sync_to_async(accounts.put_if_missing)(claims.subject, now=timezone.now())
        # Made now, or by a rival; a deactivated account is still not found.
        found = (await _fetcher.fetch([("jwts", asked)]))["jwts", asked]
    return found


async def _verified(token: str) -> Claims | None:
    claims = await verify(token, audience=settings.OIDC_AUDIENCE)
    return None if claims is None else _used(claims)


async def verify(token: str, *, audience: str) -> dict[str, Any] | None:
    """The claims of a token that the issuer made for this audience, or None. Refusal 503 without the issuer's keys."""
    if len(token) > MAX_LENGTH:
        return None
    try:
        header = jwt.get_unverified_header(token)
        key = await keys.find(header.get("kid")) if header.get("alg") in ALGORITHMS else None
        if key is None:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=audience,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return claims


def _used(claims: dict[str, Any]) -> Claims | None:
    subject, profile = claims["sub"], claims.get(PROFILE_CLAIM)
    if not is_external_id(subject) or not (profile is None or is_external_id(profile)):
        return None
    return Claims(subject, profile, int(claims["exp"]))


def is_external_id(claim: object) -> bool:
    return isinstance(claim, str) and re.match(EXTERNAL_ID_PATTERN, claim) is not None
