"""Runs that rest and wait for people: whose answer has come, and when what they hold is to be looked at again.

Such a run holds no process. A visit resumes it, looks, closes again what was switched back on, and lets it rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from journal.event import Event
from journal.replay import Run, replay

VISIT_S = 60.0
"""Seconds between two visits of a run that waits: the most that something switched back on stays so unseen."""
LEFT = "left"
"""The event of a run that its process let go, before its end or before its beginning: whoever has room goes on with it."""
VISITED = frozenset({"waiting", "held", "closing"})
"""Words under which a run rests and is watched. A stopped one is not: a person ended it."""

Due = Literal["answered", "left", "visit", "no"]


@dataclass(slots=True)
class Resting:
    """One resting run as it was read last: nothing is read again until its record grows."""

    n: int
    word: str
    answered: bool
    until: str
    visited_s: float
    failures: int = 0
    left: bool = False


@dataclass
class Visits:
    """Tells which resting runs are due. `clock`: seconds, of which only differences count."""

    known: dict[str, Resting] = field(default_factory=dict)

    def read(self, run: str, events: Sequence[Event], now_s: float) -> None:
        """Take in a run's record."""
        found, before = replay(events), self.known.get(run)
        last_owner = max((event.n for event in events if event.type in {"opened", "leased"}), default=0)
        word = str(found.words[-1].body["word"]) if found.words else ""
        until = str(found.words[-1].body.get("until", "")) if found.words else ""
        answered = any(counts(found, event) for event in events if event.n > last_owner)
        visited_s = before.visited_s if before is not None else now_s
        failures = before.failures if before is not None and found.left and before.left else 0
        self.known[run] = Resting(events[-1].n, word, answered, until, visited_s, failures, found.left)

    def due(self, run: str, now: datetime, now_s: float) -> Due:
        """What is to be done for a run that was read."""
        rests = self.known[run]
        pause_s = min(VISIT_S, 2.0**rests.failures) if rests.failures else 0.0
        if rests.left:
            return "left" if now_s - rests.visited_s >= pause_s else "no"
        if rests.word not in VISITED:
            return "no"
        if rests.answered and now_s - rests.visited_s >= pause_s:
            return "answered"
        if rests.word == "closing" and rests.until:
            return (
                "visit" if now >= datetime.fromisoformat(rests.until) and now_s - rests.visited_s >= pause_s else "no"
            )
        return "visit" if now_s - rests.visited_s >= VISIT_S else "no"

    def went(self, run: str, now_s: float, *, well: bool) -> None:
        """Note that a visit ended; what it wrote is read at the next look."""
        rests = self.known[run]
        rests.visited_s, rests.failures = now_s, 0 if well else rests.failures + 1
        rests.answered = rests.answered and not well


def counts(run: Run, event: Event) -> bool:
    """Whether what a person said lets the run go on: an approval, their word that something is done, a retry."""
    body: Mapping[str, Any] = event.body
    if event.type == "approved":
        return bool(run.approved.get(body["wall"], event).n == event.n)
    return event.type in {"attested", "retried", "adopted"}
