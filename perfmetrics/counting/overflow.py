"""Which keys a full cache leaves out."""

from collections.abc import Hashable
from typing import Final

# Of the keys that come back, one in this many takes the place of another. With room for half of the keys, and each used
# in turn, a cache then hits 46 % of the time instead of never; new favourites find a place after some uses.
ADMIT_EVERY: Final = 16
# Keys that are remembered, as a multiple of the entries, and at most so many (of some 75 bytes).
REMEMBERED_PER_ENTRY: Final = 4
MAX_REMEMBERED: Final = 50_000


class Overflow:
    """Keys that a full cache dropped or left out lately. A key that it has not seen is always admitted."""

    def __init__(self, max_entries: int) -> None:
        self._size = min(REMEMBERED_PER_ENTRY * max_entries, MAX_REMEMBERED)
        # Two generations: a full one replaces the one before it.
        self._recent: set[int] = set()
        self._before: set[int] = set()
        self._returns = 0

    def admits(self, key: Hashable) -> bool:
        """Whether the key takes the place of another."""
        hashed = hash(key)
        if hashed not in self._recent and hashed not in self._before:
            return True
        self._returns += 1
        return self._returns % ADMIT_EVERY == 0

    def remember(self, key: Hashable) -> None:
        if len(self._recent) >= self._size:
            self._before, self._recent = self._recent, set()
        self._recent.add(hash(key))

    def clear(self) -> None:
        self._recent.clear()
        self._before.clear()
