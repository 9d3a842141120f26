"""Where a heartbeat's CPU time goes, as parts that add up to it, from what py-spy saw of a worker under load."""

from collections import Counter
from typing import Final

# A look belongs to the part that names its innermost frame; what no part names is the event loop's own work.
PARTS: Final = {
    "HTTP: read and parse a request, create its task": (
        "data_received (config/server/protocol",
        "receive (uvicorn",
        "_read_body (config/server/application",
    ),
    "HTTP: write the answer": ("send (config/server/cycle", "add_policy (config/server/headers"),
    "the timing, its headers, and the route": (
        "timed (perfmetrics/counting/middleware",
        "send_with_headers (perfmetrics/counting/middleware",
        "serve (config/server/application",
        "_route (config/server/application",
        "run_asgi (uvicorn",
    ),
    "counting": ("_count (perfmetrics/counting/middleware", "count_batch (perfmetrics", "inc (prometheus_client"),
    "validation of the head and the body": (
        "answer (config/server/express",
        "_plain_token (config/server/express",
        "no_nul (viewing/schemas",
    ),
    "authentication": ("authenticate (parental/tokens/callers",),
    "lookups: profile, title, site": ("for_beat (viewing/hotpath/entries",),
    "access, and the heartbeat with its viewing day": (
        "check_access (viewing/caller",
        "make_beat (viewing/heartbeats/beats",
    ),
    "queue and batches": (
        "write (viewing/heartbeats/writer",
        "_run (viewing/heartbeats/writer",
        "_decide_and_count (viewing/heartbeats/writer",
        "_work (viewing/hotpath/database_thread",
        "_hand_over (viewing/hotpath/database_thread",
        "decide (viewing/heartbeats/decide",
    ),
    "SQL: encode a batch, send it, read its rows": (
        "continue_sessions (viewing/heartbeats/sql",
        "begin_sessions (viewing/heartbeats/sql",
    ),
    "the answer's body": ("heartbeat_answer (viewing/heartbeats/answers", "answer (viewing/heartbeats/single"),
}
LOOP: Final = "the event loop: sockets, futures, tasks"


def shares(raw: str) -> dict[str, float]:
    """The share of each part, 0 … 1; together they are 1. `raw`: py-spy's format of that name."""
    looks: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        looks[_part(stack.split(";"))] += int(count)
    return {part: looks[part] / looks.total() for part in (*PARTS, LOOP)}


def _part(frames: list[str]) -> str:
    for frame in reversed(frames):
        function, _, path = frame.partition(" (")
        name = f"{function.rpartition('.')[2]} ({path}"
        for part, prefixes in PARTS.items():
            if name.startswith(prefixes):
                return part
    return LOOP
