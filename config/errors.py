"""Every error under /api/ is JSON: what Django would answer in HTML becomes `{"detail": …, "code": …}`."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from viewing.errors import Code, Refusal

BODY_TOO_LARGE = "sandglass.body_too_large"
BULK_PATH = "/api/v1/viewing-time/heartbeats"
PLATFORM_PATH = "/api/v1/platform/"
GetResponse = Callable[[HttpRequest], Any]  # the next layer: returns a response, or a coroutine of one
CODES: dict[int, Code] = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large"}


@sync_and_async_middleware
def json_errors(get_response: GetResponse) -> GetResponse:
    """Middleware; also refuses a body over the limit, which the application did not read to its end (413)."""
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            return _too_large(request) or _as_json(request, await get_response(request))

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        return _too_large(request) or _as_json(request, get_response(request))

    return in_sync


def _too_large(request: HttpRequest) -> HttpResponse | None:
    return answer(Refusal("too_large")) if getattr(request, "scope", {}).get(BODY_TOO_LARGE) else None


def _as_json(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < 400 or not request.path.startswith("/api/"):
        return response
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    answered = answer(for_status(response.status_code))
    if "Allow" in response:
        answered["Allow"] = response["Allow"]
    return answered


def for_status(status: int, detail: str | None = None) -> Refusal:
    """The refusal for an error of Django or Ninja, which has a status only."""
    if status in CODES:
        return Refusal(CODES[status], detail)
    code: Code = "internal" if status >= 500 else "bad_request"
    return Refusal(code, detail or HTTPStatus(status).phrase, status=status)


def answer(refusal: Refusal) -> HttpResponse:
    """The API's answer to a refused request."""
    return json_response(refusal.status, refusal.body, refusal.headers)


def json_response(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(json.dumps(body), status=status, content_type="application/json", headers=headers)
