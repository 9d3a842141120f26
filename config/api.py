"""The API under /api/v1: who is let in, and how errors and failures are answered (docs/contract.md#errors)."""

from collections.abc import Callable, Mapping, Sequence

import structlog
from csp.decorators import csp_update
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.security import APIKeyCookie, HttpBearer

from config.errors import answer, for_status, json_response
from config.server import express
from config.web.render_once import render_once
from parental.accounts.api import router as accounts_router
from parental.children.api import router as limits_router
from parental.children.profiles_api import router as profiles_router
from parental.children.time_requests.api import router as requests_router
from parental.deliver.api import router as webhooks_router
from parental.live import access as live_access
from parental.live.api import account_router as account_events_router
from parental.live.api import router as events_router
from parental.pairing.api import router as pairing_router
from parental.pins.api import router as pin_router
from parental.plans.api import router as plans_router
from parental.platform.api import routers as platform_routers
from parental.tokens import callers, signed
from perfmetrics.counting import metrics
from perfmetrics.reading.api import router as metrics_router
from viewing.api import catalog_router, gateway_router
from viewing.api import router as viewing_router
from viewing.caller import Caller, refuse_gateway, require_gateway, require_scope
from viewing.errors import Refusal
from viewing.heartbeats.answers import on_failure
from viewing.heartbeats.schemas import NOT_AN_OBJECT
from viewing.reports.api import router as reports_router

log = structlog.stdlib.get_logger(__name__)


class BearerToken(HttpBearer):
    """A token in the `Authorization` header; `check` refuses (403) the callers that a router is not for."""

    def __init__(self, check: Callable[[Caller], Caller] = refuse_gateway) -> None:
        super().__init__()
        self._check = check

    async def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        scope = getattr(request, "scope", {})
        if express.ERROR in scope:  # who asks was looked up on the express lane
            raise scope.pop(express.ERROR)  # kept nowhere else: it refers to frames that refer to the scope
        caller = await callers.authenticate(token)
        if caller is not None and caller.kind == "automation" and request.method == "GET":
            return caller if self._check is refuse_gateway else self._check(caller)
        return caller and self._check(caller)


class StreamToken(BearerToken):
    """Any token that reads an account, or the one that a page opens its stream with."""

    async def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        if token.startswith(signed.STREAM):
            return await live_access.authenticate(token)
        return await super().authenticate(request, token)


class ServiceToken(BearerToken):
    """A service's token with the scope that a router needs. Every call is logged, with the token's id."""

    def __init__(self, scope: str) -> None:
        super().__init__(require_scope(scope))

    async def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = await super().authenticate(request, token)
        if caller is not None:
            match = request.resolver_match
            log.info(
                "platform_called", token_id=caller.token_id, method=request.method, route=match.route if match else ""
            )
        return caller


class StaffToken(BearerToken):
    """An access token of a staff account."""

    async def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        caller = await super().authenticate(request, token)
        if caller is not None and not caller.is_staff:
            raise Refusal("staff_only")
        return caller


class StaffSession(APIKeyCookie):
    """The session of the admin site."""

    param_name = settings.SESSION_COOKIE_NAME

    async def authenticate(self, request: HttpRequest, key: str | None) -> object:
        user = await request.auser()
        if user.is_authenticated and not user.is_staff:
            raise Refusal("staff_only")
        return user if user.is_authenticated else None


class NotAnObject(Exception):
    """The body is JSON, but no object."""


class ObjectParser(Parser):
    """Ninja would look for the fields among the attributes of a list or a string and answer that all are missing."""

    def parse_body(self, request: HttpRequest) -> dict[str, object]:
        body = super().parse_body(request)
        if not isinstance(body, dict):
            raise NotAnObject
        return body


