"""Where the account is logged in: listed, and ended one by one, or all but this one together."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from parental.pages.account import platform_login
from parental.pages.account.pin_proof import family_timezone
from parental.pages.page import parents_page
from parental.tokens import logins, page_logins
from parental.wording import moment
from viewing.caller import Caller


@require_safe
@parents_page
def listing(request: HttpRequest, caller: Caller) -> HttpResponse:
    now, zone = timezone.now(), family_timezone(caller)
    found = logins.listing(caller.user_id, current=page_logins.current(request), now=now)
    rows: list[dict[str, object]] = [
        {
            "id": login.id,
            "name": _name(login),
            "is_current": login.is_current,
            "began": moment(login.created_at, timezone=zone, now=now),
            "used": moment(login.last_used_at, timezone=zone, now=now),
        }
        for login in found
    ]
    has_others = any(not row["is_current"] for row in rows)
    return render(
        request, "parental/logins.html", {"logins": rows, "has_others": has_others, **platform_login.offer(request)}
    )


def _name(login: logins.Login) -> str:
    if login.client:
        return login.client
    return _("An app") if login.kind == "app" else _("A browser")


@require_POST
@parents_page
def end(request: HttpRequest, caller: Caller, login_id: UUID) -> HttpResponse:
    """The login of this page too: that is logging out."""
    if login_id == page_logins.current(request):
        return log_out(request)
    logins.end(caller.user_id, login_id, now=timezone.now())
    messages.success(request, _("Logged out there."))
    return redirect("logins")


@require_POST
@parents_page
def end_others(request: HttpRequest, caller: Caller) -> HttpResponse:
    ended = logins.end_others(caller.user_id, current=page_logins.current(request), now=timezone.now())
    sentence = ngettext("Logged out of %(count)s other place.", "Logged out of %(count)s other places.", ended)
    messages.success(request, sentence % {"count": ended})
    return redirect("logins")


def log_out(request: HttpRequest) -> HttpResponse:
    """End this session and its login; for the admin too."""
    login_id, user = page_logins.current(request), request.user
    logout(request)
    if login_id is not None and user.is_authenticated:
        logins.log_out(user.pk, login_id, via="page", now=timezone.now())
    messages.success(request, _("You're logged out."))
    return redirect("login")
