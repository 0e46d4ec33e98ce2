"""Runs as they were folded last: a run of ten thousand targets is read from its beginning once, and then only what is new."""

from __future__ import annotations

import asyncio
import re

from journal.replay import Run, catch_up
from journal.store import Journal

MOST = 32
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,119}")
"""What a run may be called; the journal's own chain is none."""


class Folds:
    """The runs that were looked at last. What it gives is filled further by whoever asks next: read it at once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._runs: dict[str, Run] = {}
        self._reading = asyncio.Lock()

    async def run(self, run_id: str) -> Run | None:
        """A run as the journal has it now; None where there is none."""
        if not _RUN.fullmatch(run_id):
            return None
        async with self._reading:
            run = self._runs.pop(run_id, None) or Run()
            fresh = await asyncio.to_thread(self._journal.events, run_id, run.n)
            catch_up(run, fresh)
            if not run.n:
                return None
            self._runs[run_id] = run
            while len(self._runs) > MOST:
                self._runs.pop(next(iter(self._runs)))
            return run
