"""What the event `limit.reached` costs heartbeats while an endpoint wants it: the counting statement with and without.

CPU time, in turns on one connection, for warm sessions, in batches of the sizes that an idle and a loaded server has.
One heartbeat in 240, a child's two hours, uses up its day and writes the event. Without an endpoint the statement is
the one that has always been, and costs nothing.
"""

import time
import uuid
from pathlib import Path
from typing import Final

from django.utils import timezone

from tests.bench.cast import make_devices
from tests.bench.results import Figure, NotMeasured
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat, Row
from viewing.hotpath.entries import Title
from viewing.hotpath.threads import execute
from viewing.models import Profile
from viewing.profile import Profile as PlayerProfile
from viewing.rules import BEAT_SECONDS

BATCHES: Final = (1, 32, 256)
TURNS: Final = 300
# Plans are made, and kept from the sixth run on.
WARM_UP: Final = 40
BEATS_A_DAY: Final = 240
NEVER_REACHED: Final = 10**8


def figures(_folder: Path) -> list[Figure]:
    """By size of the batch."""
    devices = make_devices(max(BATCHES))
    owners = dict(Profile.objects.values_list("pk", "user_id"))
    now = timezone.now()
    beats = []
    for device in devices:
        profile_id, title_id = uuid.UUID(device.profile_id), uuid.UUID(device.title_id)
        beats.append(
            Beat(
                profile=PlayerProfile(id=profile_id, user_id=owners[profile_id], is_kids=True),
                title_id=title_id,
                title=Title(id=title_id, is_educational=False),
                session_id=None,
                device_id="living-room",
                device_type="tv",
                is_paused=False,
                sequence=None,
                pause_grace_seconds=300,
                day=now.date(),
                now=now,
            )
        )
    begun = sql.begin_sessions([beat.as_row(n) for n, beat in enumerate(beats)])
    sessions = {decision.n: decision.session_id for decision in begun}
    running = [beat._replace(session_id=sessions[n]) for n, beat in enumerate(beats)]
    rows = [beat.as_row(n) for n, beat in enumerate(running)]
    return [_compared(size, rows[:size]) for size in BATCHES]


def _compared(size: int, rows: list[Row]) -> Figure:
    spent = {False: 0.0, True: 0.0}
    used = [0] * size
    (server,) = execute("SELECT pg_backend_pid()", {})[0]
    for turn in range(2 * TURNS):
        is_wanted = turn % 2 == 1
        for n, row in enumerate(rows):
            reaches = (turn // 2 * size + n) % BEATS_A_DAY == BEATS_A_DAY - 1
            row["limit_seconds"] = used[n] + BEAT_SECONDS if reaches else NEVER_REACHED
        before = _cpu_seconds(server)
        decisions = sql.continue_sessions(rows, wants_event=is_wanted)
        if turn >= WARM_UP:
            spent[is_wanted] += _cpu_seconds(server) - before
        used = [decision.used_seconds or 0 for decision in sorted(decisions, key=lambda decision: decision.n)]
    more = (spent[True] / spent[False] - 1) * 100
    return Figure(f"limit.reached, of a statement of {size}", more, "%", floor=2, maximum=True)


def _cpu_seconds(server: int) -> float:
    """What this thread and the database's process of its connection have used: what others do does not matter."""
    try:
        return int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) / 1e9 + time.thread_time()
    except (OSError, ValueError) as error:
        raise NotMeasured("the database's CPU time is not to be seen here") from error
