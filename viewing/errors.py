"""How the domain refuses. `config/api.py` turns a refusal into its answer (docs/contract.md#errors)."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """A documented refusal: a status, one sentence for the client's developer, headers, and fields beside `detail`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra or {}


def access_denied() -> Refusal:
    """The same for a profile of another account and for one that does not exist, so that ids cannot be probed."""
    return Refusal(403, "Profile not found or access denied")


def overloaded(*, retry_after_seconds: int = 1) -> Refusal:
    return Refusal(503, "The service is busy, try again", headers={"Retry-After": str(retry_after_seconds)})
