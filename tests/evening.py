"""An evening that begins after an ANALYZE which saw nobody watch, and how many rows a statement reads then.

ANALYZE while hardly anyone watches (a nightly VACUUM ANALYZE, a restore, an upgrade) makes the partial index of running
sessions look like one row. A planner that believes so reads the whole index for every beat of the next evening.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.families import make_child, make_player, make_title
from tests.plans import nodes
from viewing.hotpath import threads

CHILDREN = 2_001
SIBLINGS = 3
ENDED_EACH = 10
LARGE = {
    "viewing_viewingsession",
    "viewing_viewingtimebalance",
    "viewing_profile",
    "viewing_playertoken",
    "parental_timegrant",
}

_CHILDREN = """
INSERT INTO viewing_profile (id, user_id, name, avatar_url, is_kids, created_at)
SELECT gen_random_uuid(), user_id, 'Mia', '', true, now()
FROM unnest(%(user_ids)s::uuid[]) user_id, generate_series(1, %(siblings)s) RETURNING id
"""
_TOKENS = """
INSERT INTO viewing_playertoken (id, profile_id, device_name, token_hash, created_at, last_used_at, expires_at)
SELECT gen_random_uuid(), id, 'TV', sha256(id::text::bytea), %(now)s, %(now)s, %(now)s + interval '90 days'
FROM unnest(%(ids)s::uuid[]) id
"""
# Ten ended ones each, or one that runs.
_SESSIONS = """
INSERT INTO viewing_viewingsession (
    id, profile_id, title_id, device_id, device_type, is_educational, day, started_at, last_heartbeat_at, ended_at,
    end_reason, counted_seconds, exempt_seconds, first_sequence, last_sequence)
SELECT gen_random_uuid(), profile_id, %(title_id)s, 'living-room', 'tv', false, at::date, at, at,
    CASE WHEN NOT %(run)s THEN at END, CASE WHEN %(run)s THEN '' ELSE 'ended' END, 30, 0, 0, 0
FROM unnest(%(ids)s::uuid[]) profile_id, generate_series(1, CASE WHEN %(run)s THEN 1 ELSE 10 END) n,
    LATERAL (SELECT %(now)s - (CASE WHEN %(run)s THEN 0 ELSE n END) * interval '1 day') s(at)
"""
_BALANCES = """
INSERT INTO viewing_viewingtimebalance (
    profile_id, day, used_seconds, educational_seconds, granted_seconds, is_unlimited_override)
SELECT profile_id, day, sum(counted_seconds), 0, 0, false FROM viewing_viewingsession
WHERE profile_id = ANY(%(ids)s::uuid[]) GROUP BY profile_id, day
"""
# One of each child, of that many days ago.
_GRANTS = """
INSERT INTO parental_timegrant (id, profile_id, is_remote, minutes, day, granted_at)
SELECT gen_random_uuid(), id, true, 30, at::date, at
FROM unnest(%(ids)s::uuid[]) id, LATERAL (SELECT %(now)s - %(ago)s * interval '1 day') g(at)
"""


@dataclass(frozen=True)
class Evening:
    """Many children, and a family whose pages and reports are read; each child has a running session.

    `running`: the session of each child, by profile.
    """

    ids: list[UUID]
    title_id: UUID
    user_id: UUID
    family: list[UUID]
    now: datetime
    running: dict[UUID, UUID]

    @property
    def family_rows(self) -> int:
        """How many sessions the family has, and as many balances."""
        return len(self.family) * (ENDED_EACH + 1)


def _users(count: int) -> list[Any]:
    return [get_user_model()(email=f"{uuid4()}@example.com", password="!") for _ in range(count)]


@contextmanager
def evening() -> Iterator[Evening]:
    """2,000 sessions begin after an ANALYZE that saw none run; taken back afterwards."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # What other tests left behind would change the plans.
        cursor.execute("TRUNCATE parental_user, viewing_title CASCADE")
    with transaction.atomic():
        title_id = make_title().id
        first = make_child().profile
        siblings = [first, *(make_player(first.user).profile for _ in range(SIBLINGS - 1))]
        family = [profile.id for profile in siblings]
        with connection.cursor() as cursor:
            user_ids = [user.id for user in get_user_model().objects.bulk_create(_users(CHILDREN // SIBLINGS))]
            cursor.execute(_CHILDREN, {"user_ids": user_ids, "siblings": SIBLINGS})
            ids = [id_ for (id_,) in cursor.fetchall()]
            values = {"ids": ids + family, "title_id": title_id, "now": now}
            cursor.execute(_TOKENS, values)
            cursor.execute(_SESSIONS, values | {"run": False})
            cursor.execute(_BALANCES, values)
            cursor.execute(_GRANTS, values | {"ago": 1})
            cursor.execute("ANALYZE")
            cursor.execute(_SESSIONS, values | {"run": True})
            cursor.execute(_GRANTS, values | {"ago": 0})
            cursor.execute("SELECT profile_id, id FROM viewing_viewingsession WHERE ended_at IS NULL")
            running = dict(cursor.fetchall())
        yield Evening(ids, title_id, first.user_id, family, now, running)
        transaction.set_rollback(True)
    for alias in ("default", threads.ALIAS):
        connections[alias].close()


def rows_over(bound: int, statements: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """Of each index or table: the rows that these statements read of it, kept or not, over all loops, if over a bound.

    The plans are generic ones, as for a prepared statement.
    """
    found = {}
    for statement, parameters in statements:
        for node in nodes(connection.connection, statement, parameters):
            what = node.get("Index Name") or node.get("Relation Name") or node["Node Type"]
            # A small table may be read once: the site's settings, or the settings of the few profiles that have some.
            is_read_once = node["Node Type"] == "Seq Scan" and node["Actual Loops"] == 1
            if node["rows"] > bound and not (is_read_once and what not in LARGE):
                found[what] = max(node["rows"], found.get(what, 0))
    return found


def sent_on_default(call: Callable[[], Any]) -> list[tuple[str, Any]]:
    """The statements that a call sends on the default connection, with their parameters. They run."""
    sent: list[tuple[str, Any]] = []

    def note(execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        result = execute(statement, parameters, many, context)
        if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            sent.append((statement, parameters))
        return result

    with connection.execute_wrapper(note):
        call()
    assert sent
    return sent
