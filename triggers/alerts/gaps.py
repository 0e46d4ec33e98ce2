"""Closes the gaps: what a provider has told, or should have, and did not reach us is asked for, over and over.

It only reads, by the connection's own credential. What it finds goes into the same inbox; that the same finding also
came by the door is known there by the finding's own id.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from triggers.alerts.counting import Counts
from triggers.alerts.door import Inbox
from triggers.alerts.trust.model import Verified

if TYPE_CHECKING:
    from connectors.core import Reader
    from connectors.core.missed import Missed

EVERY_S, AT_MOST_EVERY_S = 60.0, 5.0
"""So often it is asked; and so often at most, however often a sender says that there is something: what is asked counts
against the same limits as what a hold must send."""
OVERLAP = timedelta(minutes=10)
"""A log shows an event seconds to minutes after it: so far back is asked again each time."""
FIRST, FARTHEST = timedelta(hours=1), timedelta(days=3)
"""How far back is asked where nothing was asked before; and at most, however long nobody asked: GitHub keeps no more."""
MOST_SEEN = 50_000
MODULES = {"okta": "connectors.okta.missed", "github": "connectors.github.missed", "entra": "connectors.entra.missed"}
"""By the system of the connection: what asks it."""

Ask = Callable[["Reader", str, str], "AsyncIterator[Missed]"]


def asks(system: str) -> Ask | None:
    """What asks a system; None where nothing can."""
    found: Ask | None = import_module(MODULES[system]).missed if system in MODULES else None
    return found


class Gap:
    """What one sender may not have told us, asked for until it is cancelled.

    Attributes:
        nudged: set to ask at once, and not in a minute.
    """

    def __init__(
        self, name: str, source: str, at: str, hook: str, reading: Callable[[], AbstractAsyncContextManager[Reader]], ask: Ask, inbox: Inbox,
        counts: Counts, place: Path, tell: Callable[[str], None], *, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """`at`: the connection; `reading`: opens a reader at it, as a context. `place`: where is kept how far it came."""
        self._name, self._source, self._at, self._hook = name, source, at, hook
        self._reading, self._ask, self._inbox, self._counts = reading, ask, inbox, counts
        self._place, self._tell, self._now = place, tell, now
        self._seen: dict[str, None] = {}
        self._told = ""
        self.nudged = asyncio.Event()

    async def run(self) -> None:
        """Ask on, whatever fails meanwhile."""
        while True:
            self.nudged.clear()  # what is told while it is asked may come after the answer: it is asked once more
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001  # the provider, the network, the journal: it is asked again
                self._once_told(
                    f"what it may not have told us cannot be asked of {self._at} ({type(error).__name__}); it is asked again."
                )
            else:
                self._once_told("")
            pause = min(AT_MOST_EVERY_S, EVERY_S)
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(EVERY_S - pause):
                    await self.nudged.wait()
            except TimeoutError:
                pass

    async def once(self) -> int:
        """Ask once; keep what is new, and give how much that was. Raises what asking or keeping raises."""
        reached, found = await asyncio.to_thread(self._reached), 0
        since = reached.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        newest = reached + OVERLAP
        async with self._reading() as read:
            async for one in self._ask(read, self._hook, since):
                if one.id not in self._seen:
                    found += await self._keep(one)
                    self._seen[one.id] = None
                newest = max(newest, min(_moment(one.at) or newest, self._now()))
        while len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        await asyncio.to_thread(self._reach, newest)
        return found

    async def _keep(self, one: Missed) -> bool:
        raw = json.dumps(one.payload, separators=(",", ":")).encode("utf-8", "surrogatepass")
        replay = f"told:{hashlib.sha256(one.id.encode('utf-8', 'surrogatepass')).hexdigest()}"
        verified = Verified("poll", self._at, replay, one.id[:200])
        became = await self._inbox.keep(self._name, self._source, replay, raw, verified, one.headers)
        (self._counts.accepted if became == "kept" else self._counts.again)[self._name] += 1
        return became == "kept"

    def _reached(self) -> datetime:
        """From when on is to be asked."""
        now = self._now()
        try:
            moment = _moment(self._place.read_text(encoding="utf-8").strip()) or now - FIRST
        except (OSError, UnicodeDecodeError):
            moment = now - FIRST
        return max(min(moment, now) - OVERLAP, now - FARTHEST)

    def _reach(self, newest: datetime) -> None:
        self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._place.with_suffix(".new")
        fresh.write_text(newest.isoformat(), encoding="utf-8")
        os.replace(fresh, self._place)  # noqa: PTH105  # whole, or not at all

    def _once_told(self, what: str) -> None:
        if what != self._told:
            self._tell(f"Alerts from {self._name}: {what or f'{self._at} can be asked again.'}")
            self._told = what


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
