"""What lists and metrics need of each run: folded once for each length of its record, not at each request."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from triggers.serve.bodies import Row

if TYPE_CHECKING:
    from journal.rows import RunRow
    from journal.store import Journal

AT_ONCE = 200
"""Runs that are folded anew for one request at most: a long record is taken in over several."""


@dataclass(frozen=True, slots=True)
class Gist:
    """A run in short.

    Attributes:
        effects: how many by word. held_s: seconds from the command to the first hold that was proven; None: none yet.
        waits: walls that ask people and are shut.
    """

    n: int
    word: str
    mode: str
    integration: str
    playbook: str
    effects: Counter[str]
    held_s: float | None
    waits: int


class Known:
    """The gist of each run in a journal."""

    def __init__(self, journal: Journal) -> None:
        """Read nothing yet."""
        self._journal = journal
        self._gists: dict[str, Gist] = {}
        self._lock = Lock()

    async def rows(self, limit: int) -> list[Row]:
        """The newest runs."""
        return await asyncio.to_thread(self._rows, limit)

    def gists(self) -> tuple[list[RunRow], dict[str, Gist]]:
        """All runs, and the gists of those that were folded so far, the newest first. Blocks."""
        rows = self._journal.runs()
        with self._lock:
            kept = {row.run for row in rows}
            self._gists = {run: gist for run, gist in self._gists.items() if run in kept}
            self._fold(rows)
            return rows, dict(self._gists)

    def _rows(self, limit: int) -> list[Row]:
        rows = self._journal.runs()[:limit]
        with self._lock:
            self._fold(rows)
            found = [(row, self._gists[row.run]) for row in rows if row.run in self._gists]
        return [
            Row(
                run=row.run, incident=row.incident, word=gist.word, mode=gist.mode, integration=gist.integration,
                playbook=gist.playbook, opened=row.first_at, last=row.last_at, alive=row.alive,
                locked=row.lock is not None, waits=bool(gist.waits),
            )
            for row, gist in found
        ]  # fmt: skip

    def _fold(self, rows: list[RunRow]) -> None:
        fresh = [row for row in rows if (known := self._gists.get(row.run)) is None or known.n != row.n]
        for row in fresh[:AT_ONCE]:
            self._gists[row.run] = self._gist(row)

    def _gist(self, row: RunRow) -> Gist:
        from journal.replay import replay
        from reports import facts
        from reports.text import between_s

        events = self._journal.events(row.run, names=False)
        run = replay(events)
        kinds = facts.kinds(run)
        first = next(
            (
                event.at for event in events
                if event.type == "settled" and event.body.get("word") == "effective" and not event.body.get("back")
                and kinds.get(str(event.body.get("step"))) == "hold"
            ),
            "",
        )  # fmt: skip
        waits = sum(
            (approved := run.approved.get(wall)) is None or approved.body["scope_hash"] != asked.body["scope_hash"]
            for wall, asked in run.asked.items()
        )
        opened = run.opened
        return Gist(
            row.n, run.word, str(opened.get("mode", "")), str(opened.get("integration", "")),
            str(opened.get("playbook", "")), Counter(map(facts.word_of, facts.acting(run))),
            between_s(run.opened_at, first) if first else None, waits if row.lock is not None else 0,
        )  # fmt: skip
