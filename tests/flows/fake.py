"""A run as the engine would give it: a few steps, and a count of how often each began."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from pathlib import Path

from flows.around import Around


class FakeWork:
    def __init__(self, run, *, steps=3, seconds=0.0, first=None, error=None):
        self.run = run
        self.began = Counter()
        self.ended = Counter()
        self.errors = []
        self.begun_at = self.word_at = 0.0
        self._steps, self._seconds, self._first, self._error = steps, seconds, first, error

    def _step(self, name):
        async def step():
            self.began[name] += 1
            if name == "s0" and self._first is not None:
                self._first()
            if name == "s1" and self._error is not None:
                raise self._error
            await asyncio.sleep(self._seconds)
            self.ended[name] += 1

        return step

    async def contain(self, around: Around) -> str:
        self.begun_at = time.monotonic()
        await around("plan", self._step("plan"))
        names = [f"s{n}" for n in range(self._steps)]
        for outcome in await asyncio.gather(*(around(n, self._step(n)) for n in names), return_exceptions=True):
            if isinstance(outcome, asyncio.CancelledError):
                raise outcome
            if isinstance(outcome, BaseException):
                self.errors.append(outcome)
        await around("report", self._step("report"))
        self.word_at = time.monotonic()
        return "partially-contained" if self.errors else "contained"

    async def recover(self, around: Around) -> str:
        await around("report", self._step("report"))
        return "recovered"


def once(work, *names):
    return work.began == Counter(names)


def recorded(state: Path, run: str):
    """What Prefect's data base holds of a run: (state, parameters), and its tasks' (name, state, inputs) in order."""
    with sqlite3.connect(f"file:{state}/prefect/prefect.db?mode=ro", uri=True) as base:
        flows = base.execute("SELECT id, state_name, parameters FROM flow_run WHERE name = ?", (run,)).fetchall()
        tasks = [
            base.execute(
                "SELECT name, state_name, task_inputs FROM task_run WHERE flow_run_id = ? ORDER BY start_time",
                (flow[0],),
            ).fetchall()
            for flow in flows
        ]
    return [flow[1:] for flow in flows], tasks


async def settled(state: Path, run: str, tasks: int):
    """Wait until the server has written down the last of what it was sent."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        flows, rows = recorded(state, run)
        if flows and all(
            len(row) == tasks and all(t[1] in {"Completed", "Failed", "Cancelled"} for t in row) for row in rows
        ):
            break
        await asyncio.sleep(0.05)
    return recorded(state, run)


def holds(folder: Path, text: str) -> list[str]:
    """Files anywhere below a folder that hold a text, in any of the forms that a pickle, a log or a data base would give it."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]
