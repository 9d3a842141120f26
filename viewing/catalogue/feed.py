"""The catalogue as the platform brings it: titles in batches, by its own ids (docs/contract.md#catalogue-feed)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from viewing.catalogue import sql
from viewing.catalogue.schemas import TitleIn
from viewing.hotpath import invalidation
from viewing.models import Title


@dataclass(frozen=True, slots=True)
class Fed:
    """What a batch did, and the id of each of its titles by the platform's own."""

    made: int
    changed: int
    unchanged: int
    ids: dict[str, UUID]


@transaction.atomic
def put(titles: Sequence[TitleIn], *, now: datetime) -> Fed:
    """Make titles, or change what differs: in two statements, with one notification about those that changed."""
    external_ids = [title.external_id for title in titles]
    written = sql.upsert(
        external_ids=external_ids,
        names=[title.name for title in titles],
        educational=[title.is_educational for title in titles],
        durations=[title.duration_seconds for title in titles],
        now=now,
    )
    invalidation.titles_changed([id_ for id_, _is_made in written])
    made = sum(is_made for _id, is_made in written)
    rows = Title.objects.filter(external_id__in=external_ids).values_list("external_id", "id")
    ids = {external_id: id_ for external_id, id_ in rows if external_id is not None}
    return Fed(made=made, changed=len(written) - made, unchanged=len(titles) - len(written), ids=ids)


@transaction.atomic
def retire(external_ids: Collection[str], *, now: datetime) -> int:
    """Titles leave the catalogue and begin no session; those that are watched go on. How many were not retired."""
    retired = sql.retire(external_ids, now=now)
    invalidation.titles_changed(retired)
    return len(retired)