# Where the endpoints of these modules were when clients were first generated.
OPERATION_PREFIXES = {
    "parental.accounts.api": "parental_api",
    "parental.children.api": "parental_limits_api",
    "parental.children.profiles_api": "parental_api",
    "parental.children.time_requests.api": "requests",
    "parental.live.api": "live",
    "parental.deliver.api": "parental_webhooks_api",
    "parental.pairing.api": "parental_pairing_api",
    "parental.pins.api": "parental_pin_api",
    "parental.platform.api": "platform",
    "perfmetrics.reading.api": "perfmetrics_api",
    "viewing.reports.api": "parental_reports_api",
}


class SparingAPI(NinjaAPI):
    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """What a handler's result is filled into; a beat builds its answer itself, and needs none (7 µs)."""
        return _UNUSED if request.path == express.PATH else super().create_temporal_response(request)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The operation's name in generated clients, which a move of its module must not change."""
        function = operation.view_func
        prefix = OPERATION_PREFIXES.get(function.__module__, function.__module__.replace(".", "_"))
        return f"{prefix}_{function.__name__}"


_UNUSED = HttpResponse()

api = SparingAPI(
    title="Sandglass",
    version="1",
    description="Viewing-time limits for kids' profiles. docs/api.md explains how a player uses the API.",
    auth=BearerToken(),
    parser=ObjectParser(),
    # Swagger UI's own style sheet holds its icons.
    docs_decorator=lambda view: csp_update({"img-src": ["'self'", "data:"]})(render_once(view)),
)
for auth_router in (accounts_router, profiles_router):
    api.add_router("/auth", auth_router, tags=["accounts"])
api.add_router("/auth/device", pairing_router, tags=["pairing"])
for parental_router in (pin_router, limits_router, plans_router, reports_router):
    api.add_router("/parental-controls", parental_router, tags=["parents"])
api.add_router("/viewing-time", viewing_router, tags=["players"])
api.add_router("/viewing-time", gateway_router, auth=BearerToken(require_gateway), tags=["players"])
api.add_router("/viewing-time", events_router, tags=["live events"])
api.add_router("/viewing-time", account_events_router, auth=StreamToken(), tags=["live events"])
api.add_router("/requests", requests_router, tags=["requests"])
api.add_router("/catalog", catalog_router, tags=["catalogue"])
for scope, platform_router in platform_routers.items():
    api.add_router("/platform", platform_router, auth=ServiceToken(scope), tags=["platform"])
api.add_router("/webhooks", webhooks_router, tags=["webhooks"])
api.add_router("/admin", metrics_router, auth=[StaffToken(), StaffSession()], tags=["staff"])


@api.exception_handler(Refusal)
def _refused(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return _answer(refusal)


@api.exception_handler(AuthenticationError)
def _unauthenticated(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return _answer(Refusal("unauthenticated"))


@api.exception_handler(HttpError)
def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, NotAnObject):
        return _invalid_fields([NOT_AN_OBJECT])
    # Not Ninja's sentence: under DEBUG the parser's message, which may quote the body, is part of it.
    return _answer(Refusal("broken_body") if error.status_code == 400 else for_status(error.status_code, str(error)))


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [{"type": item["type"], "loc": _location(item["loc"]), "msg": item["msg"]} for item in error.errors]
    return _invalid_fields(fields)


def _answer(refusal: Refusal) -> HttpResponse:
    metrics.refusals.labels(refusal.status).inc()
    return answer(refusal)


def _invalid_fields(fields: Sequence[Mapping[str, object]]) -> HttpResponse:
    invalid = Refusal("invalid")
    metrics.refusals.labels(invalid.status).inc()
    return json_response(invalid.status, {**invalid.body, "detail": fields})


def _location(loc: tuple[object, ...]) -> list[object]:
    """["body", "<field>"], or ["body"] where there is none: Ninja puts the handler's parameter name in second place."""
    return [loc[0], *loc[2:]] if loc[0] == "body" else list(loc)


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("request_failed", method=request.method, path=request.path, exc_info=error)
    if (closed := on_failure(request)) is not None:
        return closed
    if isinstance(error, (OperationalError, InterfaceError)):
        return _answer(Refusal("database"))
    return _answer(Refusal("internal"))
