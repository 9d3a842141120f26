"""What was watched last, and on which device, by the name that a parent gave it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from viewing import rules
from viewing.models import PlayerToken, ViewingSession

MAX_SHOWN: Final = 3
COLUMNS: Final = (
    "profile_id",
    "day",
    "title__name",
    "device_id",
    "device_type",
    "is_educational",
    "started_at",
    "counted_seconds",
    "exempt_seconds",
)


def newest_today(running: Mapping[UUID, rules.ViewingDay]) -> dict[UUID, list[ViewingSession]]:
    """At most `MAX_SHOWN` sessions of each profile's running day, the newest first; one statement.

    Index: session_profile_started_idx.
    """
    if not running:
        return {}
    place = Window(RowNumber(), partition_by=[F("profile_id"), F("day")], order_by=F("started_at").desc())
    since = min(day.since for day in running.values())
    days = {day.day for day in running.values()}
    # What was only looked at took no time.
    took_time = Q(counted_seconds__gt=0) | Q(exempt_seconds__gt=0)
    rows = ViewingSession.objects.filter(took_time, profile__in=running, started_at__gte=since, day__in=days)
    shown = rows.annotate(place=place).filter(place__lte=MAX_SHOWN).select_related("title").only(*COLUMNS)
    found: dict[UUID, list[ViewingSession]] = {}
    for session in sorted(shown, key=lambda one: one.started_at, reverse=True):
        if session.day == running[session.profile_id].day:
            found.setdefault(session.profile_id, []).append(session)
    return found


def device_names(profile_ids: Collection[UUID], device_ids: Iterable[str]) -> dict[str, str]:
    """The names of the devices among these ids, which are those of their tokens: our player says so in its beats.

    No statement where none of them can be one.
    """
    by_token = {token_id: id_ for id_ in device_ids if (token_id := _as_uuid(id_)) is not None}
    if not by_token:
        return {}
    rows = PlayerToken.objects.filter(pk__in=by_token, profile_id__in=profile_ids)
    return {by_token[token_id]: name for token_id, name in rows.values_list("pk", "device_name")}


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == len(str(UUID(int=0))) else None
    except ValueError:
        return None
