"""The handler of the hot paths: Django's own without its threads. Pinned to Django 5.2, whose methods it overrides."""

import asyncio
import io
import re
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponsePermanentRedirect
from django.urls import ResolverMatch
from django.utils.module_loading import import_string

from perfmetrics.counting.asgi import Receive, Scope
from perfmetrics.counting.middleware import ROUTE
from viewing.live.hub import hub
from viewing.live.stream import EventStream, Stream, serve

log = structlog.stdlib.get_logger(__name__)


class StockHandler(ASGIHandler):
    """Django's own, which also notes for the request timing which pattern the path matched."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        match = super().resolve_request(request)
        note_route(request, match)
        return match

    async def run_get_response(self, request: HttpRequest) -> Any:
        """The answer; the connection that it took goes back to the pool before its first byte is sent.

        Django gives it back after the last one: clients that read slowly would take every connection.
        """
        response = await super().run_get_response(request)
        await sync_to_async(close_old_connections)()
        return response


def note_route(request: HttpRequest, match: ResolverMatch) -> None:
    """Note the pattern, never the path: the number of figures by path would be unbounded."""
    scope: Any = request.scope  # type: ignore[attr-defined]
    scope[ROUTE] = match.route


class LeanHandler(ASGIHandler):
    """Right for views that never use a connection of their own request.

    The stock handler makes two threads and 27 context switches a request: signals with synchronous receivers, a task
    that listens for disconnects, `response.close` and the logging of every 4xx in threads.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """`HOT_MIDDLEWARE` only, all of it native async; none of it hooks into views, templates or exceptions."""
        handler: Any = convert_exception_to_response(self._get_response_async)  # type: ignore[attr-defined]
        for name in reversed(settings.HOT_MIDDLEWARE):
            handler = convert_exception_to_response(import_string(name)(handler))
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain: Any = handler
        self._fixed: dict[str, ResolverMatch] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer one request, whose body the first message holds whole."""
        body = (await receive())["body"]
        request, refusal = self.create_request(scope, io.BytesIO(body))
        response: Any = refusal
        if request:
            response = self._redirect(request) or await self.get_response_async(request)
        try:
            if isinstance(response, EventStream):
                await self._serve_events(response.stream, scope, receive, send)
            elif response.streaming:
                await self._stream(response, receive, send)
            else:
                # Django's CommonMiddleware does this elsewhere; without it the answer goes out in chunks.
                response.headers.setdefault("Content-Length", str(len(response.content)))
                await self.send_response(response, send)
        finally:
            for close in response._resource_closers:
                close()

    async def _serve_events(self, stream: Stream, scope: Scope, receive: Receive, send: Any) -> None:
        # Released here, where nothing is skipped: a generator that never starts never runs its `finally`.
        hub.add(stream)
        try:
            await serve(stream, scope, receive, send)
        finally:
            hub.remove(stream)

    def _redirect(self, request: HttpRequest) -> HttpResponse | None:
        """To HTTPS, as Django's SecurityMiddleware; with the method kept, for most of these are calls of programs."""
        if not settings.SECURE_SSL_REDIRECT or request.scheme == "https":
            return None
        path = request.path.lstrip("/")
        if any(re.search(pattern, path) for pattern in settings.SECURE_REDIRECT_EXEMPT):
            return None
        try:
            host = request.get_host()
        except DisallowedHost:
            return HttpResponseBadRequest()
        url = f"https://{host}{request.get_full_path()}"
        return HttpResponsePermanentRedirect(url, preserve_request=True)

    async def _stream(self, response: Any, receive: Receive, send: Any) -> None:
        """Send parts until there are no more, or the client goes away: then the iterator is closed."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(receive())  # the body was read; what comes next is the disconnect
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The view of a path; a path without an id in it is looked up once (20 µs)."""
        match = self._fixed.get(request.path_info)
        if match is None:
            match = super().resolve_request(request)
            if not (match.args or match.kwargs):
                self._fixed[request.path_info] = match
        request.resolver_match = match
        note_route(request, match)
        return match

    async def get_response_async(self, request: HttpRequest) -> Any:
        """The answer; only ≥ 500 is logged, for a thread hop for each 4xx made overload worse."""
        response = await self._middleware_chain(request)
        response._resource_closers.append(request.close)
        if response.status_code >= 500 and response.status_code != 503:
            log.error("request_failed", method=request.method, path=request.path, status=response.status_code)
        return response
