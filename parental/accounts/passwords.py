"""Passwords: compared off the event loop, only so often (`limiter.rules`), and what a change of one ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from parental.accounts.askers import Asker, for_strangers
from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import ANYONE, Client
from parental.events.record import STRANGER, SYSTEM, Actor, for_parent, record, report
from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.models import User
from parental.tokens.families import end_token_families
from viewing.errors import Refusal

ASKED_AGAIN: Final = ("password_page", "pin_reset")
# No password has this hash; comparing with it takes as long as with any other.
NO_HASH: Final = "!"

executor = BoundedThread("passwords", full="Too many password checks are waiting. Try again.")


@dataclass(frozen=True, slots=True)
class Proven:
    """The account whose password was given, the hash that it was compared with, and what the try counts against."""

    user_id: UUID
    encoded: str
    bounds: tuple[Bound, ...]


def check_new(password: str, *, email: str | None) -> None:
    """Refusal 422, with sentences, for a new password that Django's validators do not take."""
    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise Refusal("invalid", " ".join(error.messages)) from error


async def make_hash(password: str, *, client: Client = ANYONE) -> str:
    """The hash to store of a password. Refusal 429 when too many wait."""
    return await executor.run(make_password, password, client=client)


async def check(*, email: str, password: str, via: str, asker: Asker, now: datetime) -> Proven | None:
    """The account, active or not, when the password is right; its tries stay counted until `clear_tries`.

    None after the same time whatever is wrong. Refusal 429 when too many wait or the asker's tries are used up. A place
    in the queue comes first: a flood that finds none costs no statement and uses up nobody's tries. `via`: where it was
    given, for the event of a wrong one.
    """
    bounds = asker.bounds(email)
    with executor.place(asker.client(email)) as place:
        user_id, encoded = await sync_to_async(_reserve_try)(email, bounds, now=now)
        is_correct = await place.run(check_password, password, encoded)
    if user_id is None or not is_correct:
        report_wrong(user_id, via=via)
        return None
    return Proven(user_id, encoded, tuple(bounds))


def report_wrong(user_id: UUID | None, *, via: str) -> None:
    """A password proved nothing: at a login, or where an account's own is asked for again (`ASKED_AGAIN`)."""
    report("password_wrong" if via in ASKED_AGAIN else "login_failed", user_id=user_id, actor=STRANGER, via=via)


def _reserve_try(email: str, bounds: list[Bound], *, now: datetime) -> tuple[UUID | None, str]:
    limiter.require(bounds, code="too_many_tries", now=now)
    return User.objects.filter(email=email).values_list("id", "password").first() or (None, NO_HASH)


def clear_tries(proven: Proven) -> None:
    """The password was right: its caller has ten new tries. What was tried in the hour stays counted."""
    limiter.clear([bound for bound in proven.bounds if bound.limit == rules.PASSWORD_BURST])


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
        limiter.clear(for_strangers(user.email))  # whatever was tried of the former one
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


def require_switched_on() -> None:
    """Refusal 404 where nobody logs in by a password of ours (PASSWORD_LOGIN)."""
    if not settings.PASSWORD_LOGIN:
        raise Refusal("not_found", "Password login is switched off")


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
