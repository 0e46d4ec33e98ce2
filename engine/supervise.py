"""Goes on with runs whose process is gone: which of them, what is left to do, and when. How one is taken up, the caller says.

A run's process is gone when it has an owner that is known to be dead, or whose lease lapsed. Runs that were released
(they wait for people, were stopped, or ended) have none and are left alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple

from engine.expiring import lapsed
from engine.tries import Tries
from engine.visits import Visits
from journal.clock import at, now
from journal.errors import Held, JournalError, NoKey, Rested
from journal.event import JOURNAL, Draft, Event, Private
from journal.replay import RESTS, Run, replay
from journal.rows import RunRow, Wish
from journal.store import Journal
from journal.write.rest import Rest

EVERY_S = 1.0
EXPIRIES_EVERY_S = 600.0
ANSWERED_WITHIN = timedelta(days=1)
"""For so long a run that locks nothing any more, as a recovery that waits, is looked at for an answer of people."""
AT_ONCE = 8
"""Runs that are carried out side by side for one supervisor, unless it is told otherwise: the others are taken up as these end."""
MOST_TAKINGS = 5
"""Takings without any progress after which a run is given up: a person must look."""
REFUSED = 1
"""The exit code of a taking that did nothing, as another holds the run or was through with it, or for another reason."""
PROGRESS = frozenset({"planned", "approved", "ordered", "settled", "worded", "ended"})
"""Events that bring a run nearer to its end. A lease, an intent or a failed step is written by each taking anew."""

What = Literal["resume", "rest", "stop"]


class Left(NamedTuple):
    """What is left to do for a run whose process is gone. `unlock`: its integration is free then."""

    what: What
    unlock: bool = False
    by: str = ""


def what_is_left(events: Sequence[Event], wishes: Sequence[Wish]) -> Left:
    """Tell what its process did not come to: go on, release the run, or stop it as a person had asked.

    A run that came to its end, or to where it waits, is only released. So is a dry run: nothing hangs on it.
    """
    since = 0
    for place, event in enumerate(events):
        if event.type in {"opened", "leased"}:
            since = place
    newest = events[since:]
    types = {event.type for event in newest}
    words = [str(event.body["word"]) for event in newest if event.type == "worded"]
    if "ended" in types:
        ended = next(event for event in reversed(newest) if event.type == "ended")
        return Left("rest", str(ended.body["word"]) not in RESTS)
    if "stopped" in types or words[-1:] in (["waiting"], ["stopped"]):
        return Left("rest")
    if words[-1:] == ["refused"] or events[0].body.get("mode") == "dry-run":
        return Left("rest", unlock=True)
    if asked := [wish for wish in wishes if wish.what == "stop" and wish.at >= newest[0].at]:
        return Left("stop", by=asked[0].by)
    return Left("resume")


class GaveUp(Exception):
    """This run cannot go on, however often it is taken up. The text says why."""


class Taken(NamedTuple):
    """How one taking ended: the exit code of `resume`, and the last that was said."""

    code: int
    said: str = ""


TakeUp = Callable[[str], Awaitable[Taken]]
"""Carries a run on, to its end or as far as it comes. Raises GaveUp where that can never be."""


Page = Callable[[Run, str], Awaitable[list[Draft]]]
"""Tells whoever is to hear of something about a run; the events that say who was told."""


class Did(NamedTuple):
    """What the supervisor did for a run, for people and for programs."""

    run: str
    did: Literal["taken", "went", "rested", "stopped", "given_up", "failed"]
    word: str
    said: str
    code: int = 0


@dataclass
class Supervisor:
    """Sweeps one journal. Two of them over one journal do no harm: a run has one owner, whoever takes it first.

    Attributes:
        tell: hears what was done.
        clock: seconds; only their differences count.
        page: tells people of holds that have lasted as long as they were to, and of runs that are given up.
        visit: goes on with a run that rests and waits for people: looks, closes again, or goes on once they answered.
            So it does with one that was let go before its end.
        at_once: runs side by side.
    """

    journal: Journal
    take_up: TakeUp
    tell: Callable[[Did], None]
    clock: Callable[[], float] = time.monotonic
    visit: TakeUp | None = None
    visits: Visits = field(default_factory=Visits)
    page: Page | None = None
    at_once: int = AT_ONCE
    at_it: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _tries: dict[str, Tries] = field(default_factory=dict)
    _given_up: dict[str, int] = field(default_factory=dict)
    _read: int = 0
    _seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    _trouble: str = ""
    _expiries_s: float = 0.0

    async def run(self, over: asyncio.Event, every_s: float = EVERY_S) -> None:
        """Sweep until `over`. What was taken up by then goes on, or not, as `take_up` has it."""
        while not over.is_set():
            try:
                await self.sweep()
                self._trouble = ""
            except JournalError as error:  # it may be full, locked or away for a while: this is no time to leave
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    self.tell(Did("", "failed", "", f"{error} Trying again every {every_s:g} s.", 1))
            try:
                await asyncio.wait_for(over.wait(), every_s)
            except TimeoutError:
                continue

    async def sweep(self) -> None:
        """Look once for runs whose process is gone, and begin to take up those that are due."""
        rows = await self._owned()
        self._tries = {run: tries for run, tries in self._tries.items() if run in rows}
        for run, row in rows.items():
            if not row.alive and run not in self.at_it and self.room and self._due(row):
                self.at_it[run] = asyncio.create_task(self._attend(row))
        if self.visit is not None:
            await self._visit_those_that_rest(self.visit)
        if self.page is not None and self.clock() >= self._expiries_s:
            self._expiries_s = self.clock() + EXPIRIES_EVERY_S
            await self._ask_of_holds(self.page)

    async def _ask_of_holds(self, page: Page) -> None:
        """Page people whose holds have lasted as long as their playbook said. It lifts nothing."""
        for row in await asyncio.to_thread(self.journal.runs):
            run = replay(await asyncio.to_thread(self.journal.events, row.run))
            if (draft := lapsed(run, now())) is None:
                continue
            try:
                await self.journal.say(row.run, [draft])
                if drafts := await page(run, "lapsed"):
                    await self.journal.say(row.run, drafts)
            except JournalError:
                continue  # its incident was closed: nobody is asked about it any more
            self.tell(
                Did(row.run, "failed", run.word, f"its holds were to last {draft.body['expires']}: people are asked", 2)
            )

    async def _visit_those_that_rest(self, visit: TakeUp) -> None:
        """Begin to visit what waits for people and is due: an answer within a sweep, else once a minute."""
        since = at(int((now() - ANSWERED_WITHIN).timestamp() * 1_000_000))
        rows = {row.run: row for row in await asyncio.to_thread(self.journal.runs, resting=True, touched=since)}
        self.visits.known = {run: rests for run, rests in self.visits.known.items() if run in rows or run in self.at_it}
        for run, row in rows.items():
            if run in self.at_it or not self.room:
                continue
            if (known := self.visits.known.get(run)) is None or known.n != row.n:
                self.visits.read(run, await asyncio.to_thread(self.journal.events, run), self.clock())
            due = self.visits.due(run, now(), self.clock())
            if due != "no" and (row.lock is not None or due != "visit"):  # what locks nothing holds nothing either
                self.at_it[run] = asyncio.create_task(self._visit(row, visit, due))

    async def _visit(self, row: RunRow, visit: TakeUp, due: str) -> None:
        try:
            if due != "visit":
                why = "people have answered" if due == "answered" else "it was let go"
                self.tell(Did(row.run, "taken", "", f"{why}: going on"))
            code, said = await visit(row.run)
            if code == REFUSED and (owned := (await self._owned()).get(row.run)) is not None and owned.alive:
                return  # another was faster
            well = code in {0, 2, 3}
            self.visits.went(row.run, self.clock(), well=well)
            word = replay(await asyncio.to_thread(self.journal.events, row.run)).word
            if due != "visit" or not well or word != self.visits.known[row.run].word:
                self.tell(Did(row.run, "went", word, said, code))
        except GaveUp as why:
            rests = self.visits.known[row.run]
            rests.word, rests.left = "gone", False  # nothing can be looked at there any more
            self.tell(Did(row.run, "failed", "", f"what it holds is not watched: {why}", 2))
        except Exception as error:  # noqa: BLE001  # what is wrong with one run must not end the care for the others
            said = str(error) if isinstance(error, JournalError) else f"{type(error).__name__}: a fault of ours."
            self.visits.went(row.run, self.clock(), well=False)
            self.tell(Did(row.run, "failed", "", said, 2))
        finally:
            del self.at_it[row.run]

    @property
    def room(self) -> bool:
        """Whether one more may be carried out now."""
        return len(self.at_it) < self.at_once

    async def finished(self) -> None:
        """Wait until everything that was taken up has ended."""
        while self.at_it:
            await asyncio.wait(self.at_it.values())

    def _due(self, row: RunRow) -> bool:
        tries = self._tries.get(row.run)
        return tries is None or self.clock() >= tries.next_s

    async def _attend(self, row: RunRow) -> None:
        try:
            await self._act(row)
        except (Held, Rested):
            pass  # another took it just now
        except Exception as error:  # noqa: BLE001  # what is wrong with one run must not end the care for the others
            known = isinstance(error, JournalError)
            said = str(error) if known else f"{type(error).__name__} while it was looked at: a fault of ours."
            self.tell(Did(row.run, "failed", "", said, 2))
            tries = self._tries.setdefault(row.run, Tries())
            tries.takings += 1
            tries.ended(self.clock())
        finally:
            del self.at_it[row.run]

    async def _act(self, row: RunRow) -> None:
        if await self._was_given_up(row):
            return
        events = await asyncio.to_thread(self.journal.events, row.run)
        left = what_is_left(events, await asyncio.to_thread(self.journal.asked, row.run, 0))
        match left.what:
            case "rest":
                await self.journal.carry_out(Rest(run=row.run, unlock=left.unlock, seen=self._seen))
                self.tell(Did(row.run, "rested", replay(events).word, "its process had ended it; it is released"))
            case "stop":
                await stop_gone(self.journal, row.run, left.by)
                self.tell(Did(row.run, "stopped", "stopped", "a person had asked for it; its process was gone"))
            case "resume":
                await self._resume(row, _known(events))

    async def _resume(self, row: RunRow, known: int) -> None:
        tries = self._tries.setdefault(row.run, Tries())
        tries.further(known)
        tries.takings += 1
        self.tell(Did(row.run, "taken", "", f"its process is gone ({row.owner}): taking it up"))
        try:
            code, said = await self.take_up(row.run)
        except GaveUp as why:
            await self._give_up(row.run, str(why), tries.takings)
            return
        tries.ended(self.clock())
        events = await asyncio.to_thread(self.journal.events, row.run)
        tries.further(_known(events))
        now = (await self._owned()).get(row.run)
        if code == REFUSED and (now is None or now.alive):
            return  # another was faster
        self.tell(Did(row.run, "went", replay(events).word, said, code))
        if tries.takings >= MOST_TAKINGS:
            last = f"; the last that was said: {said}" if said else ""
            await self._give_up(row.run, f"taken up {tries.takings} times, it came no further{last}", tries.takings)

    async def _owned(self) -> dict[str, RunRow]:
        return {row.run: row for row in await asyncio.to_thread(self.journal.runs, owned=True)}

    async def _was_given_up(self, row: RunRow) -> bool:
        """Whether it was given up, by whomever, and nobody has gone on with it since."""
        for event in await asyncio.to_thread(self.journal.events, JOURNAL, self._read):
            self._read = event.n
            if event.type == "given_up":
                self._given_up[str(event.body["run"])] = int(event.body["n"])
        return self._given_up.get(row.run, 0) >= row.n

    async def _give_up(self, run: str, why: str, takings: int) -> None:
        """Say so and record it, unless it is at work, rests, or another gave it up just now."""
        row = (await self._owned()).get(run)
        if row is None or row.alive or await self._was_given_up(row):
            return
        await self.journal.record(Draft("given_up", {"run": run, "n": row.n, "takings": takings, "why": why[:1000]}))
        word = replay(await asyncio.to_thread(self.journal.events, run)).word
        self.tell(Did(run, "given_up", word, why, 2))
        if self.page is not None:
            found = replay(await asyncio.to_thread(self.journal.events, run))
            if drafts := await self.page(found, "lapsed"):
                await self.journal.say(run, drafts)


def _known(events: Sequence[Event]) -> int:
    return sum(event.type in PROGRESS for event in events)


async def stop_gone(journal: Journal, run: str, by: str) -> None:
    """Stop a run whose process is gone. Raises Held when it is not."""
    lease, _ = await journal.take(run, why="stop")
    word = {"word": "stopped", "footholds": {}, "why": "ended by a person; its process was gone"}
    try:
        await journal.append(lease, [Draft("stopped", {"by": Private(by)}), Draft("worded", word)])
    except NoKey:  # a stop does not wait for the key that seals who asked for it
        await journal.append(lease, [Draft("stopped", {"by": ""}), Draft("worded", word)])
    await journal.release(lease, unlock=False)
