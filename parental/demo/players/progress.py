"""How a run goes on: one line, drawn again on a terminal, said every few seconds elsewhere."""

import shutil
import time
from typing import Final

from django.core.management.base import OutputWrapper

from parental.demo.players.tally import Tally

TERMINAL_SECONDS: Final = 0.5
LOG_SECONDS: Final = 5.0


class Progress:
    """Writes the line when it is due."""

    def __init__(self, tally: Tally, out: OutputWrapper) -> None:
        self._tally = tally
        self._out = out
        self._is_terminal = out.isatty()
        self._began = self._said = time.monotonic()
        self._beats_said = 0

    @property
    def seconds(self) -> float:
        """How often to write."""
        return TERMINAL_SECONDS if self._is_terminal else LOG_SECONDS

    def write(self) -> None:
        line = self._line()
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            # To the line's begin, and clear what a longer line left.
            self._out.write(f"\r{line[:width]}\x1b[K", ending="")
        else:
            self._out.write(line)
        self._out.flush()

    def end(self) -> None:
        """Leave the line as it is last."""
        if self._is_terminal:
            self.write()
            self._out.write("")

    def _line(self) -> str:
        tally, now = self._tally, time.monotonic()
        rate = (tally.beats - self._beats_said) / max(now - self._said, 0.001)
        self._said, self._beats_said = now, tally.beats
        answers = " ".join(
            f"{name} {tally.answers[name]}" for name in ("allowed", "warning_15", "warning_5", "blocked")
        )
        # What matters most first: a narrow terminal shows no more.
        return (
            f"{now - self._began:3.0f} s {tally.active}/{tally.players} players {tally.beats} beats {rate:.0f}/s"
            f" errors {tally.errors.total()} p50 {tally.latencies.percentile(50):.0f}"
            f" p95 {tally.latencies.percentile(95):.0f} ms retries {tally.retries}"
            f" {answers} 409 {tally.answers['409']} 503 {tally.busy}"
        )
