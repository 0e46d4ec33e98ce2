"""Follows runs in the journal: one reader for all who look on, so that many views cost as much as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from journal.errors import JournalError
from journal.replay import RESTS, Run, catch_up

if TYPE_CHECKING:
    from journal.event import Event
    from journal.store import Journal

EVERY_S = 0.15
"""Seconds between two looks at the journal: what moved is shown within that."""


@dataclass
class _Followed:
    """A run that somebody looks on at: as it was folded last, and who waits for more."""

    run: Run
    over: bool = False
    moved: list[asyncio.Event] = field(default_factory=list)


class Tail:
    """Folds the runs that are looked on at, and wakes whoever waits. It reads nothing while nobody looks on."""

    def __init__(self, journal: Journal) -> None:
        """Hold the journal; nothing is read."""
        self._journal = journal
        self._followed: dict[str, _Followed] = {}
        self._reading: asyncio.Task[None] | None = None
        self._ended = False

    async def changes(self, run_id: str) -> AsyncIterator[Run]:
        """The run as it is, then each time that it moved; ends once it has ended for good, or `end` was called."""
        followed = await self._follow(run_id)
        mine = asyncio.Event()
        followed.moved.append(mine)
        try:
            while not self._ended:
                mine.clear()
                yield followed.run
                if followed.over and not mine.is_set():
                    return
                await mine.wait()
        finally:
            followed.moved.remove(mine)
            if not followed.moved and self._followed.get(run_id) is followed:
                del self._followed[run_id]

    def end(self) -> None:
        """Let everybody go who looks on."""
        self._ended = True
        for followed in self._followed.values():
            _wake(followed)

    async def _follow(self, run_id: str) -> _Followed:
        events = await asyncio.to_thread(self._journal.events, run_id)
        found = self._followed.get(run_id)
        if found is None:
            found = self._followed[run_id] = _Followed(Run())
        _take_in(found, events)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        return found

    async def _read(self) -> None:
        while self._followed and not self._ended:
            try:
                fresh = await asyncio.to_thread(self._fresh, {name: one.run.n for name, one in self._followed.items()})
            except JournalError:  # it may be away for a while; what is shown meanwhile is what was
                fresh = {}
            for name, events in fresh.items():
                if (followed := self._followed.get(name)) is not None and _take_in(followed, events):
                    _wake(followed)
            await asyncio.sleep(EVERY_S)

    def _fresh(self, known: dict[str, int]) -> dict[str, list[Event]]:
        return {name: found for name, n in known.items() if (found := self._journal.events(name, n))}


def _take_in(followed: _Followed, events: Iterable[Event]) -> bool:
    fresh = catch_up(followed.run, events)
    for event in fresh:
        if event.type == "ended":
            followed.over = str(event.body.get("word")) not in RESTS
        elif event.type == "worded" and event.body.get("word") == "refused":
            followed.over = True
        elif event.type == "leased":
            followed.over = False
    return bool(fresh)


def _wake(followed: _Followed) -> None:
    for moved in followed.moved:
        moved.set()
