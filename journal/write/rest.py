"""Lets a run rest whose owner went without releasing it."""

from __future__ import annotations

from dataclasses import dataclass, field

from journal.errors import UnknownRun
from journal.event import JOURNAL
from journal.write.book import Book
from journal.write.requests import Request, Take


@dataclass(slots=True, kw_only=True)
class Rest(Request):
    """Do for an owner that is gone what it did not come to: release its run. Nothing is added to the run's chain.

    Attributes:
        unlock: free the integration for another run; the journal's own chain says then where the run ended.
        seen: as in `Take`.
    """

    unlock: bool
    seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    def runs(self) -> list[str]:
        """Its own, and the journal's."""
        return [self.run, JOURNAL]

    def do(self, book: Book) -> None:
        """Raise the fence, so that an owner that was only paused writes nothing more. Raises Held, UnknownRun."""
        head = book.heads.get(self.run)
        if head is None:
            raise UnknownRun(self.run)
        if Take(run=self.run, why="", seen=self.seen).gone(head, book.now_us) == "rested":
            return
        head.fence += 1
        book.rest(head, unlock=self.unlock)
        if self.unlock:
            body = {"run": self.run, "incident": head.incident, "n": head.last_n, "head": head.head}
            book.note("closed", body)
