"""What every page's template may show (`settings.TEMPLATES`)."""

from collections.abc import Callable

from django.http import HttpRequest

from viewing.hotpath.site import site_settings


def site_notice(request: HttpRequest) -> dict[str, Callable[[], str]]:
    """`site_notice`: what staff wrote for the parents, or "" (`SiteSettings.notice`).

    A function, which templates call: pages that show none, the admin's, read nothing.
    """
    return {"site_notice": _notice}


def _notice() -> str:
    return site_settings().notice
