"""Beats that wait for the writer."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Collection
from itertools import islice
from typing import Final

from django.conf import settings

from perfmetrics.counting import metrics
from viewing.errors import overloaded
from viewing.heartbeats.beats import Beat, Outcome

MAX_WAITING_PER_PROFILE: Final = 128


# A beat, who waits for its outcome, and since when (`time.perf_counter`).
Waiting = tuple[Beat, "asyncio.Future[Outcome]", float]


class Queue:
    """Beats that wait, in the order of their profiles' first ones; bounded, as a whole and for each profile."""

    def __init__(self) -> None:
        self._by_profile: dict[uuid.UUID, deque[Waiting]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, beat: Beat) -> "asyncio.Future[Outcome]":
        """What will become of the beat. Refusal 503 when the queue is full."""
        beats = self._by_profile.get(beat.profile.id)
        if self._size >= settings.HEARTBEAT_QUEUE_SIZE or (beats and len(beats) >= MAX_WAITING_PER_PROFILE):
            metrics.heartbeats["queue_full"].inc()
            raise overloaded()
        if beats is None:
            beats = self._by_profile[beat.profile.id] = deque()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        beats.append((beat, future, time.perf_counter()))
        self._size += 1
        return future

    def take(self, most: int, *, but_not: Collection[uuid.UUID] = ()) -> list[Waiting]:
        """The oldest beat of up to `most` profiles, others than those; a profile's next ones wait, in order."""
        profile_ids = (profile_id for profile_id in self._by_profile if profile_id not in but_not)
        taken = []
        for profile_id in list(islice(profile_ids, most)):
            beats = self._by_profile.pop(profile_id)
            taken.append(beats.popleft())
            if beats:
                self._by_profile[profile_id] = beats
        self._size -= len(taken)
        return taken
