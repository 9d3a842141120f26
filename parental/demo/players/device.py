"""One device of a player: its calls, sent again until they are answered (docs/api.md#retries-and-sequence)."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from random import Random
from typing import Final
from uuid import UUID

from parental.demo.players.ledger import Film, Viewer
from parental.demo.players.tally import Latencies, Tally
from parental.demo.players.wire import Address, Answer, AnswerLost, Fault, Line

HEARTBEAT: Final = "/api/v1/viewing-time/heartbeat"
# A beat sent again within 60 s of the first time counts once; later it may count again.
PATIENCE_SECONDS: Final = 50
PATIENCE_WHEN_STOPPED_SECONDS: Final = 5


class Unanswered(Exception):
    """No answer in time: whether the call was carried out, only the server knows."""


@dataclass(slots=True)
class Stage:
    """What all players of a run share."""

    address: Address
    tally: Tally
    interval: float  # seconds between two beats
    max_beats: int
    pause_grace_seconds: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        """Sleep; a long sleep ends when the run is stopped."""
        if seconds < 1:
            await asyncio.sleep(max(0, seconds))
            return
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            pass


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, with the times between which the server decided it, and how often the call was sent."""

    status: int
    body: dict[str, object]
    sent_at: float
    answered_at: float
    attempts: int

    def __str__(self) -> str:
        return f"{self.status} {json.dumps(self.body)}"


class Device:
    """A TV, a tablet or a phone: its own connection and its own sequence."""

    def __init__(self, *, kind: str, viewer: Viewer, stage: Stage, dice: Random) -> None:
        self.kind = kind
        self._viewer = viewer
        self._stage = stage
        self._dice = dice
        self._line = Line(stage.address)
        self._sequence = dice.randrange(1000)

    async def beat(
        self,
        session_id: UUID | None,
        film: Film,
        *,
        is_paused: bool = False,
        position: int | None = None,
        faults: Sequence[Fault] = (),
    ) -> Reply:
        """Send one heartbeat, losing its answer by each of the faults before it is read. Raises Unanswered."""
        self._sequence += 1
        body: dict[str, object] = {
            "profile_id": str(self._viewer.profile_id),
            "title_id": str(film.id),
            "device_id": f"{self.kind}-{self._viewer.number}",
            "device_type": self.kind,
            "session_id": str(session_id) if session_id else None,
            "is_paused": is_paused,
            "sequence": self._sequence,
        }
        if position is not None:
            body["position_seconds"] = position
        reply = await self.call("POST", HEARTBEAT, body=body, faults=faults)
        verdict = str(reply.body.get("enforcement")) if reply.status == 200 else str(reply.status)
        self._stage.tally.answers[verdict] += 1
        return reply

    async def call(
        self, method: str, path: str, *, body: Mapping[str, object] | None = None, faults: Sequence[Fault] = ()
    ) -> Reply:
        """Make one call, again and again until it is answered. Raises Unanswered."""
        content = json.dumps(body).encode() if body else b""
        request = self._stage.address.request(method, path, token=self._viewer.token, body=content)
        tally = self._stage.tally
        latencies = tally.latencies if path == HEARTBEAT else tally.other_latencies
        begin = time.monotonic()
        for attempts, fault in enumerate(chain(faults, repeat(None)), 1):
            answer = await self._attempt(request, fault, latencies)
            now = time.monotonic()
            if answer is not None:
                return Reply(answer.status, _json(answer.body), begin, now, attempts)
            patience = PATIENCE_WHEN_STOPPED_SECONDS if self._stage.stop.is_set() else PATIENCE_SECONDS
            if now - begin > patience:
                break
        raise Unanswered(f"{method} {path} had no answer for {now - begin:.0f} s")

    async def _attempt(self, request: bytes, fault: Fault | None, latencies: Latencies) -> Answer | None:
        """The answer, or None, after a wait, where the call must be sent again."""
        stage, tally = self._stage, self._stage.tally
        begin = time.monotonic()
        try:
            answer = await self._line.call(request, fault=fault, at=self._dice.random())
        except AnswerLost:
            tally.faults[fault.value if fault else ""] += 1
            await stage.sleep(self._dice.uniform(0, min(1, 2 * stage.interval)))
        except OSError:  # also no answer in time
            tally.broken += 1
            await stage.sleep(self._dice.uniform(0.1, 0.5))
        else:
            latencies.add(time.monotonic() - begin)
            if not await self._must_repeat(answer):
                return answer
        return None

    async def _must_repeat(self, answer: Answer) -> bool:
        """Whether the answer leaves open what became of the call: 429, 503, another failure, or `unavailable`."""
        if answer.status in (429, 503):
            self._stage.tally.busy += 1
            await self._stage.sleep(float(answer.headers.get(b"retry-after", b"1")))
        elif answer.status >= 500 or b'"unavailable"' in answer.body:
            kind = "unavailable" if answer.status < 500 else f"status {answer.status}"
            self._stage.tally.error(kind, answer.body[:300].decode(errors="replace"))
            await self._stage.sleep(self._dice.uniform(0.1, 0.5))
        else:
            return False
        return True

    def close(self) -> None:
        self._line.close()


def _json(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"not JSON": body[:300].decode(errors="replace")}
