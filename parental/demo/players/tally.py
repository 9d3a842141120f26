"""What all players together met: counts, latencies and errors, for the progress display and the summary."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

MAX_EXAMPLES: Final = 10
# Buckets 5 % apart hold any number of latencies in little room.
STEP: Final = math.log(1.05)


@dataclass(slots=True)
class Latencies:
    """How long answers took, in milliseconds."""

    buckets: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0

    def add(self, seconds: float) -> None:
        milliseconds = max(seconds * 1000, 0.01)
        self.buckets[round(math.log(milliseconds) / STEP)] += 1
        self.slowest = max(self.slowest, milliseconds)

    def percentile(self, percent: float) -> float:
        """The latency that this share of the answers stayed under; 0 before the first one."""
        wanted = self.buckets.total() * percent / 100
        for bucket in sorted(self.buckets):
            wanted -= self.buckets[bucket]
            if wanted <= 0:
                return math.exp(bucket * STEP)
        return 0.0


@dataclass(slots=True)
class Tally:
    """Counted by the players, on one event loop."""

    players: int
    active: int = 0
    # Heartbeats answered to the player: by enforcement, and "409".
    answers: Counter[str] = field(default_factory=Counter)
    # What the players did, and which answers they lost on purpose.
    acts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    # Calls sent again because the network failed (a server that restarts), or because the server was busy (503).
    broken: int = 0
    busy: int = 0
    # Of heartbeats, and of all other calls.
    latencies: Latencies = field(default_factory=Latencies)
    other_latencies: Latencies = field(default_factory=Latencies)
    errors: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def beats(self) -> int:
        return self.answers.total()

    @property
    def retries(self) -> int:
        return self.broken + self.busy + self.faults.total()

    def error(self, kind: str, example: str) -> None:
        """Note an error; of each kind a few are kept whole."""
        self.errors[kind] += 1
        if self.errors[kind] <= 3 and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{kind}: {example}")
