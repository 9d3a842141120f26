"""What goes wrong with heartbeats, made on purpose: errors, locked rows, a writer that stands still."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from tests.races import until
from viewing.heartbeats import writer
from viewing.models import ViewingSession


def unavailable(session_id):
    return {
        "session_id": session_id,
        "enforcement": "blocked",
        "remaining_minutes": 0,
        "used_minutes": 0,
        "is_educational": False,
        "reason": "unavailable",
        "next_reset_at": None,
    }


def fail(error):
    def failing(*_args, **_kwargs):
        raise error

    return failing


def locked_session(session_id, action):
    """Hold the lock of a session's row while `action` runs."""
    with transaction.atomic():
        ViewingSession.objects.select_for_update(no_key=True).get(id=session_id)
        return action()


class HeldWriter:
    """Holds the writer, so that what is sent until it is `open` waits and becomes one batch.

    `batches` are the profiles of each batch that it has begun.
    """

    def __init__(self, monkeypatch):
        self.open = threading.Event()
        self.batches = []
        decide = writer.decide

        def held(beats):
            self.batches.append([beat.profile.id for beat in beats])
            assert self.open.wait(30)
            return decide(beats)

        monkeypatch.setattr(writer, "decide", held)

    def all_in_one_batch(self, calls):
        """The first call is the batch that holds the writer; the results of the others, in order."""
        with ThreadPoolExecutor(len(calls) + 1) as threads:
            first = threads.submit(calls[-1])
            self.wait_for_waiting(0)
            futures = [threads.submit(call) for call in calls[:-1]]
            self.wait_for_waiting(len(calls) - 1)
            self.open.set()
            results = [future.result() for future in futures] + [first.result()]
        assert max(map(len, self.batches)) == len(calls) - 1
        return results

    def wait_for_waiting(self, count, queue=None):
        """Wait until the writer is held and `count` beats are in the queue, by default the players' queue."""
        queue = writer.writer.players if queue is None else queue
        try:
            until(lambda: self.batches and len(queue) >= count)
        except AssertionError:
            self.open.set()
            raise
