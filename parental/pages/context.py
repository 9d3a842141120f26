"""What every page's template may show (`settings.TEMPLATES`)."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.http import HttpRequest

from perfmetrics.cache import counted
from viewing import lookups


def site_notice(request: HttpRequest) -> dict[str, Callable[[], str]]:  # noqa: ARG001 — Django's signature
    """`site_notice`: what staff wrote for the parents, or "" (`SiteSettings.notice`).

    A function, which templates call: pages that show none, the admin's, read nothing.
    """
    return {"site_notice": _notice}


def _notice() -> str:
    alias, key = lookups.SITE
    site: Any = counted(alias).get(key)
    if site is None:
        site = async_to_sync(lookups.beat_entries.get)(lookups.SITE)
    notice: str = site.notice
    return notice
