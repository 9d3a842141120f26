"""Under /api/ every refusal is JSON: what Django would answer in HTML is said again as `{"detail": …}`."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

BODY_TOO_LARGE = "sandglass.body_too_large"
BULK_PATH = "/api/v1/viewing-time/heartbeats"
SENTENCES = {404: "Not found", 405: "Method not allowed", 413: "Request body too large"}


@sync_and_async_middleware
def json_errors(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware; also refuses a body over the limit, which the application did not read to its end (413)."""
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            return _too_large(request) or _as_json(request, await get_response(request))

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        return _too_large(request) or _as_json(request, get_response(request))

    return in_sync


def _too_large(request: HttpRequest) -> HttpResponse | None:
    return _refusal(413) if getattr(request, "scope", {}).get(BODY_TOO_LARGE) else None


def _as_json(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < 400 or not request.path.startswith("/api/"):
        return response
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    refusal = _refusal(response.status_code)
    if "Allow" in response:
        refusal["Allow"] = response["Allow"]
    return refusal


def _refusal(status: int) -> HttpResponse:
    detail = SENTENCES.get(status) or HTTPStatus(status).phrase
    return HttpResponse(json.dumps({"detail": detail}), status=status, content_type="application/json")
