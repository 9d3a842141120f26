"""The state of a profile as live events send it: one JSON per topic, shared by all streams of the profile."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

# Topics in the order in which their events are sent.
TOPICS: Final = ("limits", "lock", "balance", "grants", "session", "request")
# The events' names, where they differ.
NAMES: Final = {"grants": "grant"}
# Where one of these limits, what is left changes with the time alone: the reader counts down to `closes_at`.
CLOCKED: Final = frozenset({"hours", "lock"})


def without_clock(balance: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a balance is compared."""
    if balance.get("limited_by") not in CLOCKED:
        return balance
    return {name: value for name, value in balance.items() if name != "remaining_minutes"}


class State:
    """`topics`: the JSON-ready data of each topic. `wakes_at`: when time alone changes it; None: it does not."""

    __slots__ = ("_events", "compared", "digest", "is_playing", "now", "profile_id", "topics", "wakes_at")

    def __init__(
        self, profile_id: UUID, topics: Mapping[str, Any], *, now: datetime, wakes_at: datetime | None
    ) -> None:
        self.profile_id = profile_id
        self.topics = topics
        self.now = now
        self.wakes_at = wakes_at
        self.is_playing = topics["session"] is not None
        self.compared = {
            topic: to_json(without_clock(data) if topic == "balance" else data) for topic, data in topics.items()
        }
        self._events: dict[str, bytes] = {}
        self.digest = hashlib.sha256(b"".join(self.compared.values())).hexdigest()[:16]

    @property
    def body(self) -> dict[str, Any]:
        return {"profile_id": self.profile_id, **self.topics}

    def differs(self, other: "State", topic: str) -> bool:
        return self.compared[topic] != other.compared[topic]

    def is_same(self, other: "State") -> bool:
        return self.compared == other.compared

    def event(self, topic: str) -> bytes:
        """The event with this state of a topic; made once for all streams."""
        if topic not in self._events:
            self._events[topic] = self._made(topic)
        return self._events[topic]

    def _made(self, topic: str) -> bytes:
        data = self.topics[topic]
        name = NAMES.get(topic, topic)
        if topic == "lock":
            name, data = ("unlock", {}) if data is None else ("lock", data)
        elif topic == "grants":
            data = {"grants": data, "balance": self.topics["balance"]}
        elif topic == "session":
            data = {"session": None} if data is None else data
        return b"event: %s\ndata: %s\n\n" % (name.encode(), to_json({"profile_id": self.profile_id, **data}))
