"""The statements of the catalogue: read it in parts, write it by batches of the platform's own ids."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from viewing.hotpath.threads import execute
from viewing.models import Title

TITLE: Final = Title._meta.db_table
MAX_WORDS: Final = 10


class Line(NamedTuple):
    """A title of the catalogue, as JSON, with what decides whether it may be watched."""

    id: UUID
    name: str
    json: str
    is_educational: bool
    duration_seconds: int | None


# A part of the catalogue, after a place (null: from the beginning). Index: title_listed_idx; for `words`, where they
# are rare, title_words_idx.
_READ_LISTED = f"""
SELECT id, name,
    format('{{{{"id":"%%s","name":%%s,"is_educational":%%s,"duration_minutes":%%s}}}}', id, to_json(name),
        is_educational::text, coalesce(round(duration_seconds / 60.0, 2)::float8::text, 'null')),
    is_educational, duration_seconds
FROM {TITLE}
WHERE retired_at IS NULL {{condition}}
ORDER BY name, id LIMIT %(limit)s
"""
_AFTER: Final = " AND (name, id) > (%(name)s, %(id)s)"
_WITH_WORDS: Final = (
    " AND to_tsvector('simple'::regconfig, coalesce(name, '')) @@ to_tsquery('simple'::regconfig, %(words)s)"
)


def read_listed(*, after: tuple[str, UUID] | None, words: str | None, limit: int) -> list[Line]:
    """Titles by name, not the retired ones; `after` is the place (name, id) of one, `words` from `query`."""
    name, id_ = after or ("", None)
    condition = (_AFTER if after else "") + (_WITH_WORDS if words is not None else "")
    parameters = {"name": name, "id": id_, "words": words, "limit": limit}
    return [Line(*row) for row in execute(_READ_LISTED.format(condition=condition), parameters)]


def query(text: str) -> str | None:
    """The query for titles in which each word of the text begins a word; None where the text has no word."""
    words = re.findall(r"\w+", text)[:MAX_WORDS]
    return " & ".join(f"{word}:*" for word in words) or None


def read_place(title_id: UUID) -> tuple[str, UUID] | None:
    """The place of a title in the catalogue, retired or not. Index: the primary key."""
    rows = execute(f"SELECT name, id FROM {TITLE} WHERE id = %(id)s", {"id": title_id})
    return next(((name, id_) for name, id_ in rows), None)


# In one order, so that parallel batches cannot deadlock. A row that stays as it is is not written, hence not returned.
# Index: title_external_id_uniq.
_UPSERT = f"""
INSERT INTO {TITLE} AS present (id, external_id, name, is_educational, duration_seconds, created_at)
SELECT gen_random_uuid(), external_id, name, is_educational, duration_seconds, %(now)s
FROM unnest(%(external_ids)s::text[], %(names)s::text[], %(educational)s::bool[], %(durations)s::int[])
    AS sent(external_id, name, is_educational, duration_seconds)
ORDER BY external_id
ON CONFLICT (external_id) WHERE external_id IS NOT NULL DO UPDATE SET
    name = excluded.name, is_educational = excluded.is_educational, duration_seconds = excluded.duration_seconds,
    retired_at = NULL
WHERE (present.name, present.is_educational, present.duration_seconds, present.retired_at)
    IS DISTINCT FROM (excluded.name, excluded.is_educational, excluded.duration_seconds, NULL::timestamptz)
RETURNING id, xmax = 0
"""


def upsert(
    *,
    external_ids: Sequence[str],
    names: Sequence[str],
    educational: Sequence[bool],
    durations: Sequence[int | None],
    now: datetime,
) -> list[tuple[UUID, bool]]:
    """(id, whether it was made) of the titles that were made or changed; retired ones come back."""
    with connection.cursor() as cursor:
        cursor.execute(
            _UPSERT,
            {
                "external_ids": list(external_ids),
                "names": list(names),
                "educational": list(educational),
                "durations": list(durations),
                "now": now,
            },
        )
        return [(id_, is_made) for id_, is_made in cursor.fetchall()]


_RETIRE = f"""
WITH locked AS (
    SELECT id FROM {TITLE} WHERE external_id = ANY(%(external_ids)s::text[]) AND retired_at IS NULL
    ORDER BY external_id FOR NO KEY UPDATE
)
UPDATE {TITLE} t SET retired_at = %(now)s FROM locked WHERE t.id = locked.id RETURNING t.id
"""


def retire(external_ids: Collection[str], *, now: datetime) -> list[UUID]:
    """The ids of the titles that were not retired before."""
    with connection.cursor() as cursor:
        cursor.execute(_RETIRE, {"external_ids": list(external_ids), "now": now})
        return [id_ for (id_,) in cursor.fetchall()]
