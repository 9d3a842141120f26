"""Who decided what about an account's children, and when: grants and changes of settings.

Newest first, page by page: a page begins after the last entry of the one before (its `Place`), so what is added
meanwhile moves nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from parental.models import SettingsChange, TimeGrant

PAGE: Final = 50

Kind = Literal["grant", "change"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: of those of one instant grants come first, then by id, the highest first."""

    at: datetime
    kind: Kind
    id: UUID | int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.kind}~{self.id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One grant or one changed setting: a row of `TimeGrant` or of `SettingsChange`."""

    place: Place
    row: TimeGrant | SettingsChange


def place(text: str) -> Place | None:
    """The place that a page's address names, or None where it names none."""
    try:
        at, kind, entry = text.split("~")
        instant = parse_datetime(at)
        if instant is None or instant.tzinfo is None:
            return None
        if kind == "grant":
            return Place(instant, "grant", UUID(entry))
        # A bigint surely holds 18 digits.
        is_number = entry.isascii() and entry.isdigit() and len(entry) <= 18
        return Place(instant, "change", int(entry)) if kind == "change" and is_number else None
    except ValueError:
        return None


def entries(profile_ids: Collection[UUID], *, after: Place | None) -> tuple[list[Entry], Place | None]:
    """At most 50 entries of the profiles after a place (None: the newest), and the place after which others follow.

    Two statements. Indexes: grant_profile_granted_idx, change_profile_changed_idx.
    """
    found = [Entry(Place(row.granted_at, "grant", row.pk), row) for row in grants(profile_ids, after=after)]
    found += [Entry(Place(row.changed_at, "change", row.pk), row) for row in changes(profile_ids, after=after)]
    # Each of the two is in order already: sorted by time alone, they stay so, with grants first.
    found.sort(key=lambda entry: entry.place.at, reverse=True)
    return found[:PAGE], found[PAGE - 1].place if len(found) > PAGE else None


def grants(profile_ids: Collection[UUID], *, after: Place | None) -> QuerySet[TimeGrant]:
    """One more than a page holds."""
    rows = TimeGrant.objects.filter(_follows("grant", "granted_at", after), profile__in=profile_ids)
    return rows.select_related("player_token").order_by("-granted_at", "-id")[: PAGE + 1]


def changes(profile_ids: Collection[UUID], *, after: Place | None) -> QuerySet[SettingsChange]:
    """One more than a page holds."""
    rows = SettingsChange.objects.filter(_follows("change", "changed_at", after), profile__in=profile_ids)
    return rows.order_by("-changed_at", "-id")[: PAGE + 1]


def _follows(kind: Kind, column: str, after: Place | None) -> Q:
    if after is None:
        return Q()
    if kind == after.kind:
        same_instant = Q(**{column: after.at, "id__lt": after.id})
    else:
        # All changes of an instant follow its grants, and no grant its changes.
        same_instant = Q(**{column: after.at}) if kind == "change" else Q(pk__in=[])
    # The first condition is for the index.
    return Q(**{f"{column}__lte": after.at}) & (Q(**{f"{column}__lt": after.at}) | same_instant)
