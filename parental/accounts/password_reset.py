"""Password reset: a link by email to set a new password. No answer shows whether an address has an account."""

from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from parental.accounts import confirmation, mails, passwords
from parental.events.record import for_parent
from parental.limiter import limiter, rules
from parental.limiter.limiter import Bound
from parental.models import User
from parental.tokens import players
from viewing.models import PlayerToken


def ask(email: str, *, site: str, source: str, now: datetime) -> None:
    """Mail a link below `site` (scheme and host) to the account of this address, if there is one.

    At most three an hour to an account; more are dropped without a word. Refusal 429 as `mails.in_background`.
    """
    mails.in_background(_send, email, site, now, source=source, now=now)


def _send(email: str, site: str, now: datetime) -> None:
    user = User.objects.filter(email=email, is_active=True).first()
    # Counted for accounts alone: addresses that anyone may make up leave no rows.
    if user is not None and user.has_usable_password() and _may_mail(user, now=now):
        path = reverse("password_reset_link", args=[user.pk, default_token_generator.make_token(user)])
        mails.send_text(
            email,
            subject=_("Reset your Sandglass password"),
            template="parental/password_reset_mail.txt",
            context={"link": site + path},
        )


def _may_mail(user: User, *, now: datetime) -> bool:
    return limiter.take([Bound(rules.RESET_MAILS, str(user.pk))], now=now) is None


def holder(user_id: UUID, token: str) -> User | None:
    """The account whose password the link may set; None for a link that is wrong, used, or too old."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user if user is not None and default_token_generator.check_token(user, token) else None


async def set_password(user: User, new_password: str, *, with_devices: bool) -> bool:
    """Set the `holder`'s password and end every login; False if it was changed in the meantime. Refusal 422 or 429.

    `with_devices`: the children's devices are disconnected too: someone with the old password may have connected some.
    """
    await sync_to_async(passwords.check_new)(new_password, email=user.email)
    encoded = await passwords.make_hash(new_password)
    return await sync_to_async(_replace)(user, encoded, with_devices=with_devices, now=timezone.now())


@transaction.atomic
def _replace(user: User, encoded: str, *, with_devices: bool, now: datetime) -> bool:
    if not passwords.replace(user, present=user.password, encoded=encoded, event="password_reset", now=now):
        return False
    confirmation.confirm(user, now=now)  # the mail reached its address
    if with_devices:
        devices = PlayerToken.objects.alive(now=now).filter(profile__user=user)
        players.revoke_all(devices, actor=for_parent(user.pk), now=now)
    return True
