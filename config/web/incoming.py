"""Cookies and query parameters with characters that no text in PostgreSQL can hold are values that nobody knows.

Such a value would fail where it is looked up (a session, a filter of the admin, a search), and be answered with a 500.
Forms and schemas refuse them in bodies, with a sentence.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# As browsers write U+FFFD, the replacement for what cannot be read.
_REPLACEMENT: Final = "%EF%BF%BD"


@sync_and_async_middleware
def storable_values(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware, outside of all that reads cookies or query: drops such cookies and replaces such characters."""
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            _clean(request)
            response: HttpResponseBase = await get_response(request)
            return response

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        _clean(request)
        response: HttpResponseBase = get_response(request)
        return response

    return in_sync


def _clean(request: HttpRequest) -> None:
    # Before `request.GET` is read, which is parsed from here and then kept.
    query = request.META.get("QUERY_STRING", "")
    if "%00" in query:
        request.META["QUERY_STRING"] = query.replace("%00", _REPLACEMENT)
    if "HTTP_COOKIE" in request.META:
        for name in [name for name, value in request.COOKIES.items() if _UNSTORABLE.search(name + value)]:
            del request.COOKIES[name]
