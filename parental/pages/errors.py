"""What Django itself refuses (`config/urls.py`, the handlers).

It answers in a thread that closes no connection, so these pages ask the database nothing: not even who is logged in.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html"), status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html"), status=403)
