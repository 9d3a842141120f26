"""One simulated player: what it does, by chance."""

import math
import time
from random import Random
from typing import Final

from parental.demo.players.device import Device, Stage, Unanswered
from parental.demo.players.ledger import Film, Ledger, Viewer
from parental.demo.players.watching import Surprise, Unsure, Watching

KINDS: Final = ("tv", "tablet", "mobile")
# What a player does instead of just watching on, and how often of 100 beats.
ACTS: Final = {
    "watch": 80,
    "catch up": 2,
    "pause": 4,
    "switch title": 5,
    "switch device": 3,
    "end and begin": 2,
    "look": 4,
}


class Player:
    """Plays one viewer until its time or its patience is over; `ledger` is what it knows afterwards."""

    def __init__(self, viewer: Viewer, films: list[Film], *, stage: Stage, dice: Random) -> None:
        self._viewer = viewer
        self._films = films
        self._stage = stage
        self._dice = dice
        self._watching = Watching(viewer, stage=stage, dice=dice)
        self._devices = [Device(kind=kind, viewer=viewer, stage=stage, dice=dice) for kind in KINDS]
        self._device = dice.choice(self._devices)
        self._max_beats = dice.randint(math.ceil(stage.max_beats * 0.7), stage.max_beats)
        self._paused_beats_left = 0
        self._due = 0.0

    @property
    def ledger(self) -> Ledger:
        return self._watching.ledger

    async def run(self, *, delay: float) -> None:
        """Play; whatever goes wrong is in the tally afterwards."""
        tally, name = self._stage.tally, f"player {self._viewer.number}"
        tally.active += 1
        try:
            await self._stage.sleep(delay)
            await self._play()
        except Surprise as surprise:
            kind, what = surprise.args
            tally.error(kind, f"{name}: {what}")
        except Unsure:
            tally.acts["stop unsure"] += 1
        except Unanswered as unanswered:
            # A stopping player does not wait for a server that is away.
            if not self._stage.stop.is_set():
                tally.error("unanswered", f"{name}: {unanswered}")
        except Exception as error:  # noqa: BLE001 — one player's defect must not hide the others' findings
            tally.error("player failed", f"{name}: {error!r}")
        finally:
            for device in self._devices:
                device.close()
            tally.active -= 1

    async def _play(self) -> None:
        self._due = time.monotonic()
        await self._watching.begin(self._device, self._dice.choice(self._films))
        if not self._watching.is_running:
            await self._stay_out()
            return
        while self._goes_on():
            await self._rest()
            await self._act()
        if self._stage.stop.is_set():
            return
        if self.ledger.remaining == 0:
            self._stage.tally.acts["run out of time"] += 1
            await self._run_out()
        if self._dice.random() < 0.6:
            await self._end()

    async def _stay_out(self) -> None:
        """Hours are closed, or a parent stopped the child: nothing begins, however often it is tried."""
        self._stage.tally.acts["stay out"] += 1
        for _ in range(self._dice.randint(1, 3)):
            await self._rest()
            await self._watching.begin(self._dice.choice(self._devices), self._dice.choice(self._films))
            await self._watching.look(self._device)

    def _goes_on(self) -> bool:
        is_over = self._watching.beats >= self._max_beats or self.ledger.remaining == 0
        return not is_over and not self._stage.stop.is_set()

    async def _rest(self) -> None:
        """Wait for the next beat's time, from now on where it has passed."""
        self._due = max(self._due + self._stage.interval, time.monotonic())
        await self._stage.sleep(self._due - time.monotonic())

    async def _act(self) -> None:
        act = "stay paused" if self._paused_beats_left else self._dice.choices(list(ACTS), list(ACTS.values()))[0]
        if act not in ("watch", "stay paused"):
            self._stage.tally.acts[act] += 1
        match act:
            case "pause":
                self._paused_beats_left = self._pause_length()
                await self._stay_paused(self._watching.film)
            case "stay paused":
                switches = self._dice.random() < 0.1
                await self._stay_paused(self._another_film() if switches else self._watching.film)
            case "switch title":
                await self._watching.beat(self._device, self._another_film())
            case "switch device":
                await self._switch_device()
            case "end and begin":
                await self._end()
                await self._rest()
                await self._watching.begin(self._device, self._dice.choice(self._films))
            case "catch up":
                await self._catch_up()
            case "look":
                await self._watching.look(self._device)
                await self._watching.beat(self._device, self._watching.film)
            case _:
                await self._watching.beat(self._device, self._watching.film)

    async def _catch_up(self) -> None:
        """Timers came late while the film played on: each beat that is owed is sent, with a number of its own."""
        owed = self._dice.randint(1, 2)
        for _ in range(owed):
            await self._rest()
        for _ in range(owed + 1):
            await self._watching.beat(self._device, self._watching.film)

    async def _stay_paused(self, film: Film) -> None:
        self._paused_beats_left -= 1
        await self._watching.beat(self._device, film, is_paused=True)

    async def _switch_device(self) -> None:
        """Go on elsewhere; the device left behind does not know yet, and must hear it."""
        old_device, old_session = self._device, self._watching.session_id
        new_device = self._dice.choice([device for device in self._devices if device is not old_device])
        await self._watching.begin(new_device, self._dice.choice(self._films))
        # Where nothing was left, nothing was taken over.
        if self._watching.session_id != old_session:
            self._device = new_device
            await self._watching.late_beat(old_device, old_session, reason="taken_over")
            old_device.close()

    async def _end(self) -> None:
        session_id = await self._watching.end(self._device)
        if self._dice.random() < 0.5:
            await self._watching.late_beat(self._device, session_id, reason="session_ended")

    async def _run_out(self) -> None:
        """Nothing is left: what runs still counts while it is not paused, and nothing can begin."""
        for _ in range(self._dice.randrange(3)):
            await self._rest()
            await self._watching.beat(self._device, self._watching.film, is_paused=self._dice.random() < 0.2)
        await self._rest()
        await self._watching.beat(self._device, self._another_film())
        await self._switch_device()
        await self._watching.look(self._device)

    def _pause_length(self) -> int:
        """In beats: short, or where there is time for it longer than the grace."""
        over_the_grace = math.ceil(self._stage.pause_grace_seconds / self._stage.interval) + 1
        if over_the_grace < (self._max_beats - self._watching.beats) / 3 and self._dice.random() < 0.3:
            return over_the_grace
        return self._dice.randint(1, 6)

    def _another_film(self) -> Film:
        return self._dice.choice([film for film in self._films if film != self._watching.film])
