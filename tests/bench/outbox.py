"""What the event `limit.reached` costs heartbeats while an endpoint wants it: the counting statement with and without.

In turns on one connection, for warm sessions, in batches of the sizes that an idle and a loaded server has.
Without an endpoint the statement is the one that has always been, and costs nothing.
"""

import statistics
import time
import uuid
from pathlib import Path
from typing import Final

from django.utils import timezone

from tests.bench.cast import make_devices
from tests.bench.results import Figure
from viewing.heartbeats import sql
from viewing.heartbeats.beats import Beat, Row
from viewing.hotpath.entries import Title
from viewing.models import Profile
from viewing.profile import Profile as PlayerProfile

BATCHES: Final = (1, 32, 256)
TURNS: Final = 300


def figures(_folder: Path) -> list[Figure]:
    """Medians of the turns."""
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
    plain = [beat.as_row(n) for n, beat in enumerate(running)]
    wanting = [beat._replace(wants_event=True).as_row(n) for n, beat in enumerate(running)]
    return [_compared(size, plain[:size], wanting[:size]) for size in BATCHES]


def _compared(size: int, without: list[Row], wanting: list[Row]) -> Figure:
    times: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(2 * TURNS):
        is_wanted = turn % 2 == 1
        started = time.perf_counter()
        sql.continue_sessions(wanting if is_wanted else without)
        times[is_wanted].append(time.perf_counter() - started)
    before, after = (statistics.median(times[is_wanted]) for is_wanted in (False, True))
    return Figure(f"limit.reached, of a statement of {size}", (after / before - 1) * 100, "%", floor=2, maximum=True)
