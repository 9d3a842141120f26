"""What every page's template may show (`settings.TEMPLATES`)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from parental.accounts.confirmation import is_due
from parental.children.time_requests import reading
from viewing.hotpath.site import site_settings


def site_notice(request: HttpRequest) -> dict[str, Callable[[], str]]:
    """`site_notice`: what staff wrote for the parents, or "" (`SiteSettings.notice`).

    A function, which templates call: pages that show none, the admin's, read nothing.
    """
    return {"site_notice": _notice}


def must_confirm_email(request: HttpRequest) -> dict[str, Callable[[], bool]]:
    """`must_confirm_email`: whether the banner that asks for it is shown."""
    return {"must_confirm_email": lambda: is_due(request.user)}


def has_password_login(request: HttpRequest) -> dict[str, bool]:
    """`has_password_login`: whether parents log in by passwords of ours."""
    return {"has_password_login": settings.PASSWORD_LOGIN}


def open_requests(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """`open_requests`: how many of the account's children wait for an answer."""
    return {"open_requests": lambda: reading.count_open(request.user.pk, now=timezone.now()) if request.user.pk else 0}


def _notice() -> str:
    return site_settings().notice
