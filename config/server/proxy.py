"""What a proxy says of its client, believed with TRUST_PROXY_HEADERS alone."""

from typing import Final

from perfmetrics.counting.asgi import Scope

SCHEMES: Final = frozenset({"http", "https"})


def believe_proxy(scope: Scope) -> None:
    """Put the client's address and scheme into the scope.

    Of several addresses the last one counts: the proxy appended it. The others a client may have made up.
    """
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            address = _last(value)
            if address:
                scope["client"] = (address, 0)
        elif name == b"x-forwarded-proto" and (scheme := _last(value)) in SCHEMES:
            scope["scheme"] = scheme


def _last(value: bytes) -> str:
    return value.rpartition(b",")[2].strip().decode("latin-1")
