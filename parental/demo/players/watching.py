"""Watching on one profile: sends what a player sends, and holds every answer against the ledger.

Here is what docs/contract.md#heartbeat says of each beat; what a player does next, `player.py` decides.
"""

import json
import time
from random import Random
from typing import Final
from uuid import UUID

from parental.demo.players.device import Device, Reply, Stage, Unanswered
from parental.demo.players.ledger import BEAT_SECONDS, NIL, Film, Ledger, Viewer
from parental.demo.players.wire import Fault

LOST_SHARE: Final = 0.06
# A first beat that was cut off may still lie before a slow worker. Read after the session's second beat it would begin
# another session; real players are 30 s apart, so this is a matter of the simulation's speed alone.
STRAGGLER_SECONDS: Final = 2
# This close to the end of the pause's grace, nobody can say from outside what counts: players stay silent.
EDGE_SECONDS: Final = 20


class Surprise(Exception):
    """The server answered what the player did not expect: the kind of error, and what happened."""


class Unsure(Exception):
    """A beat was answered so late that the pause's grace may or may not have been over: the player can know no more."""


class Watching:
    """A viewer's running session, as its player knows it. Every method may raise Surprise, Unsure and Unanswered."""

    def __init__(self, viewer: Viewer, *, stage: Stage, dice: Random) -> None:
        self.ledger = Ledger(viewer)
        self.beats = 0
        self._viewer = viewer
        self._stage = stage
        self._dice = dice
        self._session_id: UUID | None = None
        # The reply to the pause's first beat.
        self._pause: Reply | None = None
        # Of the beat sent last: where the title is, as far as its player says it.
        self._position: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether a session runs: a child whose plan allows nothing now has none."""
        return self._session_id is not None

    @property
    def session_id(self) -> UUID:
        """The session that runs; only to be asked for while one does."""
        if self._session_id is None:
            raise Surprise("player failed", "no session runs")
        return self._session_id

    @property
    def film(self) -> Film:
        return self.ledger.sessions[self.session_id].film

    async def begin(self, device: Device, film: Film) -> None:
        """A first beat: a session begins, and the one that runs is taken over; or nothing is left."""
        is_refused = self.ledger.remaining == 0
        reply = await self._send(device, None, film)
        if is_refused:
            _expect(reply, self.ledger.heartbeat(NIL, is_educational=None))
            return
        self._pause = None
        self._adopt(reply, film, left_as="taken_over", seconds=BEAT_SECONDS)
        if reply.attempts > 1:
            await self._stage.sleep(STRAGGLER_SECONDS)

    async def beat(self, device: Device, film: Film, *, is_paused: bool = False) -> None:
        """A beat of the session, or with another title the switch from it."""
        session_id, switches = self.session_id, film != self.film
        is_refused = switches and self.ledger.remaining == 0
        await self._avoid_the_edge()
        reply = await self._send(device, session_id, film, is_paused=is_paused)
        if is_refused:
            _expect(reply, self.ledger.heartbeat(session_id, is_educational=None))
            return
        seconds = self._seconds(reply, is_paused=is_paused)
        self._pause = (self._pause or reply) if is_paused else None
        if switches:
            self._adopt(reply, film, left_as="switched", seconds=seconds)
            return
        _expect_status(reply, 200)
        self.ledger.count(session_id, seconds=seconds)
        _expect(reply, self._running(session_id, film))

    async def late_beat(self, device: Device, session_id: UUID, *, reason: str) -> None:
        """A beat of a session that has ended: refused, for that reason."""
        reply = await self._send(device, session_id, self.ledger.sessions[session_id].film)
        _expect(reply, {"detail": "Session has ended", "reason": reason}, status=409)

    async def end(self, device: Device) -> UUID:
        """End the session; ended again, the answer is the same. The session's id."""
        session_id, path = self.session_id, f"/api/v1/viewing-time/session/{self.session_id}/end"
        reply = await device.call("POST", path, faults=self._faults())
        _expect_status(reply, 200)
        self.ledger.end(session_id, "ended")
        self._session_id = None
        _expect(reply, {"session_id": str(session_id), "total_seconds": self.ledger.sessions[session_id].total})
        if self._dice.random() < 0.5:
            _expect(await device.call("POST", path), reply.body)
        return session_id

    async def look(self, device: Device) -> None:
        """Read the balance, and whether a title may begin."""
        for path, expected in (("balance", self.ledger.balance()), ("playback-eligible", self.ledger.eligibility())):
            _expect(await device.call("GET", f"/api/v1/viewing-time/{path}/{self._viewer.profile_id}"), expected)

    def _adopt(self, reply: Reply, film: Film, *, left_as: str, seconds: int) -> None:
        """Another session runs from now on; the former one, if any, has ended."""
        _expect_status(reply, 200)
        session_id = UUID(str(reply.body["session_id"]))
        if session_id == NIL or session_id in self.ledger.sessions:
            raise Surprise("wrong session", f"expected a new session, got {reply}")
        if self._session_id is not None:
            self.ledger.end(self._session_id, left_as)
        self._session_id = session_id
        self.ledger.begin(session_id, film, seconds=seconds)
        _expect(reply, self._running(session_id, film))

    def _running(self, session_id: UUID, film: Film) -> dict[str, object]:
        """What a beat of the running title is answered."""
        duration, position = film.duration_seconds, self._position
        rest = None if duration is None or position is None else duration - position
        return self.ledger.heartbeat(session_id, is_educational=film.is_educational, rest_seconds=rest)

    async def _send(self, device: Device, session_id: UUID | None, film: Film, *, is_paused: bool = False) -> Reply:
        self.beats += 1
        plan = self._viewer.plan
        if plan and plan.finish_seconds and film.duration_seconds:
            # Anywhere: each answer follows from the position that its beat sends.
            self._position = self._dice.randrange(film.duration_seconds)
        try:
            return await device.beat(
                session_id, film, is_paused=is_paused, position=self._position, faults=self._faults()
            )
        except Unanswered:
            self.ledger.unsure_seconds += BEAT_SECONDS
            raise

    def _faults(self) -> list[Fault]:
        """How often the next answer is lost on its way, and how: mostly never."""
        count = self._dice.choice((1, 1, 1, 2)) if self._dice.random() < LOST_SHARE else 0
        return self._dice.choices(list(Fault), k=count)

    def _seconds(self, reply: Reply, *, is_paused: bool) -> int:
        """What the beat counts (docs/contract.md#counting). Raises Unsure."""
        if is_paused and self.ledger.remaining == 0:
            return 0
        grace = self._stage.pause_grace_seconds
        if self._pause is None or reply.answered_at - self._pause.sent_at <= grace:
            return BEAT_SECONDS
        if reply.sent_at - self._pause.answered_at > grace:
            return 0
        self.ledger.unsure_seconds += BEAT_SECONDS
        raise Unsure

    async def _avoid_the_edge(self) -> None:
        if self._pause is None:
            return
        now, grace = time.monotonic(), self._stage.pause_grace_seconds
        edge_at = self._pause.sent_at + grace - min(EDGE_SECONDS, grace / 2)
        over_at = self._pause.answered_at + grace + 1
        if edge_at < now < over_at:
            await self._stage.sleep(over_at - now)


def _expect_status(reply: Reply, status: int) -> None:
    if reply.status != status:
        raise Surprise(f"status {reply.status}", f"expected {status}, got {reply}")


def _expect(reply: Reply, expected: dict[str, object], *, status: int = 200) -> None:
    _expect_status(reply, status)
    wrong = {key: value for key, value in expected.items() if key not in reply.body or reply.body[key] != value}
    if wrong:
        raise Surprise("wrong answer", f"expected {json.dumps(wrong)} in {reply}")
