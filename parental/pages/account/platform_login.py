"""The platform's own login on the pages: to log in, to link an account to it, and to set a new PIN after it."""

from typing import Any, Final, cast
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_safe

from parental.limiter import limiter, rules
from parental.limiter.sources import source_of
from parental.oidc import attempts, logins
from parental.oidc.attempts import Attempt, Purpose
from parental.oidc.client import MAX_CODE_LENGTH, NotProven
from parental.pages.account.targets import SESSION_BACKEND, next_page
from parental.pages.page import page, public_url
from viewing.errors import Refusal

# Until when a login at the issuer counts as fresh, in the session.
FRESH: Final = "fresh_login_until"
LINK_SALT: Final = "parental.pages.link"


def link_key(user: Any) -> str:
    """What a page of the account gives along: without it another site could link the account to a login of its own."""
    return signing.dumps(str(user.pk), salt=LINK_SALT)


def offer(request: HttpRequest) -> dict[str, str]:
    """What the page of the logins shows of linking; nothing where the account has the issuer's login already."""
    user: Any = request.user
    if not settings.OIDC_CLIENT_ID or user.external_id is not None or user.is_staff or user.is_superuser:
        return {}
    return {"link_key": link_key(user), "platform": settings.OIDC_NAME}


def is_fresh(request: HttpRequest) -> bool:
    """Whether the parent logged in at the issuer just now, for the PIN."""
    return float(request.session.get(FRESH, 0)) > timezone.now().timestamp()


def spend(request: HttpRequest) -> None:
    """A fresh login sets one PIN."""
    request.session.pop(FRESH, None)


@require_safe
@page
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to the issuer. A link: the policy lets no form lead to another site."""
    _require_client()
    purpose = request.GET.get("for", "login")
    if purpose not in attempts.PURPOSES:
        raise Refusal("not_found")
    user: Any = request.user
    if purpose != "login" and not user.is_authenticated:
        return redirect(f"{reverse('login')}?{urlencode({'next': reverse('pin')})}")
    if purpose == "link" and not _may_link(request):
        raise Refusal("not_found")
    attempt = Attempt(
        cast("Purpose", purpose), user_id=str(user.pk) if user.is_authenticated else "", target=next_page(request)
    )
    response = redirect(logins.begin(attempt, redirect_uri=_redirect_uri(request)))
    attempts.remember(response, attempt)
    return response


def _require_client() -> None:
    if not settings.OIDC_CLIENT_ID:
        raise Refusal("not_found")


def _may_link(request: HttpRequest) -> bool:
    try:
        owner = signing.loads(request.GET.get("key", ""), salt=LINK_SALT, max_age=attempts.SECONDS)
    except signing.BadSignature:
        return False
    return bool(owner == str(request.user.pk))


def _redirect_uri(request: HttpRequest) -> str:
    return public_url(request, reverse("oidc_return"))


@sensitive_variables()
@require_safe
@page
def finish(request: HttpRequest) -> HttpResponse:
    """Where the issuer sends the browser back to."""
    _require_client()
    attempt = attempts.recall(request)
    try:
        response = _failed(request, attempt) if attempt is None else _finish(request, attempt)
    except NotProven:
        response = _failed(request, attempt)
    attempts.forget(response)
    return response


def _finish(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    code, user = request.GET.get("code", ""), cast("Any", request.user)
    is_ours = constant_time_compare(request.GET.get("state", ""), attempt.state)
    issuer = request.GET.get("iss", settings.OIDC_ISSUER)  # RFC 9207
    if not is_ours or not 0 < len(code) <= MAX_CODE_LENGTH or issuer.rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        raise NotProven
    if attempt.purpose != "login" and attempt.user_id != str(user.pk):
        raise NotProven
    now = timezone.now()
    # Only what would become a request to the issuer is counted.
    bounds = limiter.from_source(rules.PLATFORM_LOGINS_FROM_SOURCE, source_of(request))
    limiter.require(bounds, code="too_many_tries", now=now)
    subject = async_to_sync(logins.prove)(attempt, code, redirect_uri=_redirect_uri(request), now=now)
    if attempt.purpose == "login":
        return _logged_in(request, attempt, subject)
    if attempt.purpose == "link":
        if logins.link(user, subject, now=now):
            messages.success(request, _("You can now log in with {name}.").format(name=settings.OIDC_NAME))
        else:
            messages.error(request, _("This login belongs to another account."))
        return redirect("logins")
    if user.external_id != subject:
        raise NotProven
    request.session[FRESH] = now.timestamp() + logins.FRESH_SECONDS
    return redirect("pin")


def _logged_in(request: HttpRequest, attempt: Attempt, subject: str) -> HttpResponse:
    found = logins.log_in(subject, now=timezone.now())
    if found is None:
        return _failed(request, attempt, _("There’s no account for this login here."))
    login(request, found, backend=SESSION_BACKEND)
    request.session.set_expiry(None)  # where a link to set a password made it a short one
    return redirect(attempt.target or "dashboard")


def _failed(request: HttpRequest, attempt: Attempt | None, sentence: str = "") -> HttpResponse:
    context = {
        "sentence": sentence or _("You weren’t logged in. Try again."),
        "next": attempt.target if attempt else "",
        "purpose": attempt.purpose if attempt else "login",
    }
    return render(request, "parental/login_failed.html", context, status=403)
