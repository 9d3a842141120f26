"""The API under /api/v1: who is let in, and how a refusal, an error or a failure is answered (contract, "Errors")."""

import json
import logging
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer

from parental import tokens
from parental.api import auth_router
from parental.limits_api import router as limits_router
from parental.pin_api import router as pin_router
from parental.reports_api import router as reports_router
from perfmetrics import metrics
from viewing.answers import unavailable_answer
from viewing.api import catalog_router
from viewing.api import router as viewing_router
from viewing.caller import Caller
from viewing.errors import Refusal

logger = logging.getLogger(__name__)

HEARTBEAT_PATH = "/api/v1/viewing-time/heartbeat"


class BearerToken(HttpBearer):
    """A parent's access token or a player token; what it may do, each endpoint decides."""

    async def authenticate(self, request: HttpRequest, token: str) -> Caller | None:  # noqa: ARG002 — Ninja's signature
        return await tokens.authenticate(token)


class NotAnObject(Exception):
    """The body is JSON, but no object."""


class ObjectParser(Parser):
    """Ninja would look for the fields among the attributes of a list or a string and answer that all are missing."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        body = super().parse_body(request)
        if not isinstance(body, dict):
            raise NotAnObject
        return body


api = NinjaAPI(
    title="Sandglass",
    version="1",
    description="Viewing time for kids profiles. docs/api.md explains how a player uses it.",
    auth=BearerToken(),
    parser=ObjectParser(),
    # Swagger UI's own style sheet holds its icons.
    docs_decorator=csp_update({"img-src": ["'self'", "data:"]}),
)
api.add_router("/auth", auth_router, tags=["accounts"])
for parental_router in (pin_router, limits_router, reports_router):
    api.add_router("/parental-controls", parental_router, tags=["parents"])
api.add_router("/viewing-time", viewing_router, tags=["players"])
api.add_router("/catalog", catalog_router, tags=["catalogue"])


def _answer(status: int, body: dict[str, Any], headers: Any = None) -> HttpResponse:
    metrics.refusals.labels(status).inc()
    return HttpResponse(json.dumps(body), status=status, content_type="application/json", headers=headers)


@api.exception_handler(Refusal)
def _refused(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return _answer(refusal.status, {"detail": refusal.detail, **refusal.extra}, refusal.headers)


@api.exception_handler(AuthenticationError)
def _unauthenticated(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return _answer(401, {"detail": "Invalid or missing token"}, {"WWW-Authenticate": "Bearer"})


@api.exception_handler(HttpError)
def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, NotAnObject):
        what = {"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a JSON object"}
        return _answer(422, {"detail": [what]})
    # Under DEBUG Ninja appends the parser's message, which may quote the body.
    detail = "Cannot parse request body" if error.status_code == 400 else str(error)
    return _answer(error.status_code, {"detail": detail})


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [{"type": item["type"], "loc": _location(item["loc"]), "msg": item["msg"]} for item in error.errors]
    return _answer(422, {"detail": fields})


def _location(loc: tuple[Any, ...]) -> list[Any]:
    """["body", "<field>"], or ["body"] where there is none: Ninja puts the handler's parameter name in second place."""
    return [loc[0], *loc[2:]] if loc[0] == "body" else list(loc)


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    # Escaped (%a): a path may hold a line break.
    logger.error("%s %a failed", request.method, request.path, exc_info=error)
    if request.path == HEARTBEAT_PATH:
        metrics.heartbeat_failures.inc()
        return HttpResponse(json.dumps(unavailable_answer(_given_session(request))), content_type="application/json")
    if isinstance(error, (OperationalError, InterfaceError)):
        return _answer(503, {"detail": "The database cannot be reached, try again"}, {"Retry-After": "1"})
    return _answer(500, {"detail": "Internal Server Error"})


def _given_session(request: HttpRequest) -> UUID | None:
    """The session that a beat names, where its body was never validated: authentication failed before."""
    try:
        return UUID(json.loads(request.body)["session_id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
