"""The hot statements with plain joins instead of look-ups row by row, as they once were: a baseline."""

import re
from typing import Final

from tests.bench.results import NotMeasured
from viewing.heartbeats.sql import SESSION
from viewing.rules import REPLAY_SECONDS

_REPLACED: Final = {
    r"LEFT JOIN LATERAL \((?:(?!LATERAL).)*?\) next ON true": f"""
    LEFT JOIN {SESSION} next ON s.end_reason IN ('switched', 'day_turned')
        AND next.profile_id = s.profile_id AND next.ended_at IS NULL AND next.started_at = s.ended_at
        AND next.first_sequence = b.sequence AND next.device_id = b.device_id AND next.title_id = b.title_id
""",
    r"LEFT JOIN LATERAL \((?:(?!LATERAL).)*?\) again ON true": f"""
    LEFT JOIN {SESSION} again ON b.session_id IS NULL
        AND again.profile_id = b.profile_id AND again.ended_at IS NULL AND again.first_sequence = b.sequence
        AND again.last_sequence = again.first_sequence AND again.last_heartbeat_at = again.started_at
        AND again.device_id = b.device_id AND again.title_id = b.title_id
        AND again.started_at >= b.at - interval '{REPLAY_SECONDS} seconds'
""",
    r"SELECT s\.id, p\.n FROM \(.*?(?=ORDER BY s\.profile_id, s\.id FOR NO KEY UPDATE OF s)": f"""
    SELECT s.id, p.n FROM {SESSION} s JOIN present p ON p.profile_id = s.profile_id
    WHERE s.ended_at IS NULL AND p.intent = 'begin' AND (p.session_id IS NULL OR p.session_id = s.id)
    """,
}


def joined(statement: str) -> str:
    """The statement with these joins."""
    found = statement
    for pattern, join in _REPLACED.items():
        found = re.sub(pattern, lambda _match, join=join: join, found, flags=re.DOTALL)  # type: ignore[misc]
    if found.count("LATERAL") >= statement.count("LATERAL"):
        raise NotMeasured("The statement has no look-up to replace.")
    return found
