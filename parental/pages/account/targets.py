"""Where a login leads to."""

from typing import Final

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

MAX_TARGET: Final = 1000  # characters of the page to go on to
SESSION_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def next_page(request: HttpRequest) -> str:
    """The page of ours to go on to, or ""."""
    target = (request.POST.get("next") or request.GET.get("next") or "")[:MAX_TARGET]
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    # A path, as our own links have: `redirect` would take another word for the name of a view.
    return target if is_ours and target.startswith("/") else ""
