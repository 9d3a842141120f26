"""Emails about an account's security. Their text is made when they are sent, so no names wait in the queue."""

import json
import smtplib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from parental.deliver.models import Delivery
from parental.deliver.outcomes import Answer
from parental.deliver.results import is_refused
from parental.pins.guards import FOR_GOOD
from viewing import rules
from viewing.models import PlayerToken, Profile, ViewingTimeConfig

MAX_SUBJECT: Final = 70
MOOT: Final = Answer(error="no longer wanted", is_moot=True)


@dataclass(frozen=True, slots=True)
class Mail:
    """An email that is ready to be sent."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


@dataclass(frozen=True, slots=True)
class _Known:
    """The rows that a text speaks about."""

    email: str
    profile: Profile | None
    device: PlayerToken | None
    zone: ZoneInfo
    at: datetime
    data: Mapping[str, Any]

    def show(self, at: datetime) -> str:
        return formats.date_format(at.astimezone(self.zone), "j F Y, H:i") + f" ({self.zone.key})"


def make(delivery: Delivery) -> Mail | Answer:
    """The email of a delivery, or the answer where none is to be sent: the account, the child or the device is gone."""
    known = _read(delivery)
    if known is None:
        return MOOT
    made = _WRITERS[delivery.type](known)
    if made is None:
        return MOOT
    subject, sentences, path = made
    context = {
        "subject": subject,
        "sentences": [*sentences, _("When: %(when)s.") % {"when": known.show(known.at)}],
        "link": settings.MAIL_ORIGIN + path,
    }
    return Mail(
        to=known.email,
        # A name is written by a parent, and must not become a header.
        subject=" ".join(subject.split())[:MAX_SUBJECT],
        text=render_to_string("parental/security_mail.txt", context),
        html=render_to_string("parental/security_mail.html", context),
        # The same at each attempt.
        message_id=f"<sandglass-{delivery.event_id.hex}@{urlsplit(settings.MAIL_ORIGIN).hostname or 'sandglass'}>",
    )


def _read(delivery: Delivery) -> _Known | None:
    user = delivery.user
    if user is None or not user.is_active or not user.email or is_refused(user.pk, user.email):
        return None
    stored = json.loads(delivery.body)
    profile = None
    if delivery.profile_id is not None:
        profile = Profile.objects.filter(pk=delivery.profile_id, user=user).first()
        if profile is None:
            return None
    token_id = stored["data"].get("token_id")
    device = PlayerToken.objects.filter(pk=token_id, profile=profile).first() if token_id and profile else None
    config = ViewingTimeConfig.objects.filter(profile__user=user).order_by("profile__created_at").first()
    zone = rules.zone_for(config.timezone if config else rules.DEFAULT_TIMEZONE)
    return _Known(user.email, profile, device, zone, datetime.fromisoformat(stored["at"]), stored["data"])


Written = tuple[str, Sequence[str], str]


def _device_paired(known: _Known) -> Written | None:
    if known.profile is None or known.device is None:
        return None
    names = {"device": known.device.device_name, "child": known.profile.name}
    return (
        _("%(device)s can now play as %(child)s") % names,
        [
            _("The device “%(device)s” can now play as %(child)s.") % names,
            _("If this wasn't you, disconnect the device and change your password."),
        ],
        reverse("devices", args=[known.profile.pk]),
    )


def _pin_locked(known: _Known) -> Written:
    until = datetime.fromisoformat(known.data["locked_until"])
    if known.device is not None:
        where = _("Someone entered five incorrect PINs on “%(device)s”.") % {"device": known.device.device_name}
    else:
        where = _("Someone entered five incorrect PINs in your account.")
    if until >= FOR_GOOD - timedelta(days=1):
        then = _("The PIN is locked there until you reset it.")
    else:
        then = _("The PIN is locked there until %(until)s.") % {"until": known.show(until)}
    return _("Your PIN is locked after too many attempts"), [where, then], reverse("pin")


def _pin_changed(_known: _Known) -> Written:
    return _("Your PIN was changed"), [_("The PIN of your account was changed."), _not_you()], reverse("pin")


def _pin_reset(_known: _Known) -> Written:
    sentence = _("The PIN of your account was reset with your password.")
    return _("Your PIN was reset"), [sentence, _not_you()], reverse("pin")


def _password_changed(_known: _Known) -> Written:
    sentence = _("The password of your account was changed, and every device was logged out.")
    return _("Your password was changed"), [sentence, _not_you_anymore()], reverse("password_reset")


def _password_reset(_known: _Known) -> Written:
    sentence = _("The password of your account was reset by email, and every device was logged out.")
    return _("Your password was reset"), [sentence, _not_you_anymore()], reverse("password_reset")


def _not_you() -> str:
    return _("If this wasn't you, change your password and reset the PIN.")


def _not_you_anymore() -> str:
    return _("If this wasn't you, reset your password now.")


# By type of event.
_WRITERS: Final = {
    "device.paired": _device_paired,
    "pin.locked": _pin_locked,
    "pin.changed": _pin_changed,
    "pin.reset": _pin_reset,
    "password.changed": _password_changed,
    "password.reset": _password_reset,
}
MAILED: Final = frozenset(_WRITERS)


def send_all(mails: Sequence[tuple[int, Mail]]) -> Iterator[tuple[int, Answer]]:
    """Send emails over one connection: an answer for each, with the id that it was given."""
    connection = get_connection()
    try:
        for id_, mail in mails:
            started = time.monotonic()
            answer = _send(mail, connection)
            yield (
                id_,
                Answer(
                    status=answer.status,
                    error=answer.error,
                    is_final=answer.is_final,
                    seconds=time.monotonic() - started,
                ),
            )
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.close()


def _send(mail: Mail, connection: Any) -> Answer:
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(mail.subject, mail.text, None, [mail.to], headers=headers, connection=connection)
    message.attach_alternative(mail.html, "text/html")
    try:
        connection.open()
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _sentence in error.recipients.values()]
        return Answer(error="recipient refused", is_final=all(500 <= code < 600 for code in codes))
    except Exception as error:  # noqa: BLE001 — a failed attempt, whatever it was
        # Its type alone: the sentence of a mail server holds the address.
        connection.close()
        return Answer(error=type(error).__name__)
    return Answer(status=250)
