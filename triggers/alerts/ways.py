"""The ways by which alerts arrive, as one part of the service: posted to the door, read from queues, fetched where a gap is.

What fails in one of them stops no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from prometheus_client.metrics_core import Metric

from journal.errors import JournalError
from journal.event import Draft
from triggers.alerts.counting import Counts
from triggers.alerts.door import Door, Inbox, router
from triggers.alerts.gaps import Gap, asks
from triggers.alerts.queue import Queue
from triggers.alerts.reading import SOURCES
from triggers.alerts.senders import Senders
from triggers.keeping_up import kept_up

if TYPE_CHECKING:
    from connectors.core import Reader
    from inventory.alerting import SourceEntry
    from inventory.read import Inventory
    from triggers.house import House

AGAIN_S, COUNTED_EVERY_S = 1.0, 60.0


class Ways:
    """All of them."""

    def __init__(self, house: House, inbox: Inbox) -> None:
        """Nothing is read or listened to yet."""
        self._house, self._inbox, self._counts = house, inbox, Counts()
        self.senders = Senders(lambda: house.inventory, SOURCES, house.tell)
        self.door = Door(self.senders, inbox, counts=self._counts, tell=house.tell, noted=self._noted)
        self.door.nudge = self._nudge
        self._tasks: list[asyncio.Task[None]] = []
        self._fetched: dict[tuple[str, str], tuple[SourceEntry, asyncio.Task[None]]] = {}
        self._gaps: dict[str, Gap] = {}
        self._mute: set[str] = set()
        self._recorded: Counter[tuple[str, str]] = Counter()

    def router(self) -> APIRouter:
        """Where alerts are posted."""
        return router(self.door)

    def counted(self) -> Iterator[Metric]:
        """What came and what was turned away, for Prometheus."""
        return self._counts.metrics()

    async def start(self) -> None:
        """Begin. Who may send is read now, so that what cannot be let in is said at once."""
        await self.senders.now()
        self._keep_up("counting what was turned away", self._count)
        self._keep_up("reading queues and closing gaps", self._fetch)

    async def end(self) -> None:
        """Take nothing more in."""
        tasks = [*self._tasks, *(task for _, task in self._fetched.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.record_turned_away()

    def _keep_up(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(kept_up(f"Alerts, {what}", work, self._house.tell)))

    async def _fetch(self) -> None:
        """Read and ask just those that the configuration has now."""
        while True:
            inventory = await asyncio.to_thread(lambda: self._house.inventory)
            sources = inventory.config.alerts.sources
            wanted = {("queue", name): entry for name, entry in sources.items() if entry.queue is not None}
            wanted |= {("poll", name): entry for name, entry in sources.items() if entry.poll is not None}
            for key, (entry, task) in [*self._fetched.items()]:
                if wanted.get(key) != entry:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    del self._fetched[key]
            for key, entry in wanted.items():
                if key not in self._fetched and (work := self._fetching(*key, entry, inventory)) is not None:
                    self._fetched[key] = entry, asyncio.create_task(work)
            await asyncio.sleep(AGAIN_S)

    def _fetching(
        self, how: str, name: str, entry: SourceEntry, inventory: Inventory
    ) -> Coroutine[Any, Any, None] | None:
        source, tell = inventory.config.alerts.form_of(name), self._house.tell
        if how == "queue" and entry.queue is not None:
            return Queue(name, source, entry.queue, self._inbox, self._counts, tell, proven=not entry.unsigned).run()
        at = entry.poll or ""
        ask = asks(inventory.config.connections[at].system)
        if ask is None:
            if name not in self._mute:
                tell(
                    f"Alerts from {name}: what it may not have told us cannot be asked of {at}, whose system has no such log here."
                )
            self._mute.add(name)
            return None
        place = self._house.state / "asked" / name
        gap = Gap(
            name,
            source,
            at,
            entry.hook or "",
            lambda: _reading(self._house.inventory, at),
            ask,
            self._inbox,
            self._counts,
            place,
            tell,
        )
        self._gaps[name] = gap
        return gap.run()

    def _nudge(self, name: str) -> None:
        if name in self._gaps:
            self._gaps[name].nudged.set()

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(COUNTED_EVERY_S)
            await self.record_turned_away()

    async def record_turned_away(self) -> None:
        """Record in the journal's own chain how much was turned away since it was last recorded: counts, and no text of it."""
        fresh = self._counts.refused - self._recorded
        if not fresh:
            return
        by_sender: dict[str, dict[str, int]] = {}
        for (name, why), count in sorted(fresh.items()):
            by_sender.setdefault(name, {})[why] = min(count, 2**31)
        drafts = [
            Draft("knocked", {"at_door": f"alerts/{name}", "turned_away": whys}) for name, whys in by_sender.items()
        ]
        with contextlib.suppress(JournalError):
            await self._house.journal.record(*drafts)
            self._recorded += fresh

    async def _noted(self, name: str, what: str) -> None:
        with contextlib.suppress(JournalError):
            await self._house.journal.record(Draft(what, {"at_door": f"alerts/{name}"}))


@contextlib.asynccontextmanager
async def _reading(inventory: Inventory, at: str) -> AsyncIterator[Reader]:
    """A connection to read from: what writes is not even made."""
    from connectors.core import connect
    from engine.opening import connection
    from engine.registry import registry

    reader, _, wire = connect(connection(inventory, at, registry()), writes=False)
    try:
        yield reader
    finally:
        await wire.close()
