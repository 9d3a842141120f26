"""Where Django Debug Toolbar shows itself: on pages of this machine's developer, never around the API."""

from debug_toolbar.middleware import show_toolbar
from django.http import HttpRequest


def is_shown(request: HttpRequest) -> bool:
    return not request.path.startswith("/api/") and show_toolbar(request)
