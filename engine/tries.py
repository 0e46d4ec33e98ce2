"""How often a run was taken up that comes no further, and when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


@dataclass(slots=True)
class Tries:
    """How often a run was taken up since it last came further, and when it may be again."""

    takings: int = 0
    known: int = -1
    next_s: float = 0.0

    def further(self, known: int) -> None:
        """Start to count anew when the run has come further since."""
        if known > self.known:
            self.takings, self.known = 0, known

    def ended(self, now_s: float) -> None:
        """Back off: 1 s, doubling up to a minute."""
        self.next_s = now_s + min(FIRST_PAUSE_S * 2.0 ** max(self.takings - 1, 0), LONGEST_PAUSE_S)
