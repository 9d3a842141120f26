"""What happened in a family, and who did it: grants, changes of settings, and the events of `AuditEntry`.

Newest first, page by page: a page begins after the last entry of the one before (its `Place`), so what is added in
between moves nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from parental.models import AuditEntry, SettingsChange, TimeGrant

PAGE: Final = 50

Kind = Literal["grant", "change", "entry"]
Row = TimeGrant | SettingsChange | AuditEntry


def _read_number(text: str) -> int:
    # A bigint surely holds 18 digits.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the audit: when its rows happened, and how its ids are written."""

    kind: Kind
    rows: Callable[[], QuerySet[Any]]
    column: str
    read_id: Callable[[str], UUID | int]


# In the order in which entries of one instant follow each other. Their order among themselves: the highest id first.
SOURCES: Final = (
    Source("grant", lambda: TimeGrant.objects.select_related("player_token"), "granted_at", UUID),
    Source("change", SettingsChange.objects.all, "changed_at", _read_number),
    Source("entry", AuditEntry.objects.all, "at", _read_number),
)
RANKS: Final = {source.kind: rank for rank, source in enumerate(SOURCES)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry is in the order: by time, then by the kind's place in `SOURCES`, then by id."""

    at: datetime
    kind: Kind
    id: UUID | int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.kind}~{self.id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of one of the sources."""

    place: Place
    row: Row


def place(text: str) -> Place | None:
    """The place that a page's address names, or None where it names none."""
    try:
        at, kind, entry = text.split("~")
        instant, source = parse_datetime(at), SOURCES[RANKS[kind]]  # type: ignore[index]
        if instant is None or instant.tzinfo is None:
            return None
        return Place(instant, source.kind, source.read_id(entry))
    except (ValueError, KeyError):
        return None


def entries(
    profile_ids: Collection[UUID], *, family_id: UUID | None, after: Place | None
) -> tuple[list[Entry], Place | None]:
    """At most 50 entries of the profiles after a place (None: the newest), and the place after which others follow.

    With `family_id` also the events of that account that concern no profile. One statement per source. Indexes:
    grant_profile_granted_idx, change_profile_changed_idx, audit_profile_at_idx or audit_family_at_idx.
    """
    found: list[Entry] = []
    for source in SOURCES:
        rows = source.rows().filter(_follows(source, after))
        for_family = family_id is not None and source.kind == "entry"
        rows = rows.filter(family=family_id) if for_family else rows.filter(profile__in=profile_ids)
        # One more than a page holds.
        page = rows.order_by(f"-{source.column}", "-id")[: PAGE + 1]
        found += [Entry(Place(getattr(row, source.column), source.kind, row.pk), row) for row in page]
    # Each source is in order already: sorted by time alone, they stay so, one source after the other.
    found.sort(key=lambda entry: entry.place.at, reverse=True)
    return found[:PAGE], found[PAGE - 1].place if len(found) > PAGE else None


def _follows(source: Source, after: Place | None) -> Q:
    if after is None:
        return Q()
    column = source.column
    # Of the same instant: all of the sources that come later, none of those that came before.
    same_instant = Q(**{column: after.at})
    if source.kind == after.kind:
        same_instant &= Q(id__lt=after.id)
    elif RANKS[source.kind] < RANKS[after.kind]:
        same_instant = Q(pk__in=[])
    # The first condition is for the index.
    return Q(**{f"{column}__lte": after.at}) & (Q(**{f"{column}__lt": after.at}) | same_instant)
