"""The JSON Schemas of the webhooks' bodies, for anyone. docs/webhooks.json is the same."""

import hashlib
from functools import cache

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic_core import to_json

from parental.deliver.events import make_schemas

router = Router()


@cache
def _schemas() -> tuple[bytes, str]:
    content = to_json(make_schemas())
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@router.get("/schemas", auth=None, response={200: dict[str, object]})
async def webhook_schemas(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of each type of event, by type."""
    content, etag = _schemas()
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return HttpResponse(content, content_type="application/json", headers={"ETag": etag})
