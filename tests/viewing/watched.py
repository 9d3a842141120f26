"""Sessions made straight in the database, for tests of history and weekly report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tests.families import Player
from viewing.models import ViewingSession

# Ended sessions of 60 s, all on the viewing day that is their UTC date, `every` apart, the newest at `until`.
_MANY = """
    INSERT INTO viewing_viewingsession (
        id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
        end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
    SELECT gen_random_uuid(), %(profile)s, (%(titles)s::uuid[])[1 + n %% %(count)s], 'tv', 'tv', false,
        (at AT TIME ZONE 'UTC')::date, at, at, at, 'ended', 60, 0, -1, -1
    FROM generate_series(0, %(sessions)s - 1) n, LATERAL (SELECT %(until)s::timestamptz - n * %(every)s::interval) s(at)
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def add_session(player: Player, started_at: str, *, day: str | None = None, **fields: Any) -> ViewingSession:
    """One session of 60 counted seconds, ended, of the viewing day that is its UTC date unless `fields` differ."""
    began = at(started_at)
    ended = {"ended_at": began + timedelta(seconds=60), "end_reason": "ended"}
    return ViewingSession.objects.create(
        **{
            "profile": player.profile,
            "title": player.title,
            "device_id": player.device_id,
            "device_type": "tv",
            "day": date.fromisoformat(day) if day else began.date(),
            "started_at": began,
            "last_heartbeat_at": began,
            "counted_seconds": 60,
            **ended,
            **fields,
        }
    )


def add_many(player: Player, sessions: int, *, until: str | datetime, every: timedelta, titles: Any = ()) -> None:
    """Add sessions of 60 s, `every` apart, the newest at `until`, over the titles in turn; one statement."""
    ids = [title.id for title in titles] or [player.title.id]
    with connection.cursor() as cursor:
        cursor.execute(
            _MANY,
            {
                "profile": player.profile.id,
                "titles": ids,
                "count": len(ids),
                "until": until,
                "every": every,
                "sessions": sessions,
            },
        )


def history(http: Any, parent: Any, player: Player, **query: Any) -> Any:
    url = f"/api/v1/parental-controls/profiles/{player.profile.id}/history"
    return http.get(url, params=query, headers=parent.headers)


def days_of(http: Any, parent: Any, player: Player, **query: Any) -> Any:
    response = history(http, parent, player, **query)
    assert response.status_code == 200, response.text
    return response.json()["days"]


def weekly_report(http: Any, parent: Any, **query: Any) -> Any:
    return http.get("/api/v1/parental-controls/weekly-report", params=query, headers=parent.headers)


@contextmanager
def plans() -> Iterator[list[str]]:
    """The plans of the SELECTs that this thread runs within the block."""
    found: list[str] = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith(("SELECT", "WITH")):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}", params)
                found.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found
