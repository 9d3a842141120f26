"""Sending mail: in the background, for known and unknown addresses alike, so that no answer's time shows which."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from django.http import HttpRequest
from django.template.loader import render_to_string

from parental.accounts.bounded_thread import BoundedThread
from parental.accounts.turns import Client
from parental.limiter import limiter, rules

log = structlog.stdlib.get_logger(__name__)

TOO_MANY_MAILS: Final = "Too many emails were asked for from this network. Try again later."

executor = BoundedThread("mails", full="Too many emails are waiting. Try again.")


def can_mail() -> bool:
    """Whether this service is set up to send mail (`EMAIL_HOST`)."""
    return not settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend")


def origin(request: HttpRequest) -> str:
    """Scheme and host of the links in mails."""
    return settings.MAIL_ORIGIN or request.build_absolute_uri("/").rstrip("/")


def in_background(send: Callable[..., None], email: str, *args: object, source: str, now: datetime) -> None:
    """Run `send(email, *args)` in the thread of mails. Refusal 429: too many wait, or came from the source."""
    with executor.place(Client(email, source or None)) as place:
        bounds = limiter.from_source(rules.MAILS_FROM_SOURCE, source)
        limiter.require(bounds, code="rate_limited", detail=TOO_MANY_MAILS, now=now)
        place.submit(_guarded, send, email, *args)


def _guarded(send: Callable[..., None], *args: object) -> None:
    try:
        send(*args)
    except Exception as error:  # noqa: BLE001 — nobody waits for the result
        # Its type alone: the sentence of a mail server holds the address.
        log.error("mail_not_sent", error=type(error).__name__)
    finally:
        connection.close()


def send_text(email: str, *, subject: str, template: str, context: dict[str, Any]) -> None:
    send_mail(subject, render_to_string(template, context), None, [email])
