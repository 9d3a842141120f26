"""The bodies of the catalogue's feed."""

from typing import Annotated, Final
from uuid import UUID

from ninja import Field, Schema
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from viewing import text
from viewing.fields import EXTERNAL_ID_PATTERN, MAX_DURATION_SECONDS
from viewing.schemas import NoNul

MAX_TITLES: Final = 1000

# Pydantic's expressions know no `\Z`; their `$` is the very end.
ExternalId = Annotated[str, Field(pattern=EXTERNAL_ID_PATTERN.replace(r"\Z", "$"))]
TitleName = Annotated[str, Field(min_length=1, max_length=200), NoNul, text.READABLE, text.NFC]


class TitleIn(Schema):
    external_id: ExternalId
    name: TitleName
    is_educational: bool = False
    duration_seconds: Annotated[int, Field(ge=1, le=MAX_DURATION_SECONDS)] | None = None


class TitlesIn(Schema):
    titles: list[TitleIn] = Field(min_length=1, max_length=MAX_TITLES)

    @model_validator(mode="after")
    def _each_once(self) -> "TitlesIn":
        if len({title.external_id for title in self.titles}) < len(self.titles):
            raise PydanticCustomError("repeated", "Each external_id may occur only once")
        return self


class TitlesOut(Schema):
    made: int
    changed: int
    unchanged: int
    ids: dict[str, UUID] = Field(description="The ID of each title, by its external ID.")


class RetireIn(Schema):
    external_ids: list[ExternalId] = Field(min_length=1, max_length=MAX_TITLES)


class RetiredOut(Schema):
    retired: int = Field(description="How many were not retired before. Unknown ones are ignored.")
