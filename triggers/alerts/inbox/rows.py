"""The rows of the inbox, as whoever acts on them sees them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import DBAPIError

from journal.clock import now, spelled
from journal.db.tables import acts, findings, inbox
from journal.errors import JournalFailed
from journal.write import lease as leasing
from journal.write.lease import Owner
from triggers.alerts.inbox.deciding import Decide, Limits, Propose, Reserve
from triggers.alerts.inbox.keeping import Again, Claim, Forget, Keep, LetGo
from triggers.alerts.inbox.model import Act, Delivery, Row, Sorted
from triggers.alerts.inbox.sealing import Box
from triggers.alerts.inbox.sifting import Sift

if TYPE_CHECKING:
    from journal.db.base import Database
    from journal.store import Journal

KEPT = timedelta(days=30)
"""For so long a delivery and a finding are known again: longer than any sender tries (SNS: 23 days)."""

MOST_INCIDENTS = 50
"""So many are looked through for one that is not closed."""


class Rows:
    """One process's hold on the inbox. Each of its methods returns once what it changed is durable; JournalError otherwise."""

    def __init__(self, journal: Journal, box: Box) -> None:
        """Hold the journal; rows that are claimed are this one's until it is closed."""
        self._journal, self.box, self._mark = journal, box, secrets.token_hex(8)
        leasing.opened(self._mark)
        self.me = Owner.me(self._mark).text()

    def close(self) -> None:
        """Claim nothing any more: what is not done is anybody's."""
        leasing.closed(self._mark)

    async def keep(self, deliveries: Sequence[Delivery]) -> list[Row | None]:
        """Keep deliveries; the row of each that is new."""
        kept: list[Row | None] = await self._journal.carry_out(Keep(deliveries=deliveries, me=self.me))
        return kept

    async def claim(
        self, most: int, *, but: Collection[str] = (), at_hand: Collection[int] | None = None
    ) -> list[Row]:  # fmt: skip
        """Take rows that nobody acts on: see `Claim`."""
        rows: list[Row] = await self._journal.carry_out(Claim(me=self.me, most=most, but=but, at_hand=at_hand))
        return rows

    async def any_left(self) -> bool:
        """Whether there is a row that is not ours to act on, and not done: another's, or nobody's. It writes nothing."""
        query = select(inbox.c.id).where(inbox.c.done_at.is_(None), inbox.c.holder != self.me).limit(1)
        return bool(await asyncio.to_thread(self._read, query))

    async def let_go(self, numbers: Sequence[int] | None = None) -> None:
        """Leave rows to whoever takes them next; without numbers all of ours."""
        await self._journal.carry_out(LetGo(me=self.me, numbers=numbers))

    async def again(self, number: int) -> Row | None:
        """Have a delivery acted on once more, by this process: see `Again`."""
        row: Row | None = await self._journal.carry_out(Again(me=self.me, number=number))
        return row

    async def sift(self, deliveries: Sequence[Sorted]) -> dict[int, list[Act]]:
        """What is to be decided, by delivery: see `Sift`."""
        found: dict[int, list[Act]] = await self._journal.carry_out(Sift(me=self.me, deliveries=deliveries))
        return found

    async def reserve(self, act: Act, run: str, integration: str, playbook: str, limits: Limits) -> str:
        """Take a place of the budget for a run: see `Reserve`."""
        request = Reserve(me=self.me, act=act, named=run, integration=integration, playbook=playbook, limits=limits)
        full: str = await self._journal.carry_out(request)
        return full

    async def propose(self, act: Act, integration: str, playbook: str, *, anew: bool = False) -> Mapping[str, str]:
        """Take a place among the proposals: see `Propose`."""
        request = Propose(me=self.me, act=act, integration=integration, playbook=playbook, anew=anew)
        found: Mapping[str, str] = await self._journal.carry_out(request)
        return found

    async def decide(
        self, act: Act, word: str, why: Sequence[str], said: Mapping[str, Any], **values: Any
    ) -> bool:  # fmt: skip
        """Record the one decision: see `Decide`."""
        mine: bool = await self._journal.carry_out(
            Decide(me=self.me, act=act, word=word, why=why, said=said, values=values)
        )
        return mine

    async def forget(self) -> int:
        """Drop what is older than it is known for; how many deliveries that were."""
        gone, before = 0, spelled(now() - KEPT)
        while number := await self._journal.carry_out(Forget(before=before)):
            gone += number
        return gone

    async def one(self, number: int) -> Row | None:
        """A delivery by its number."""
        rows = await asyncio.to_thread(self._read, select(inbox).where(inbox.c.id == number))
        return Row.of(rows[0]) if rows else None

    async def acts(self, **where: Any) -> list[Act]:
        """Acts, oldest first: those whose columns are just so."""
        query = select(acts).filter_by(**where).order_by(acts.c.id)
        return [Act.of(row) for row in await asyncio.to_thread(self._read, query)]

    async def incidents(self, act: Act, integration: str, since: str) -> list[str]:
        """Incidents of other acts from then on, about the same integration or of the same finding; the newest first."""
        same = acts.c.finding == act.finding
        same = or_(same, acts.c.integration == integration) if integration else same
        where = same, acts.c.at >= since, acts.c.incident != "", acts.c.id != act.number
        query = select(acts.c.incident).where(*where).group_by(acts.c.incident).order_by(func.max(acts.c.id).desc())
        return [row.incident for row in await asyncio.to_thread(self._read, query.limit(MOST_INCIDENTS))]

    async def counts(self) -> dict[str, int]:
        """How often each finding was told of, by its key."""
        rows = await asyncio.to_thread(self._read, select(findings.c.key, findings.c.times))
        return {row.key: row.times for row in rows}

    def _read(self, query: Any) -> Sequence[Any]:
        return _all(self._journal.database, query)


def acts_since(database: Database, since: str) -> list[Act]:
    """What came of alerts from then on, the oldest first. Blocks; it needs no key."""
    return [Act.of(row) for row in _all(database, select(acts).where(acts.c.at >= since).order_by(acts.c.id))]


def _all(database: Database, query: Any) -> Sequence[Any]:
    try:
        with database.engine.connect() as conn:
            return conn.execute(query).all()
    except DBAPIError as error:
        raise JournalFailed(database.sentence(error)) from None
