"""How many alerts a sender may send: so many a second, and so many at once. Only what was proven counts: a stranger takes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

ROOM_BYTES, SMALL_BYTES = 64 << 20, 64 << 10


class Pace:
    """Token buckets by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """All are full."""
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str, per_s: float, burst: int) -> bool:
        """Whether one more may be taken now."""
        now = self._clock()
        left, at = self._left.get(name, (float(burst), now))
        left = min(float(burst), left + (now - at) * per_s)
        if left < 1:
            self._left[name] = (left, now)
            return False
        self._left[name] = (left - 1, now)
        return True


class Room:
    """Memory for bodies that are on their way in. What is small needs none of it: large ones do not keep them out."""

    def __init__(self, most: int = ROOM_BYTES) -> None:
        """All is free."""
        self._most, self._used = most, 0

    def more(self, had: int, has: int) -> bool:
        """Have a body grow from so many bytes to so many; whether there is room."""
        grown = max(has - SMALL_BYTES, 0) - max(had - SMALL_BYTES, 0)
        if self._used + grown > self._most and grown > 0:
            return False
        self._used += grown
        return True

    def left(self, had: int) -> None:
        """A body is gone."""
        self._used -= max(had - SMALL_BYTES, 0)
