"""A child's week plan as heartbeats decide by it: each track's frame, worked out once for as long as it holds."""

from datetime import datetime
from typing import Final

from viewing.rules.hours import Track
from viewing.rules.standing import Frame, PlannedChild, make_frame

TRACKS: Final[dict[bool, Track]] = {False: "fun", True: "learning"}


class Planned:
    """The plan of one child. `stale_at`: when earlier days have to be read again; None: they do not matter.

    Both threads of the players' path use it: the frames are values, and replacing one is atomic.
    """

    __slots__ = ("_frames", "child", "stale_at")

    def __init__(self, child: PlannedChild, *, stale_at: datetime | None) -> None:
        self.child = child
        self.stale_at = stale_at
        self._frames: dict[Track, Frame] = {}

    def frame(self, *, is_educational: bool, now: datetime) -> Frame:
        """The frame of an instant, for educational titles or for others."""
        track = TRACKS[is_educational]
        frame = self._frames.get(track)
        if frame is None or not frame.since <= now < frame.until:
            frame = self._frames[track] = make_frame(self.child, now=now, track=track)
        return frame
