"""The inbox of one process: keeps what is delivered, and hands it to whoever acts on it without a detour."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from engine.alert import Provenance
from journal.canonical import clean
from journal.errors import JournalError
from journal.write.kill import at_point
from triggers.alerts.inbox.rows import Delivery, Row, Rows
from triggers.alerts.inbox.sealing import Box
from triggers.gathering import Gathering, NotKept

if TYPE_CHECKING:
    from journal.store import Journal

__all__ = ["Inbox", "Kept", "NotKept"]

Kept = Literal["kept", "again"]
AT_HAND = 400
"""Rows of one way in that are held in memory at most; the others lie in the data base until there is room."""
AT_HAND_BYTES = 2 * 1024 * 1024
"""And so many bytes of them."""
HEADERS = 40
HEADER_LETTERS = 500


class Inbox:
    """Keeps deliveries. Of those that are new it holds some at hand, fairly by way in, for whoever acts in this process.

    Attributes:
        fresh: set whenever something is at hand, or lies in the data base and is nobody's.
        acting: whether somebody acts on rows in this process; else they are anybody's.
    """

    def __init__(self, journal: Journal) -> None:
        """Hold the journal; nothing is read."""
        self._journal, self.fresh, self.acting = journal, asyncio.Event(), False
        self._rows: Rows | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()
        self._gathering: Gathering[Delivery, Row | None] = Gathering(self._keep)
        self._at_hand: dict[str, deque[Row]] = {}
        self._bytes: Counter[str] = Counter()

    async def rows(self) -> Rows:
        """The rows. Raises NoKey where bodies cannot be sealed, JournalFailed."""
        self._loop = asyncio.get_running_loop()
        async with self._opening:
            if self._rows is None:
                self._rows = Rows(self._journal.database, await Box.of(self._journal))
        return self._rows

    async def keep(
        self, name: str, source: str, delivery_id: str | None, raw: bytes, provenance: Provenance,
        headers: Mapping[str, str] = {},
    ) -> Kept:  # fmt: skip
        """Keep what was delivered, durably; "again" where the same delivery is here already. Raises NotKept."""
        try:
            await self.rows()
        except JournalError as error:
            raise NotKept(str(error)) from None
        delivery = Delivery(
            delivery_key(name, delivery_id, raw), name, source, str(clean(delivery_id or ""))[:200], raw,
            dict(_headers(headers)), provenance.model_dump(mode="json"),
        )  # fmt: skip
        at_point("before", "alert-kept")
        row = await self._gathering.put(delivery)
        at_point("after", "alert-kept")
        return "again" if row is None else "kept"

    def take(self, most: int) -> list[Row]:
        """Take what is at hand, one of each way in after the other."""
        taken: list[Row] = []
        while self._at_hand and len(taken) < most:
            for name in [*self._at_hand]:
                waiting = self._at_hand[name]
                taken.append(waiting.popleft())
                self._bytes[name] -= len(taken[-1].box)
                if not waiting:
                    del self._at_hand[name], self._bytes[name]
        return taken

    def close(self) -> None:
        """What is not done is anybody's."""
        if self._rows is not None:
            self._rows.close()

    def _keep(self, deliveries: Sequence[Delivery]) -> Sequence[Row | None]:
        assert self._rows is not None, "opened by whoever keeps"
        left = Counter({one.name: AT_HAND - len(self._at_hand.get(one.name, ())) for one in deliveries})

        def mine(one: Delivery) -> bool:
            left[one.name] -= 1
            return self.acting and left[one.name] >= 0 and self._bytes[one.name] < AT_HAND_BYTES

        rows = self._rows.keep(deliveries, mine)
        if self._loop is not None and not self._loop.is_closed():  # not by whoever waits: they may have given up
            self._loop.call_soon_threadsafe(self._hand, [row for row in rows if row is not None])
        return rows

    def _hand(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.mine:
                self._at_hand.setdefault(row.name, deque()).append(row)
                self._bytes[row.name] += len(row.box)
        if rows:
            self.fresh.set()


def delivery_key(name: str, delivery_id: str | None, raw: bytes) -> str:
    """What the very same delivery has again: by the sender's id of it, else by its body."""
    told = b"id\0" + delivery_id.encode("utf-8", "replace") if delivery_id else b"body\0" + hashlib.sha256(raw).digest()
    return hashlib.sha256(name.encode() + b"\0" + told).hexdigest()


def _headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in [*headers.items()][:HEADERS]:
        yield str(clean(name))[:100].lower(), str(clean(value))[:HEADER_LETTERS]
