"""Passwords: compared off the event loop, ten tries in five minutes, and what a change of one ends."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from parental.accounts import sql
from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import ANYONE, Client
from parental.events.record import STRANGER, SYSTEM, Actor, for_parent, record, report
from parental.models import PasswordTries, User
from parental.tokens.families import end_token_families
from viewing.errors import Refusal

MAX_TRIES: Final = 10
TRIES_WINDOW: Final = timedelta(minutes=5)
MAX_PRUNED: Final = 100
ASKED_AGAIN: Final = ("password_page", "pin_reset")
# No password has this hash; comparing with it takes as long as with any other.
NO_HASH: Final = "!"

executor = BoundedThread("passwords", full="Too many password checks are waiting. Try again.")


@dataclass(frozen=True, slots=True)
class Proven:
    """The account whose password was given, and the hash that it was compared with."""

    user_id: UUID
    encoded: str


def check_new(password: str, *, email: str | None) -> None:
    """Refusal 422, with sentences, for a new password that Django's validators do not take."""
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise Refusal("invalid", " ".join(error.messages)) from error


async def make_hash(password: str, *, client: Client = ANYONE) -> str:
    """The hash to store of a password. Refusal 429 when too many wait."""
    return await executor.run(make_password, password, client=client)


async def check(*, email: str, password: str, via: str, client: Client | None = None, now: datetime) -> Proven | None:
    """The account, active or not, when the password is right; its tries stay counted until `clear_tries`.

    None after the same time whatever is wrong. Refusal 429 when too many wait or the address had its ten tries. A place
    in the queue comes first: a flood that finds none costs no statement and uses up nobody's tries. `via`: where it was
    given, for the event of a wrong one. `client`: whose turn it is; by default a stranger who tries this address.
    """
    with executor.place(client or Client(email)) as place:
        user_id, encoded = await sync_to_async(_reserve_try)(email, now=now)
        is_correct = await place.run(check_password, password, encoded)
    if user_id is None or not is_correct:
        report_wrong(user_id, via=via)
        return None
    return Proven(user_id, encoded)


def report_wrong(user_id: UUID | None, *, via: str) -> None:
    """A password proved nothing: at a login, or where an account's own is asked for again (`ASKED_AGAIN`)."""
    report("password_wrong" if via in ASKED_AGAIN else "login_failed", user_id=user_id, actor=STRANGER, via=via)


def _reserve_try(email: str, *, now: datetime) -> tuple[UUID | None, str]:
    """Count the try before it is compared, so that parallel ones cannot slip through."""
    tries, window_ends_at = sql.reserve_try(
        email_hash=_email_hash(email), max_tries=MAX_TRIES, now=now, window_ends_at=now + TRIES_WINDOW
    )
    if tries > MAX_TRIES:
        seconds = max(1, math.ceil((window_ends_at - now).total_seconds()))
        raise Refusal("too_many_tries", retry_after_seconds=seconds)
    if tries == 1:
        _prune(now=now)
    return User.objects.filter(email=email).values_list("id", "password").first() or (None, NO_HASH)


def clear_tries(email: str) -> None:
    """The password was right: the address has its ten tries again."""
    PasswordTries.objects.filter(email_hash=_email_hash(email)).delete()


def _email_hash(email: str) -> bytes:
    return hashlib.sha256(email.encode()).digest()


def _prune(*, now: datetime) -> None:
    # A scan, of a small table: rows come no faster than bcrypt compares, and each that comes may take a hundred along.
    with transaction.atomic():
        expired = PasswordTries.objects.filter(window_ends_at__lte=now).select_for_update(skip_locked=True)
        PasswordTries.objects.filter(pk__in=list(expired.values_list("pk", flat=True)[:MAX_PRUNED])).delete()


def change_password(user: User, new_password: str | None, *, actor: Actor) -> None:
    """Set a password (None: one that cannot log in) and end every login. Hashes in the calling thread."""
    user.password = make_password(new_password)
    with transaction.atomic():
        # First the account, whose row a login in progress updates too: it comes before, and is ended here, or fails.
        user.save(update_fields=["password"])
        end_token_families(user)
        record("password_changed", user_id=user.pk, actor=actor, now=timezone.now())


@transaction.atomic
def replace(user: User, *, present: str, encoded: str, event: str, now: datetime) -> bool:
    """Replace the present hash by a new one and end every login; False if another change came first."""
    # The update locks the row, as `change_password` says.
    if not User.objects.filter(pk=user.pk, password=present, is_active=True).update(password=encoded):
        return False
    if user.email is not None:
        clear_tries(user.email)
    end_token_families(user)
    user.password = encoded
    record(event, user_id=user.pk, actor=for_parent(user.pk), now=now)
    return True


class NotBlank:
    """Refuses a password that is nothing but spaces."""

    def validate(self, password: str, user: User | None = None) -> None:
        if not password.strip():
            raise ValidationError(self.get_help_text(), code="password_blank")

    def get_help_text(self) -> str:
        return gettext("A password can't be only spaces.")


class EndLogIns:
    """A validator that accepts everything. Django calls it for each password that it saves, `changepassword`'s too."""

    def validate(self, password: str, user: User | None = None) -> None:
        pass

    @transaction.atomic
    def password_changed(self, password: str, user: User) -> None:
        end_token_families(user)
        record("password_changed", user_id=user.pk, actor=SYSTEM, now=timezone.now())

    def get_help_text(self) -> str:
        return ""
