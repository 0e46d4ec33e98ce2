"""A run that goes on in the caller's loop, and can be watched from Prefect's. Does not wait for whoever watches.

The engine starts at once in the loop and thread that it was opened in. Prefect lives in a thread of its own and gets this object as its
*work*: it may join early, late or never, replays what it missed, and can hang or die without the engine noticing. Words go one
way only, so that a step runs once whatever Prefect does.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass

from flows.around import Around, Step, What, Work, carry


@dataclass(frozen=True)
class _Begun:
    n: int
    name: str


@dataclass(frozen=True)
class _Ended:
    n: int
    how: str


@dataclass(frozen=True)
class _Over:
    word: str | None


_Note = _Begun | _Ended | _Over
_Watcher = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[_Note]"]


class ShownError(Exception):
    """What the onlooker gets in place of a step's or a run's own exception: it holds nothing."""


class Running:
    """One run, started here and shown there. To the flow it is a `Work` like any other."""

    def __init__(self, work: Work, what: What) -> None:
        self.run = work.run
        self._work = work
        self._what = what
        self._lock = threading.Lock()
        self._notes: list[_Note] = []
        self._watchers: list[_Watcher] = []
        self._begun = 0

    async def go(self) -> str:
        """Run it, in this loop; its word, its exception and its cancellation are its own."""
        word: str | None = None
        try:
            word = await carry(self._work, self._what, self._around)
        finally:
            self._note(_Over(word))
        return word

    def is_over(self) -> bool:
        """Whether the engine has given its word, or stopped."""
        return bool(self._notes) and isinstance(self._notes[-1], _Over)

    async def contain(self, around: Around) -> str:
        """Watch it, from Prefect's loop: `around` is called for each step that the engine runs."""
        return await self._watch(around)

    async def recover(self, around: Around) -> str:
        """Watch it, from Prefect's loop."""
        return await self._watch(around)

    async def _around(self, name: str, step: Step) -> None:
        self._begun += 1
        n = self._begun
        self._note(_Begun(n, name))
        how = "failed"
        try:
            await step()
            how = "ended"
        except asyncio.CancelledError:
            how = "cancelled"
            raise
        finally:
            self._note(_Ended(n, how))

    def _note(self, note: _Note) -> None:
        with self._lock:
            self._notes.append(note)
            for loop, queue in self._watchers:
                with contextlib.suppress(RuntimeError):  # that loop is closed: nobody watches there any more
                    loop.call_soon_threadsafe(queue.put_nowait, note)

    def _join(self) -> asyncio.Queue[_Note]:
        queue: asyncio.Queue[_Note] = asyncio.Queue()
        with self._lock:
            for note in self._notes:
                queue.put_nowait(note)
            self._watchers.append((asyncio.get_running_loop(), queue))
        return queue

    async def _watch(self, around: Around) -> str:
        queue = self._join()
        ends: dict[int, asyncio.Future[str]] = {}
        shown: list[asyncio.Task[None]] = []
        while not isinstance(note := await queue.get(), _Over):
            if isinstance(note, _Begun):
                ends[note.n] = asyncio.get_running_loop().create_future()
                shown.append(asyncio.create_task(_replay(around, note.name, ends[note.n])))
            elif not (end := ends.pop(note.n)).done():
                end.set_result(note.how)
        await asyncio.gather(*shown, return_exceptions=True)
        if note.word is None:
            raise ShownError
        return note.word


async def _replay(around: Around, name: str, end: asyncio.Future[str]) -> None:
    async def step() -> None:
        how = await end
        if how == "cancelled":
            raise asyncio.CancelledError
        if how == "failed":
            raise ShownError

    await around(name, step)
