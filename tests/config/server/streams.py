"""Views that stream, for a service of the tests: `ROOT_URLCONF` and settings of their own."""

import asyncio
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from config.settings import *  # noqa: F403
from perfmetrics.counting.lean import lean

ROOT_URLCONF = "tests.config.server.streams"
ended: list[str] = []


async def _count(to: int) -> AsyncIterator[str]:
    try:
        for number in range(to):
            yield f"{number}\n"
            if number >= 3:
                await asyncio.sleep(0.01)
    finally:
        ended.append(f"{to}")


@lean
async def count(_request: HttpRequest, to: int) -> StreamingHttpResponse:
    return StreamingHttpResponse(_count(to), content_type="text/plain")


@lean
async def breaks(_request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        yield "first"
        raise RuntimeError("broken")

    return StreamingHttpResponse(parts(), content_type="text/plain")


@lean
async def what_ended(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(",".join(ended))


def _project_urls() -> list[object]:
    from config.urls import urlpatterns as project

    return project


def __getattr__(name: str) -> object:
    """Django imports this module for its settings first, before there are any models to route to."""
    if name == "urlpatterns":
        return [
            path("streams/count/<int:to>", count),
            path("streams/breaks", breaks),
            path("streams/ended", what_ended),
            *_project_urls(),
        ]
    raise AttributeError(name)
