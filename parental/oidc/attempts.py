"""A login at the issuer that a browser has begun: kept in a signed cookie of its own, so that strangers leave no row.

The cookie binds the answer to the browser that asked: nobody can hand their own code to somebody else.
"""

import secrets
from dataclasses import asdict, dataclass, field
from typing import Final, Literal, get_args

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Purpose = Literal["login", "link", "pin"]
PURPOSES: Final = get_args(Purpose)
COOKIE: Final = "sandglass_oidc"
SALT: Final = "parental.oidc.attempts"
SECONDS: Final = 600
PATH: Final = "/login"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Attempt:
    """`user_id`: who was logged in, where that matters; `target`: the page of ours to go on to, or ""."""

    purpose: Purpose
    user_id: str = ""
    target: str = ""
    state: str = field(default_factory=_random)
    nonce: str = field(default_factory=_random)
    # PKCE: the issuer gives the ID token only to a client that knows it.
    verifier: str = field(default_factory=_random)


def remember(response: HttpResponseBase, attempt: Attempt) -> None:
    response.set_cookie(
        COOKIE,
        signing.dumps(asdict(attempt), salt=SALT),
        max_age=SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def recall(request: HttpRequest) -> Attempt | None:
    """The attempt that this browser began in the last ten minutes, or None."""
    try:
        return Attempt(**signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS))
    except (signing.BadSignature, TypeError):
        return None


def forget(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
