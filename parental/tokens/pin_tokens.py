"""PIN tokens: short-lived proof that the PIN was given."""

from uuid import UUID

from django.conf import settings

from parental.models import Pin
from parental.tokens import signed


def pin_token(pin: Pin) -> str:
    """Proof that the PIN was given just now; worth nothing after a change of the PIN."""
    return signed.sign(signed.PIN, pin.user_id, pin.version)


def is_valid(token: str | None, pin: Pin) -> bool:
    """Whether the PIN token is of this account, of this PIN, and younger than `PIN_TOKEN_SECONDS`."""
    ids = token and signed.read(signed.PIN, token, seconds=settings.PIN_TOKEN_SECONDS)
    return ids == (pin.user_id, pin.version)


def proves_pin(user_id: UUID, pin_token: str | None) -> bool:
    """Whether the token proves the account's present PIN; an account without a PIN has nothing to prove it with."""
    pin = Pin.objects.filter(pk=user_id).first() if pin_token else None
    return pin is not None and is_valid(pin_token, pin)
