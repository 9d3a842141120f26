"""What Django itself refuses (`config/urls.py`, the handlers).

It answers in a thread that closes no connection, so these pages ask the database nothing: not even who is logged in.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.decorators import sync_and_async_middleware


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html"), status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html"), status=403)


@sync_and_async_middleware
def not_allowed_pages(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware: a page instead of the empty one for a method that an address does not take.

    It shows when somebody reloads or opens the address of a form.
    """
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            return _with_page(request, await get_response(request))

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        return _with_page(request, get_response(request))

    return in_sync


def _with_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code != 405 or request.path.startswith("/api/"):
        return response
    if not isinstance(response, HttpResponse) or response.content:
        return response
    page = HttpResponse(render_to_string("405.html"), status=405)
    page["Allow"] = response["Allow"]
    return page
