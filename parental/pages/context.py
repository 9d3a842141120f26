"""What every page's template may show (`settings.TEMPLATES`)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from parental.accounts.confirmation import is_due
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


def _notice() -> str:
    return site_settings().notice
