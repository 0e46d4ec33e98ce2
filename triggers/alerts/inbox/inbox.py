"""The inbox of one process: keeps what is delivered, and hands it to whoever acts on it without a detour."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from journal.canonical import clean
from journal.clock import now
from journal.errors import JournalError
from journal.write.kill import at_point
from triggers.alerts.inbox.model import Delivery, Row
from triggers.alerts.inbox.rows import Rows
from triggers.alerts.inbox.sealing import Box
from triggers.alerts.trust.model import Verified
from triggers.gathering import Gathering, NotKept

if TYPE_CHECKING:
    from journal.store import Journal

__all__ = ["Inbox", "Kept", "NotKept"]

Kept = Literal["kept", "again"]
AT_HAND = 400
"""Rows of one way in that are held in memory at most; the others lie in the data base until there is room."""
AT_HAND_BYTES = 2 * 1024 * 1024
"""And so many bytes of them."""
TAKEN_BYTES = 64 * 1024
"""After so many bytes no more is taken at a time: a thousand findings in each of sixty keep everybody waiting for a minute."""
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
        self._opening = asyncio.Lock()
        self._gathering: Gathering[Delivery, Row | None] = Gathering(self._keep)
        self._at_hand: dict[str, deque[Row]] = {}
        self._bytes: Counter[str] = Counter()

    async def rows(self) -> Rows:
        """The rows. Raises NoKey where bodies cannot be sealed, JournalFailed."""
        async with self._opening:
            if self._rows is None:
                self._rows = Rows(self._journal, await Box.of(self._journal))
        return self._rows

    @property
    def opened(self) -> bool:
        """Whether anything was kept or looked for here."""
        return self._rows is not None

    async def keep(
        self, name: str, source: str, delivery_id: str, raw: bytes, verified: Verified, headers: Mapping[str, str] = {}
    ) -> Kept:  # fmt: skip
        """Keep what was delivered, durably; "again" where the same delivery is here already. Raises NotKept.

        `delivery_id`: what the same delivery has again (`Verified.replay`).
        """
        try:
            rows = await self.rows()
        except JournalError as error:
            raise NotKept(str(error)) from None
        key = delivery_key(name, delivery_id)
        provenance = {  # as `engine.alert.Provenance` takes it
            "verified": verified.proven, "scheme": verified.scheme, "key_id": verified.key_id,
            "received_at": now().isoformat(),
        }  # fmt: skip
        delivery = Delivery(
            key, name, source, str(clean(verified.delivery_id or ""))[:200], rows.box.close(key, _fit(headers), raw),
            provenance,
        )  # fmt: skip
        row = await self._gathering.put(delivery)
        return "again" if row is None else "kept"

    def take(self, most: int, but: Collection[str] = ()) -> list[Row]:
        """Take what is at hand, one of each way in after the other, and of large ones few. `but`: not of these."""
        taken: list[Row] = []
        left = TAKEN_BYTES
        while len(taken) < most and left > 0 and (name := next((one for one in self._at_hand if one not in but), None)):
            waiting = self._at_hand.pop(name)
            taken.append(waiting.popleft())
            left -= len(taken[-1].box)
            self._bytes[name] -= len(taken[-1].box)
            if waiting:
                self._at_hand[name] = waiting  # behind the other ways in
            else:
                del self._bytes[name]
        return taken

    def put_back(self, rows: Sequence[Row], *, first: bool = False) -> None:
        """Hold rows at hand that came before, or could not be acted on; `first`: before the others of their ways in."""
        for row in reversed(rows) if first else rows:
            waiting = self._at_hand.setdefault(row.name, deque())
            (waiting.appendleft if first else waiting.append)(row)
            self._bytes[row.name] += len(row.box)

    @property
    def laden(self) -> set[str]:
        """The ways in of which more is at hand than they may keep there, so that nothing is to be fetched for them."""
        return {
            name for name, waiting in self._at_hand.items()
            if len(waiting) > AT_HAND or self._bytes[name] > 2 * AT_HAND_BYTES
        }  # fmt: skip

    @property
    def waiting(self) -> set[int]:
        """The numbers of the rows that are at hand."""
        return {row.number for waiting in self._at_hand.values() for row in waiting}

    def close(self) -> None:
        """What is not done is anybody's."""
        if self._rows is not None:
            self._rows.close()

    async def _keep(self, deliveries: Sequence[Delivery]) -> Sequence[Row | None]:
        assert self._rows is not None, "opened by whoever keeps"
        left = Counter({one.name: AT_HAND - len(self._at_hand.get(one.name, ())) for one in deliveries})
        marked = []
        for one in deliveries:
            left[one.name] -= 1
            room = left[one.name] >= 0 and self._bytes[one.name] < AT_HAND_BYTES
            marked.append(replace(one, mine=self.acting and room))
        at_point("before", "alert-kept")
        rows = await self._rows.keep(marked)
        at_point("after", "alert-kept")
        for row in rows:  # here and not by whoever waits: they may have given up
            if row is not None and row.mine:
                self._at_hand.setdefault(row.name, deque()).append(row)
                self._bytes[row.name] += len(row.box)
        if any(row is not None for row in rows):
            self.fresh.set()
        return rows


def delivery_key(name: str, delivery: str) -> str:
    """What the very same delivery has again, whoever else may have one of the same id."""
    return hashlib.sha256(name.encode() + b"\0" + delivery.encode("utf-8", "surrogatepass")).hexdigest()


def _fit(headers: Mapping[str, str]) -> dict[str, str]:
    few = [*headers.items()][:HEADERS]
    return {str(clean(name))[:100].lower(): str(clean(value))[:HEADER_LETTERS] for name, value in few}
