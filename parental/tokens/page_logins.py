"""Logins of the pages and the admin: each session has a row among the logins, is renewed by use, and ends for staff.

The row holds the session's key: ending the login deletes the session, so no request has to look the row up.
"""

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from parental.events.record import SYSTEM
from parental.models import TokenFamily, User
from parental.tokens import devices, families
from parental.tokens.clients import client_name
from parental.tokens.sessions import stored_key

# Where a session keeps its login: the row's id, the session's hashed key then, and when it began and was last used.
MARK: Final = "login"
RENEWED_EVERY: Final = timedelta(hours=1)
# Staff's idle time is measured by it.
STAFF_RENEWED_EVERY: Final = timedelta(minutes=1)


class PageLogins(MiddlewareMixin):
    """Middleware, inside those of sessions and authentication."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(partial(_current_user, request))  # type: ignore[assignment]
        request.auser = partial(_user_of, request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        session = getattr(request, "session", None)
        # Nothing is read for who was not asked for: static files, the player's page.
        if session is not None and session.accessed and SESSION_KEY in session:
            _keep(request, response, now=timezone.now())
        return response


def current(request: HttpRequest) -> UUID | None:
    """The login of this request's session."""
    mark = request.session.get(MARK)
    return UUID(mark["id"]) if mark else None


def _current_user(request: HttpRequest) -> Any:
    user: Any = get_user(request)
    if not user.is_authenticated:
        return user
    now, mark = timezone.now(), request.session.get(MARK)
    if user.is_staff and mark and _is_over(mark, now=now):
        families.end(TokenFamily.objects.filter(pk=mark["id"]), actor=SYSTEM, now=now)
        request.session.flush()
        return AnonymousUser()
    request.session_used_by = "staff" if user.is_staff else "parent"  # type: ignore[attr-defined]
    return user


async def _user_of(request: HttpRequest) -> Any:
    return await sync_to_async(_current_user)(request)


def _is_over(mark: dict[str, str], *, now: datetime) -> bool:
    """Whether a staff session lasted its hours, or was not used for its minutes."""
    began, used = (datetime.fromisoformat(mark[name]) for name in ("began", "used"))
    return now - began >= timedelta(hours=settings.STAFF_SESSION_HOURS) or now - used >= timedelta(
        minutes=settings.STAFF_IDLE_MINUTES
    )


def _keep(request: HttpRequest, response: HttpResponseBase, *, now: datetime) -> None:
    mark = request.session.get(MARK)
    # Logging in and changing the password give the session another key.
    if mark is None or mark["key"] != stored_key(request.session.session_key or ""):
        _begin(request, mark, now=now)
        _remember(request, response)
        return
    used_by = getattr(request, "session_used_by", None)
    every = STAFF_RENEWED_EVERY if used_by == "staff" else RENEWED_EVERY
    if used_by and now - datetime.fromisoformat(mark["used"]) >= every and _is_by_hand(request):
        if TokenFamily.objects.filter(pk=mark["id"]).update(last_used_at=now):
            request.session[MARK] = {**mark, "used": now.isoformat()}  # saved, and so renewed
            _remember(request, response)
        else:  # the clean-up of an older release did not know the row
            _begin(request, None, now=now)


def _remember(request: HttpRequest, response: HttpResponseBase) -> None:
    user: Any = request.user
    if user.is_authenticated and user.email:
        devices.remember(request, response, email=user.email)


def _is_by_hand(request: HttpRequest) -> bool:
    """A page that is left open and asks for news by itself is not in use."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


@transaction.atomic
def _begin(request: HttpRequest, former: dict[str, str] | None, *, now: datetime) -> None:
    user_id, key = UUID(request.session[SESSION_KEY]), stored_key(request.session.session_key or "")
    # Locked, so that parallel requests of one session find one row.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
    if former:
        families.end_families([UUID(former["id"])], now=now)
    row = TokenFamily.objects.filter(user_id=user_id, session_key=key, ended_at__isnull=True).first()
    if row is None:
        client = client_name(request.headers.get("User-Agent", ""))
        about = {"session_key": key, "client": client, "created_at": now, "last_used_at": now}
        row = TokenFamily.objects.create(id=uuid.uuid4(), user_id=user_id, **about)
    instant = now.isoformat()
    request.session[MARK] = {"id": str(row.pk), "key": key, "began": instant, "used": instant}
