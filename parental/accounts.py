"""Registering and logging in (contract, "/auth")."""

from datetime import datetime

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction
from psycopg import errors

from parental import passwords, tokens
from parental.models import User
from viewing.errors import Refusal


async def register(*, email: str, password: str, now: datetime) -> dict[str, str]:
    """A new account and its first token pair. Refusal 409 for a taken address, 429 when too many hashes wait."""
    if await sync_to_async(User.objects.filter(email=email).exists)():
        raise _taken()
    encoded = await passwords.make_hash(password)
    return await sync_to_async(_create)(email, encoded, now=now)


def _create(email: str, encoded: str, *, now: datetime) -> dict[str, str]:
    try:
        with transaction.atomic():
            user = User.objects.create(email=email, password=encoded, date_joined=now, last_login=now)
            return tokens.begin_family(user.id, now=now)
    except IntegrityError as error:
        if isinstance(error.__cause__, errors.UniqueViolation):
            raise _taken() from error
        raise


def _taken() -> Refusal:
    return Refusal(409, "Email already registered")


async def log_in(*, email: str, password: str, now: datetime) -> dict[str, str]:
    """A token pair. Refusal 401, the same for whatever is wrong; 429 as `passwords.check`."""
    proven = await passwords.check(email=email, password=password, now=now)
    pair = await sync_to_async(_begin)(email, proven, now=now) if proven else None
    if pair is None:
        raise Refusal(401, "Invalid email or password")
    return pair


@transaction.atomic
def _begin(email: str, proven: passwords.Proven, *, now: datetime) -> dict[str, str] | None:
    # The update locks the row: a password changed, or an account deactivated, while bcrypt ran gets no log-in.
    account = User.objects.filter(pk=proven.user_id, password=proven.encoded, is_active=True)
    if not account.update(last_login=now):
        return None
    passwords.forget_tries(email)
    return tokens.begin_family(proven.user_id, now=now)
