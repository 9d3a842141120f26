"""Beats that wait for the writer."""

import asyncio
import time
import uuid
from collections.abc import Collection
from itertools import islice
from typing import Final

from django.conf import settings

from perfmetrics.counting import metrics
from viewing.errors import overloaded
from viewing.heartbeats.beats import Beat, Decision, Verdict

MAX_WAITING_PER_PROFILE: Final = 128


# A beat, the future of its decision, and when it was queued (`time.perf_counter`).
Waiting = tuple[Beat, "asyncio.Future[Decision]", float]


class Queue:
    """Waiting beats, ordered by the first beat of each profile; bounded as a whole and per profile."""

    def __init__(self) -> None:
        # Lists, because nearly all hold one beat: an empty deque takes ten times the memory and twice the time.
        self._by_profile: dict[uuid.UUID, list[Waiting]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, beat: Beat) -> "asyncio.Future[Decision]":
        """Queue a beat; the future is its decision. Refusal 503 when the queue is full."""
        beats = self._by_profile.get(beat.profile.id)
        if self._size >= settings.HEARTBEAT_QUEUE_SIZE or (beats and len(beats) >= MAX_WAITING_PER_PROFILE):
            metrics.heartbeats[Verdict.QUEUE_FULL].inc()
            raise overloaded()
        if beats is None:
            beats = self._by_profile[beat.profile.id] = []
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        beats.append((beat, future, time.perf_counter()))
        self._size += 1
        return future

    def take(self, limit: int, *, exclude: Collection[uuid.UUID] = ()) -> list[Waiting]:
        """Take the oldest beat of up to `limit` profiles; a profile's later beats keep waiting, in order."""
        profile_ids = (profile_id for profile_id in self._by_profile if profile_id not in exclude)
        taken = []
        for profile_id in list(islice(profile_ids, limit)):
            beats = self._by_profile.pop(profile_id)
            taken.append(beats.pop(0))
            if beats:
                self._by_profile[profile_id] = beats
        self._size -= len(taken)
        return taken
