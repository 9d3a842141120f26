"""Password reset: a link by email to set a new password. No answer shows whether an address has an account."""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parental.accounts import passwords
from parental.accounts.bounded_thread import BoundedThread
from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.models import User

log = structlog.stdlib.get_logger(__name__)

TOO_MANY_MAILS: Final = "Too many emails were asked for from this network. Try again later."

# Mails go out in the background, for known and unknown addresses alike: how long an answer takes must not show which.
executor = BoundedThread("mails", full="Too many emails are waiting. Try again.")


def can_mail() -> bool:
    """Whether this service is set up to send mail (`EMAIL_HOST`)."""
    return not settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend")


def ask(email: str, *, site: str, source: str, now: datetime) -> None:
    """Mail a link below `site` (scheme and host) to the account of this address, if there is one.

    At most three an hour to an address; more are dropped without a word. Refusal 429 when too many mails wait, or too
    many were asked for from the source.
    """
    with executor.place() as place:
        bounds = limiter.from_source(rules.MAILS_FROM_SOURCE, source)
        limiter.require(bounds, code="rate_limited", detail=TOO_MANY_MAILS, now=now)
        place.submit(_send, email, site, now)


def _send(email: str, site: str, now: datetime) -> None:
    try:
        user = User.objects.filter(email=email, is_active=True).first()
        # Counted for accounts alone: addresses that anyone may make up leave no rows.
        if user is not None and user.has_usable_password() and _may_mail(email, now=now):
            path = reverse("password_reset_link", args=[user.pk, default_token_generator.make_token(user)])
            text = render_to_string("parental/password_reset_mail.txt", {"link": site + path})
            send_mail(_("Reset your Sandglass password"), text, None, [email])
    except Exception as error:  # noqa: BLE001 — nobody waits for the result
        # Its type alone: the sentence of a mail server holds the address.
        log.error("reset_mail_not_sent", error=type(error).__name__)
    finally:
        connection.close()


def _may_mail(email: str, *, now: datetime) -> bool:
    return limiter.take([Bound(rules.RESET_MAILS, email)], now=now) is None


def holder(user_id: UUID, token: str) -> User | None:
    """The account whose password the link may set; None for a link that is wrong, used, or too old."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user is not None and default_token_generator.check_token(user, token) else None


async def set_password(user: User, new_password: str) -> bool:
    """Set the `holder`'s password and end every login; False if it was changed in the meantime. Refusal 422 or 429."""
    await sync_to_async(passwords.check_new)(new_password, email=user.email)
    encoded = await passwords.make_hash(new_password)
    replace = sync_to_async(passwords.replace)
    return await replace(user, present=user.password, encoded=encoded, event="password_reset", now=timezone.now())
