"""The ways by which alerts arrive, as one part of the service: posted to the door, read from queues, fetched where a gap is.

What fails in one of them stops no other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter
from prometheus_client.metrics_core import Metric

from journal.errors import JournalError
from journal.event import Draft
from triggers.alerts.counting import Counts
from triggers.alerts.door import Door, Inbox, router
from triggers.alerts.reading import SOURCES
from triggers.alerts.senders import Senders

if TYPE_CHECKING:
    from triggers.house import House

AGAIN_S, COUNTED_EVERY_S = 1.0, 60.0


class Ways:
    """All of them."""

    def __init__(self, house: House, inbox: Inbox) -> None:
        """Nothing is read or listened to yet."""
        self._house, self._inbox, self._counts = house, inbox, Counts()
        self.senders = Senders(lambda: house.inventory, SOURCES, house.tell)
        self.door = Door(self.senders, inbox, counts=self._counts, tell=house.tell, noted=self._noted)
        self._tasks: list[asyncio.Task[None]] = []
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

    async def end(self) -> None:
        """Take nothing more in."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.record_turned_away()

    def _keep_up(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        async def forever() -> None:
            while True:
                try:
                    await work()
                except Exception as error:  # noqa: BLE001  a fault in one way stops no other
                    self._house.tell(f"Alerts, {what}: stopped at {type(error).__name__}, begins again.")
                await asyncio.sleep(AGAIN_S)

        self._tasks.append(asyncio.create_task(forever()))

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
