"""The bodies of the players' API (docs/contract.md). Every field has its bounds here, once."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

NIL = UUID(int=0)


def no_nul(text: str) -> str:
    """PostgreSQL's text cannot hold it, and one such row would spoil a whole batch of beats."""
    if "\0" in text:
        raise PydanticCustomError("nul_character", "String must not contain the NUL character")
    return text


# Behind a field's bounds: before them it would take their names (`too_long`), and lone surrogates would pass.
NoNul = AfterValidator(no_nul)


class ErrorDetail(Schema):
    """Why the request was refused: a sentence for developers and a code for programs."""

    detail: str
    code: str


class PlanChanged(ErrorDetail):
    """Someone else changed the plan after it was read."""

    version: int


class FieldError(Schema):
    type: str
    loc: list[str | int]
    msg: str


class ValidationDetail(Schema):
    """What is wrong with which field. A rule over several fields is reported as one sentence."""

    detail: list[FieldError] | str
    code: str


def iso(instant: datetime) -> str:
    """As Ninja writes times elsewhere."""
    return instant.isoformat().replace("+00:00", "Z")


# Each heartbeat's answer has two, of the few values that there are: multiples of 30 s.
@lru_cache(maxsize=8192)
def minutes(seconds: int) -> float:
    """Seconds as the API's minutes: rounded to 2 decimals."""
    return round(seconds / 60, 2)


def minutes_or_none(seconds: int | None) -> float | None:
    """As `minutes`; None, where nothing limits, stays None."""
    return None if seconds is None else minutes(seconds)
