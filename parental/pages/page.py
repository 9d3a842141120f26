"""What a parents' page is: one account's, never cached, and its refusals said on a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from parental.accounts import mails
from parental.children import limits
from viewing.caller import Caller, obtain_profile
from viewing.errors import Refusal
from viewing.profile import Profile

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """A page that anyone may ask for; what refuses the whole of it is said on a page of its own."""

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, **captured: object) -> HttpResponseBase:
        try:
            return view(request, **captured)
        except Refusal as refusal:
            return _refused(request, refusal)

    return answered


def public_url(request: HttpRequest, path: str) -> str:
    """The address of a path for use on another device: below PUBLIC_URL, or, where that is not set, as this one's."""
    return settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)


def parents_page(view: View) -> View:
    """A page for a parent who is logged in: the view gets the caller after the request."""

    @wraps(view)
    def with_caller(request: HttpRequest, **captured: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_login(request, captured.get("profile_id"))
        user: Any = request.user
        return view(request, Caller(kind="parent", user_id=user.pk), **captured)

    return page(with_caller)


def _to_login(request: HttpRequest, profile_id: object) -> HttpResponse:
    """To the login and back. A form is not sent again, and its address may be of no page: then back to the card."""
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    messages.warning(request, _("You were logged out, so nothing was changed. Log in, then try again."))
    card = f"#child-{profile_id}" if profile_id else ""
    return redirect_to_login(reverse("dashboard") + card)


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The same page for "not yours" and "not there"; what comes from overload keeps its status and `Retry-After`."""
    if refusal.status in (403, 404, 422):
        return render(request, "404.html", status=404)
    sentences = {
        409: _("This is no longer possible."),
        429: _("Too many attempts. Wait a moment, then try again."),
        503: _("We're busy right now. Wait a moment, then try again."),
    }
    sentence = sentences.get(refusal.status, _("Something went wrong."))
    is_login = request.path == reverse("login")
    context = {"sentence": sentence, "offers_reset": is_login and mails.can_mail(), **wait(refusal)}
    answer = render(request, "refused.html", context, status=refusal.status)
    for name, value in refusal.headers.items():
        answer[name] = value
    return answer


def wait(refusal: Refusal) -> dict[str, int]:
    """How long to wait, as a person counts it: `wait_minutes`, rounded up, where it is more than a second."""
    seconds = refusal.retry_after_seconds
    return {"wait_minutes": -(-seconds // 60)} if seconds > 1 else {}


def own_profile(caller: Caller, profile_id: UUID) -> Profile:
    """`obtain_profile` for a synchronous view."""
    return async_to_sync(obtain_profile)(caller, profile_id)


def own_child(caller: Caller, profile_id: UUID) -> Profile:
    """`limits.obtain_child` for a synchronous view."""
    return async_to_sync(limits.obtain_child)(caller, profile_id)
