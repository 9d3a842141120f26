"""What the Performance page says about accuracy.

An app above this one knows which counts there are to check, and how; config passes in how to read its last check.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check in a sentence, and when it ran (UTC, for people)."""

    text: str
    ran_at: str
    is_bad: bool


_readers: list[Callable[[], Check | None]] = []


def register(read_last: Callable[[], Check | None]) -> None:
    """Show what `read_last` returns; None before the first check. It is called for each page."""
    _readers[:] = [read_last]


def last_check() -> Check | None:
    """The last check; None where there was none, or nobody registered one."""
    return _readers[0]() if _readers else None
