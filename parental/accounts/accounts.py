"""Registering, logging in and changing the password: for the API (docs/contract.md#auth) and for the pages."""

from datetime import datetime
from typing import Final

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from psycopg import errors

from parental.accounts import passwords
from parental.accounts.askers import Asker
from parental.accounts.turns import Client
from parental.events.record import for_parent, record
from parental.limiter import limiter, rules
from parental.models import User
from parental.tokens import families
from parental.tokens.families import TokenPair
from viewing.errors import Refusal

TOO_MANY_REGISTRATIONS: Final = "Too many registrations from this network. Try again later."


async def register(*, email: str, password: str, source: str, client: str = "", now: datetime) -> TokenPair:
    """A new account and its first token pair.

    Refusal 409 for a taken address; 429 when too many hashes wait, or too many registrations came from the source.
    """
    encoded = await _hash_for_new(email, password, source=source, now=now)
    return await sync_to_async(_create_and_begin)(email, encoded, client=client, now=now)


async def open_account(*, email: str, password: str, source: str, now: datetime) -> User:
    """A new account, for a session of the pages. Refusals as `register`."""
    encoded = await _hash_for_new(email, password, source=source, now=now)
    return await sync_to_async(_create)(email, encoded, via="page", now=now)


async def _hash_for_new(email: str, password: str, *, source: str, now: datetime) -> str:
    await sync_to_async(passwords.check_new)(password, email=email)
    # A place comes first, as for a login: what finds none costs no statement.
    with passwords.executor.place(Client(email, source or None)) as place:
        await sync_to_async(_reserve_new)(email, source=source, now=now)
        return await place.run(make_password, password)


def _reserve_new(email: str, *, source: str, now: datetime) -> None:
    bounds = limiter.from_source(rules.REGISTRATIONS_FROM_SOURCE, source)
    limiter.require(bounds, code="rate_limited", detail=TOO_MANY_REGISTRATIONS, now=now)
    if User.objects.filter(email=email).exists():
        raise _taken()


@transaction.atomic
def _create_and_begin(email: str, encoded: str, *, client: str, now: datetime) -> TokenPair:
    return families.begin_family(_create(email, encoded, via="api", now=now).pk, client=client, now=now)


@transaction.atomic
def _create(email: str, encoded: str, *, via: str, now: datetime) -> User:
    user = _insert(email, encoded, now=now)
    record("registered", user_id=user.pk, actor=for_parent(user.pk), now=now, via=via)
    return user


def _insert(email: str, encoded: str, *, now: datetime) -> User:
    try:
        with transaction.atomic():
            return User.objects.create(email=email, password=encoded, date_joined=now, last_login=now)
    except IntegrityError as error:
        if isinstance(error.__cause__, errors.UniqueViolation):
            raise _taken() from error
        raise


def _taken() -> Refusal:
    return Refusal("taken")


async def log_in(*, email: str, password: str, asker: Asker, client: str = "", now: datetime) -> TokenPair:
    """A token pair; `client` is the name by which the list of logins shows it.

    Refusal 401, the same for whatever is wrong; 429 as `passwords.check`.
    """
    proven = await passwords.check(email=email, password=password, via="api", asker=asker, now=now)
    pair = await sync_to_async(_begin)(proven, client=client, now=now) if proven else None
    if pair is None:
        raise _wrong()
    return pair


async def prove(*, email: str, password: str, via: str, asker: Asker, now: datetime) -> User:
    """The account, for a session of the pages or (`via`) of the admin. Refusals as `log_in`."""
    proven = await passwords.check(email=email, password=password, via=via, asker=asker, now=now)
    user = await sync_to_async(_admitted)(proven, via=via, now=now) if proven else None
    if user is None:
        raise _wrong()
    return user


def _wrong() -> Refusal:
    return Refusal("login_wrong")


@transaction.atomic
def _begin(proven: passwords.Proven, *, client: str, now: datetime) -> TokenPair | None:
    if not _admit(proven, via="api", now=now):
        return None
    return families.begin_family(proven.user_id, client=client, now=now)


@transaction.atomic
def _admitted(proven: passwords.Proven, *, via: str, now: datetime) -> User | None:
    return User.objects.get(pk=proven.user_id) if _admit(proven, via=via, now=now) else None


def _admit(proven: passwords.Proven, *, via: str, now: datetime) -> bool:
    # The update locks the row: a password changed, or an account deactivated, while bcrypt ran gets no login.
    account = User.objects.filter(pk=proven.user_id, password=proven.encoded, is_active=True)
    if not account.update(last_login=now):
        passwords.report_wrong(proven.user_id, via=via)
        return False
    passwords.clear_tries(proven)
    record("login", user_id=proven.user_id, actor=for_parent(proven.user_id), now=now, via=via)
    return True


async def change_password(user: User, *, current: str, new: str, now: datetime) -> None:
    """Change the password by the current one and end every login; `user` has the new hash then.

    Refusal 422: the new one is too easy to guess; 401: the current one is wrong; 429 as `passwords.check`.
    """
    if user.email is None:  # it has no password either
        raise Refusal("password_wrong")
    await sync_to_async(passwords.check_new)(new, email=user.email)
    asker = Asker(account_id=user.pk)
    proven = await passwords.check(email=user.email, password=current, via="password_page", asker=asker, now=now)
    if proven is not None and proven.user_id == user.pk:
        encoded = await passwords.make_hash(new, client=asker.client(user.email))
        replace = sync_to_async(passwords.replace)
        if await replace(user, present=proven.encoded, encoded=encoded, event="password_changed", now=now):
            await sync_to_async(passwords.clear_tries)(proven)
            return
    raise Refusal("password_wrong")
