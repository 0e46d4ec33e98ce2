"""Carries signed heads outside, beside what writes the journal and never in front of it.

For each run: soon after its opening, when 100 events or a minute passed since the last time, and at the end. Each
place has its own task, one head in flight, a second between two; a place that fails is tried again, at growing
intervals up to a minute. What did not arrive is recorded with why, and said once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from journal.anchors.record import Anchor, Ends
from journal.anchors.sinks import NotCarried, Sink
from journal.clock import wall
from journal.errors import JournalError
from journal.proof.statement import End, Signed, sign

if TYPE_CHECKING:
    from journal.proof.sign import Signer
    from journal.store import Journal


@dataclass(frozen=True, slots=True)
class Pace:
    """When heads leave.

    Attributes:
        opening_s: after the start; the first look of a run goes before it.
        look_s: how often the ends of the chains are looked at.
        events, seconds: a run's head leaves again after so many events, or so long with an event in it.
        apart_s: between two heads to one place.
        end_s: how long the end waits for what is in flight.
    """

    opening_s: float = 0.3
    look_s: float = 0.5
    events: int = 100
    seconds: float = 60.0
    apart_s: float = 1.0
    end_s: float = 2.0


@dataclass(slots=True)
class _Way:
    """What is known of one place: the newest n of each run there, when that was, and what is on its way."""

    sink: Sink
    done: dict[str, int] | None = None
    at_s: dict[str, float] = field(default_factory=dict)
    own_n: int = 0
    next_s: float = 0.0
    failed: int = 0
    flying: Signed | None = None

    def due(self, end: End, now_s: float, pace: Pace) -> bool:
        """Whether a run's head is to leave now."""
        behind = end.n - (self.done or {}).get(end.run, 0)
        return behind > 0 and (
            end.run not in self.at_s or behind >= pace.events or now_s - self.at_s[end.run] >= pace.seconds
        )


class Anchorer:
    """Carries the heads of one run, or of all that move, while it is started."""

    def __init__(
        self, journal: Journal, signer: Callable[[], Signer], sinks: Sequence[Sink], say: Callable[[str], None],
        run: str | None = None, pace: Pace = Pace(),
    ) -> None:  # fmt: skip
        self._pace = pace
        self._journal = journal
        self._signer = signer
        self._say = say
        self._run = run
        self._ways = [_Way(sink) for sink in sinks]
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()

    def start(self) -> None:
        """Begin, in the running event loop; returns at once."""
        self._tasks = [asyncio.create_task(self._guarded(way)) for way in self._ways]

    async def end(self) -> None:
        """Carry the last heads out: waits two seconds at most, whatever the places do. Raises nothing."""
        self._ending.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._pace.end_s)
        for task in late:
            task.cancel()
        flying = [way for way in self._ways if way.flying is not None]
        if flying:
            why = f"it had not arrived {self._pace.end_s:.0f} s after the end"
            rows = [self._row(way, None, why) for way in flying]
            keeping = asyncio.ensure_future(self._keep(rows))
            await asyncio.wait({keeping}, timeout=self._pace.end_s / 2)
            if keeping.done() and (failed := keeping.exception()):
                self._say(f"That an anchor failed could not be recorded ({type(failed).__name__}).")
            for way in flying:
                self._tell(way, why)

    async def once(self) -> dict[str, int]:
        """Carry every head out that is not at each place yet, now; how many arrived, by place."""
        arrived = {}
        for way in self._ways:
            ends = await self._look(way)
            before = way.failed
            arrived[way.sink.name] = await self._round(way, ends, last=True) if way.failed == before else 0
        return arrived

    async def _guarded(self, way: _Way) -> None:
        """Anchors may fail; what they stand beside must not."""
        try:
            await self._serve(way)
        except Exception as error:  # noqa: BLE001  the run goes on without this place, and says so
            self._tell(way, str(error) if isinstance(error, JournalError) else type(error).__name__)

    async def _serve(self, way: _Way) -> None:
        await self._pause(self._pace.opening_s)
        while not self._ending.is_set():
            await self._round(way, await self._look(way), last=False)
            await self._pause(self._pace.look_s)
        await self._round(way, await self._look(way), last=True)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    async def _look(self, way: _Way) -> Ends:
        ends = await asyncio.to_thread(self._journal.ends, self._run)
        if way.done is None:
            way.own_n = ends.covered.get(way.sink.name, 0)
            way.done = {run: n for (sink, run), n in ends.carried.items() if sink == way.sink.name}
        for run, n in ends.closed.items():  # the head of the journal's own chain stands for these
            way.done[run] = max(way.done.get(run, 0), n)
        return ends

    async def _round(self, way: _Way, ends: Ends, *, last: bool) -> int:
        """Carry what is due, the run that waits longest first; `last`: all that is not there yet."""
        arrived = 0
        own = ends.own
        while own is not None:
            now_s = time.monotonic()
            if not last and now_s < way.next_s:
                break
            due = [end for end in ends.runs if (way.done or {}).get(end.run, 0) < end.n]
            due = [end for end in due if last or way.due(end, now_s, self._pace)]
            if not due and ends.told > way.own_n:
                due = [own]
            if not due:
                break
            end = min(due, key=lambda one: way.at_s.get(one.run, 0.0))
            if not await self._carry(way, ends.journal, own, end):
                break
            arrived += 1
        return arrived

    async def _carry(self, way: _Way, journal: str, own: End, end: End) -> bool:
        """Carry one head to one place, and record how it went; whether it arrived."""
        signer = await asyncio.to_thread(self._signer)
        way.flying = sign(signer, journal, own, end, wall())
        way.at_s[end.run] = time.monotonic()
        receipt, why = None, ""
        try:
            receipt = await way.sink.carry(way.flying)
        except NotCarried as error:
            why = str(error)
        except TimeoutError:
            why = "it did not answer in time"
        row = self._row(way, receipt, why)
        way.flying = None
        await self._keep([row])
        way.next_s = time.monotonic() + min(self._pace.apart_s * 2**way.failed, self._pace.seconds)
        if why:
            self._tell(way, why)
            way.failed += 1
            return False
        assert way.done is not None
        way.done[end.run], way.own_n, way.failed = end.n, own.n, 0
        return True

    def _row(self, way: _Way, receipt: bytes | None, why: str) -> Anchor:
        assert way.flying is not None
        return Anchor.of(way.flying, way.sink.name, way.sink.independent, receipt, why)

    async def _keep(self, rows: Sequence[Anchor]) -> None:
        await self._journal.carried(*rows)

    def _tell(self, way: _Way, why: str) -> None:
        if not way.failed:
            self._say(
                f"Anchor {way.sink.name}: {why}. The head stays unanchored there; `ringfence journal anchor` tries again."
            )
