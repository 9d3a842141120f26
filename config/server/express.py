"""The express lane of the plain heartbeat: from the request's bytes to the answer's, without a Django request.

Django's request, its middleware and resolver, and Ninja's operation took half of a heartbeat's CPU time. The endpoint
in `viewing/api.py` stays the declaration, the schema and the way of every other heartbeat. Both call `single.answer`:
a rule about heartbeats belongs there or below, never here.

What is plain is decided before anything is looked up, so nothing happens twice. From then on a heartbeat that is not
answered 200 has an error, and the ordinary way answers it: `BearerToken` in `config/api.py` raises the error where it
would have looked up the token. So errors are answered, counted and logged in one place.
"""

from typing import Final

from django.conf import settings
from pydantic import ValidationError

from config.server.headers import IS_LEAN
from parental.tokens import callers
from perfmetrics.counting.asgi import Scope, Send
from perfmetrics.counting.middleware import ROUTE
from viewing.caller import refuse_gateway
from viewing.errors import Refusal
from viewing.heartbeats import single
from viewing.heartbeats.schemas import HeartbeatIn

PATH: Final = "/api/v1/viewing-time/heartbeat"
PATTERN: Final = PATH.removeprefix("/")
# On a scope: the error of a heartbeat that took the lane, for the ordinary way to answer.
ERROR: Final = "sandglass.express_error"
BEARER: Final = b"Bearer "
# Django looks at the parameters of others, and may refuse them.
CONTENT_TYPES: Final = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)
CORS: Final = "corsheaders.middleware.CorsMiddleware"
# As the ordinary way's, in its order: with CORS an answer says that it depends on the origin, even without one.
HEADERS: Final = (
    (b"content-type", b"application/json"),
    *(((b"vary", b"origin"),) if CORS in settings.HOT_MIDDLEWARE else ()),
)
_validate = HeartbeatIn.__pydantic_validator__.validate_json


async def answer(scope: Scope, body: bytes, send: Send) -> bool:
    """Answer a request to PATH if it is a plain heartbeat. False: the ordinary way must answer it."""
    token = _plain_token(scope)
    if token is None:
        return False
    try:
        heartbeat = _validate(body)
    except ValidationError:
        return False
    try:
        caller = await callers.authenticate(token)
        if caller is None:
            raise Refusal("unauthenticated")  # noqa: TRY301 — as what is raised below it
        content = await single.answer(refuse_gateway(caller), heartbeat)
    except Exception as error:  # noqa: BLE001 — the ordinary way raises it again
        scope[ERROR] = error
        return False
    scope[IS_LEAN] = True
    scope[ROUTE] = PATTERN
    headers = [*HEADERS, (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    return True


def _plain_token(scope: Scope) -> str | None:
    """The token of a POST that asks for nothing but a heartbeat. None for any other."""
    if scope["method"] != "POST" or scope["query_string"]:
        return None
    if settings.SECURE_SSL_REDIRECT and scope["scheme"] != "https":
        return None
    found: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            if found is not None:
                return None
            found = value
        elif name == b"origin" or (name == b"content-type" and value.lower() not in CONTENT_TYPES):
            return None
    if found is None or not found.startswith(BEARER) or not found.isascii():
        return None
    return found[len(BEARER) :].decode()
