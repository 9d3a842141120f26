"""What all routers of the API share: the request with its caller, and the errors that a call documents."""

from typing import Final

from django.http import HttpRequest

from viewing.caller import Caller
from viewing.schemas import ErrorDetail, ValidationDetail

Responses = dict[int, object]  # of a status its schema, as Ninja takes them

# Of a call with a token; with parameters in its address; with a body.
REFUSED: Final[Responses] = {401: ErrorDetail, 403: ErrorDetail, 503: ErrorDetail}
INVALID: Final[Responses] = {422: ValidationDetail}
BODY: Final[Responses] = {400: ErrorDetail, 413: ErrorDetail, 503: ErrorDetail, **INVALID}


class Request(HttpRequest):
    """A request whose token was accepted."""

    auth: Caller
