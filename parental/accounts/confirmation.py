"""Whether an account's address belongs to who registered it: a link by email confirms it, a banner asks for it."""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from parental.accounts import mails
from parental.events.record import for_parent, record
from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.models import User
from parental.tokens import signed
from viewing.errors import Refusal

LINK_SECONDS: Final = 7 * 24 * 60 * 60


def is_due(user: Any) -> bool:
    """Whether there is an address that is not confirmed and could be: mail is set up."""
    return bool(user.is_authenticated and user.email and user.email_confirmed_at is None and mails.can_mail())


def ask(email: str, *, site: str, source: str, now: datetime) -> None:
    """Mail the link, at most three an hour to an account; more are dropped. Refusal 429 as `mails.in_background`."""
    mails.in_background(_send, email, site, now, source=source, now=now)


def ask_new(email: str, *, site: str, source: str, now: datetime) -> None:
    """The first one, at registration. Where too many mails wait, the banner offers another."""
    if mails.can_mail():
        with suppress(Refusal):
            ask(email, site=site, source=source, now=now)


def _send(email: str, site: str, now: datetime) -> None:
    user = User.objects.filter(email=email, is_active=True, email_confirmed_at__isnull=True).first()
    if user is not None and limiter.take([Bound(rules.CONFIRMATION_MAILS, str(user.pk))], now=now) is None:
        token = signed.sign(signed.CONFIRM, user.pk, signed.mark(email))
        context = {"link": site + reverse("email_confirm", args=[token])}
        subject = _("Confirm your email address for Sandglass")
        mails.send_text(email, subject=subject, template="parental/email_confirm_mail.txt", context=context)


def holder(token: str) -> User | None:
    """The account whose address the link confirms; None for one that is wrong, too old, or of a former address."""
    ids = signed.read(signed.CONFIRM, token, seconds=LINK_SECONDS)
    user = User.objects.filter(pk=ids[0], is_active=True).first() if ids else None
    return user if user is not None and ids is not None and signed.mark(user.email or "") == ids[1] else None


@transaction.atomic
def confirm(user: User, *, now: datetime) -> None:
    """The address is its owner's; again, nothing happens."""
    present = User.objects.filter(pk=user.pk, email=user.email, email_confirmed_at__isnull=True)
    if present.update(email_confirmed_at=now):
        record("email_confirmed", user_id=user.pk, actor=for_parent(user.pk), now=now)
