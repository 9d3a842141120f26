"""Devices on which an account was logged in before: a signed token proves it, in a cookie or in the app's keeping.

It lets nobody in. It counts the device's tries of the password apart from those of strangers, who otherwise could lock
the owner out. It names the address, as a hash, and not the account: it is read before anything is looked up.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from parental.tokens import signed

COOKIE: Final = "sandglass_device"
SEPARATOR: Final = "|"
# As long as browsers keep a cookie; renewed by each login.
SECONDS: Final = 400 * 24 * 60 * 60
MAX_ACCOUNTS: Final = 5


def issue(device_id: UUID, *, email: str) -> str:
    """The token of a device on which the account of this address is logged in."""
    return signed.sign(signed.DEVICE, device_id, signed.mark(email))


def recognize(tokens: Iterable[str], *, email: str) -> UUID | None:
    """The device that one of the tokens proves for this address, or None."""
    for token in tokens:
        ids = signed.read(signed.DEVICE, token, seconds=SECONDS)
        if ids is not None and ids[1] == signed.mark(email):
            return ids[0]
    return None


def tokens_of(request: HttpRequest) -> list[str]:
    """The tokens in the browser's cookie."""
    return request.COOKIES.get(COOKIE, "").split(SEPARATOR)[:MAX_ACCOUNTS]


def remember(request: HttpRequest, response: HttpResponseBase, *, email: str) -> None:
    """Give the browser a token for this address, next to those of the other accounts that were used in it last."""
    held = [token for token in tokens_of(request) if recognize([token], email=email) is None and token]
    device_id = recognize(tokens_of(request), email=email) or uuid4()
    response.set_cookie(
        COOKIE,
        SEPARATOR.join([issue(device_id, email=email), *held][:MAX_ACCOUNTS]),
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
