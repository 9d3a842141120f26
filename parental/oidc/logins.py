"""Whose the issuer's answer is: an account to log in, to link, or whose parent has just proved who they are."""

from datetime import datetime
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import IntegrityError, transaction

from parental.events.record import STRANGER, for_parent, record, report
from parental.models import User
from parental.oidc import client, tokens
from parental.oidc.attempts import Attempt
from parental.oidc.client import NotProven
from parental.platform import accounts

# How long ago, in seconds, the person may have logged in at the issuer where they must have done so just now.
FRESH_SECONDS: Final = 300


def begin(attempt: Attempt, *, redirect_uri: str) -> str:
    """The issuer's page to go to. Refusal 503 while the issuer cannot be reached."""
    max_age = FRESH_SECONDS if attempt.purpose == "pin" else None
    return client.authorization_url(
        redirect_uri=redirect_uri,
        state=attempt.state,
        nonce=attempt.nonce,
        verifier=attempt.verifier,
        max_age=max_age,
    )


async def prove(attempt: Attempt, code: str, *, redirect_uri: str, now: datetime) -> str:
    """The subject whom the issuer's code proves. Raises NotProven; Refusal 503 while the issuer cannot be reached."""
    token = await sync_to_async(client.exchange)(code, redirect_uri=redirect_uri, verifier=attempt.verifier)
    claims = await tokens.verify(token, audience=settings.OIDC_CLIENT_ID)
    if claims is None or not _is_answer_to(attempt, claims, now=now):
        raise NotProven
    subject: str = claims["sub"]
    return subject


def _is_answer_to(attempt: Attempt, claims: dict[str, Any], *, now: datetime) -> bool:
    if claims.get("nonce") != attempt.nonce or not tokens.is_external_id(claims["sub"]):
        return False
    # A token for several must say for whom it was made.
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.OIDC_CLIENT_ID:
        return False
    if attempt.purpose != "pin":
        return True
    authenticated_at = claims.get("auth_time")
    earliest = now.timestamp() - FRESH_SECONDS - tokens.LEEWAY_SECONDS
    return isinstance(authenticated_at, int | float) and authenticated_at >= earliest


@transaction.atomic
def log_in(subject: str, *, now: datetime) -> User | None:
    """The account of the subject, made on sight where that is on. None: there is none, it is closed, or staff's."""
    user = _active(subject)
    if user is None and settings.OIDC_CREATE_ACCOUNTS:
        accounts.put_if_missing(subject, now=now)
        user = _active(subject)
    # The pages' session opens the admin too, and nobody is staff by the issuer's word.
    if user is None or user.is_staff or user.is_superuser:
        report("login_failed", user_id=None if user is None else user.pk, actor=STRANGER, via="oidc")
        return None
    record("login", user_id=user.pk, actor=for_parent(user.pk), now=now, via="oidc")
    return user


def _active(subject: str) -> User | None:
    return User.objects.filter(external_id=subject, is_active=True).first()


def link(user: User, subject: str, *, now: datetime) -> bool:
    """Give the account the subject; False if another account has it, or this one has another, or it is staff's."""
    if user.is_staff or user.is_superuser:
        return False
    try:
        with transaction.atomic():
            is_linked = User.objects.filter(pk=user.pk, external_id__isnull=True).update(external_id=subject) == 1
            if is_linked:
                record("login_linked", user_id=user.pk, actor=for_parent(user.pk), now=now)
    except IntegrityError:
        return False
    return is_linked or User.objects.filter(pk=user.pk, external_id=subject).exists()
