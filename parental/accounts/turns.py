"""A queue in which nobody's calls wait behind all of somebody else's."""

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Client(NamedTuple):
    """Whom a call is for. Turns go round the sources and, within each, round the subjects."""

    # What is tried: an account, an address.
    subject: Hashable = None
    # Where it comes from, as far as that is known; otherwise each subject has turns of its own.
    source: Hashable = None
    # Has proved before that it belongs to the subject.
    is_known: bool = False

    @property
    def group(self) -> Hashable:
        """Who shares a turn with it."""
        return (self.is_known, "source", self.source) if self.source else (self.is_known, "subject", self.subject)


ANYONE = Client()


@dataclass(eq=False, slots=True)
class Job:
    """A call and the future of its result."""

    client: Client
    function: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)


class Turns:
    """Waiting jobs. Not safe for threads."""

    def __init__(self) -> None:
        self._lanes: tuple[dict[Hashable, dict[Hashable, deque[Job]]], ...] = ({}, {})
        self._known_next = True
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, job: Job) -> None:
        groups = self._lanes[job.client.is_known]
        groups.setdefault(job.client.group, {}).setdefault(job.client.subject, deque()).append(job)
        self._size += 1

    def take(self) -> Job | None:
        """The next job: known clients and strangers in turn, then group by group, then subject by subject."""
        groups = self._lanes[self._known_next] or self._lanes[not self._known_next]
        if not groups:
            return None
        # What has more goes to the end.
        group, subjects = _pop_first(groups)
        subject, jobs = _pop_first(subjects)
        job: Job = jobs.popleft()
        if jobs:
            subjects[subject] = jobs
        if subjects:
            groups[group] = subjects
        self._size -= 1
        self._known_next = not job.client.is_known
        return job

    def remove(self, job: Job) -> None:
        """Forget a job, whether or not it still waits."""
        groups = self._lanes[job.client.is_known]
        subjects = groups.get(job.client.group, {})
        jobs = subjects.get(job.client.subject, deque())
        if job not in jobs:
            return
        jobs.remove(job)
        if not jobs:
            del subjects[job.client.subject]
        if not subjects:
            del groups[job.client.group]
        self._size -= 1


def _pop_first(mapping: dict[Hashable, Any]) -> tuple[Hashable, Any]:
    key = next(iter(mapping))
    return key, mapping.pop(key)
