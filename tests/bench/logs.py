"""What logging costs a heartbeat: the CPU time of a batch's one line, rendering and writing included."""

import logging
import os
import statistics
import time
from typing import Any

from config import logs
from tests.bench.results import Figure
from viewing.heartbeats import decide

LINES = 5_000
RUNS = 5
# What a worker puts into one batch at 128 connections, and the CPU time of a beat there (docs/performance.md).
BEATS_A_BATCH = 50
BEAT_US = 180


def figures() -> list[Figure]:
    at_info, off = _costs_us(logging.INFO), _costs_us(logging.WARNING)
    a_beat = (at_info + BEATS_A_BATCH * _debug_checks_us()) / BEATS_A_BATCH
    return [
        Figure("logging a batch at info", at_info, "µs"),
        Figure("logging a batch at warning", off, "µs"),
        Figure(f"logging a beat, of batches of {BEATS_A_BATCH}", a_beat, "µs"),
        Figure("its share of a beat's CPU time", 100 * a_beat / BEAT_US, "%", floor=2, aim=1, maximum=True),
    ]


def _costs_us(level: int) -> float:
    """CPU time of all threads for one batch's lines, into a pipe that nothing else uses."""
    logger = logging.getLogger(decide.__name__)
    handler = logs.BackgroundHandler(os.open(os.devnull, os.O_WRONLY), max_waiting=10 * LINES)
    handler.setFormatter(logs.formatter("json"))
    handler.addFilter(logs.RequestId())
    kept, logger.propagate = logger.level, False
    logger.setLevel(level)
    logger.addHandler(handler)
    try:
        return statistics.median(_run(handler) for _ in range(RUNS))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(kept)
        logger.propagate = True


def _run(handler: logging.Handler) -> float:
    beats: Any = [None] * BEATS_A_BATCH
    started = time.process_time()
    for _ in range(LINES):
        decide._log_batch(beats, db_ops=1, seconds=0.01234)
    handler.flush()
    return (time.process_time() - started) / LINES * 1e6


def _debug_checks_us() -> float:
    """What a beat pays for the debug lines that it does not write: one look at the level."""
    started = time.process_time()
    for _ in range(100_000):
        decide.logger.isEnabledFor(logging.DEBUG)
    return (time.process_time() - started) / 100_000 * 1e6
