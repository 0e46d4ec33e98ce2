"""Retention: takes whole runs out of the record, each in one transaction that leaves a signed tombstone.

What may go: a run that ended and was last written before a time, of an incident that people closed and that no legal
hold covers. Its chain must verify: what was altered is evidence. Its tombstone keeps the head, so that the journal
still verifies and evidence exported before can be checked against it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete

from journal.custody.standing import Standing, standing
from journal.db.tables import events, leases, run_keys, sealed, wishes
from journal.event import JOURNAL, Event
from journal.proof.sign import Signer
from journal.proof.verify import verify
from journal.rows import RunRow
from journal.store import Journal
from journal.write.book import Book
from journal.write.requests import Request

TRIES = 20
"""How often one run is decided upon again because the journal's own chain went on meanwhile."""
YOUNG = "written since"


@dataclass(frozen=True)
class Left:
    """A run that stays, and why."""

    run: str
    incident: str
    why: str


@dataclass
class Retention:
    """What may go and what stays, as the journal stood when its own chain had `seen` events.

    `traces`: where something of what was taken out may stay behind; "" if nowhere.
    """

    before: str
    seen: int
    stands: Standing
    old: list[RunRow] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    traces: str = ""


def retention(journal: Journal, before: str) -> Retention:
    """Decide which runs may go that were last written before a time (an `at`). Changes nothing."""
    own = journal.events(JOURNAL, names=False)
    found = Retention(before, own[-1].n if own else 0, standing(own))
    for row in reversed(journal.runs()):
        why = stays(row, found.stands, before) or _altered(journal, row)
        if why:
            found.left.append(Left(row.run, row.incident, why))
        else:
            found.old.append(row)
    return found


def stays(row: RunRow, stands: Standing, before: str) -> str:
    """Say why a run must stay; "" when it may go."""
    released = stands.released.get(row.run)
    if row.last_at >= before:
        return YOUNG
    if row.owner is not None:
        return f"{row.owner} holds it"
    if row.lock is not None or released is None or released.body["n"] != row.n:
        return f"it has not ended: `ringfence status {row.run}`"
    if stands.on_hold(row.incident):
        return f"a legal hold covers incident {row.incident}"
    if not stands.closed(row.incident):
        return f"incident {row.incident} is open: `ringfence close {row.incident}`"
    return ""


def _altered(journal: Journal, row: RunRow) -> str:
    chain, ends = journal.events(row.run, names=False), journal.ends(row.run).runs
    if verify(chain) or [(end.n, end.head) for end in ends] != [(event.n, event.hash) for event in chain[-1:]]:
        return f"it does not verify, and is evidence: `ringfence journal verify --run {row.run}`"
    return ""


async def prune(journal: Journal, found: Retention, signer: Signer) -> AsyncIterator[Event]:
    """Take the old runs out, one transaction each; gives each tombstone once it is durable.

    A run that was taken up, or put under legal hold, since it was decided upon, stays, and is said in `found.left`.
    """
    for row in found.old:
        for _ in range(TRIES):
            for event in journal.events(JOURNAL, found.seen, names=False):
                found.stands.step(event)
                found.seen = event.n
            if row.run in found.stands.pruned:  # by another process; or by us, over a connection that was lost
                break
            if why := stays(row, found.stands, found.before):
                found.left.append(Left(row.run, row.incident, why))
                break
            stone = tombstone(row, journal.ends(row.run).runs[0].head, found.before, signer)
            done: Event | None = await journal.carry_out(Prune(run=row.run, tombstone=stone, seen=found.seen))
            if done is not None:
                yield done
                break
        else:
            found.left.append(Left(row.run, row.incident, "others write the journal too fast: try again"))
    found.traces = await journal.drop_traces()


def tombstone(row: RunRow, head: str, before: str, signer: Signer) -> dict[str, Any]:
    """What stays of a run: where its chain ended, signed."""
    body = {
        "run": row.run, "incident": row.incident, "n": row.n, "head": head, "first_at": row.first_at,
        "last_at": row.last_at, "before": before, "public": signer.public,
    }  # fmt: skip
    return {**body, "signature": signer.sign("tombstone", body)}


@dataclass(slots=True, kw_only=True)
class Prune(Request):
    """Take a run out and leave its tombstone, both or neither.

    Attributes:
        seen: how many events the journal's own chain had when it was decided: if it has more now (a legal hold, an
            opening), or the run moved, nothing is done.
    """

    tombstone: Mapping[str, Any]
    seen: int

    def runs(self) -> list[str]:
        """The run, and the journal's own chain."""
        return [self.run, JOURNAL]

    def do(self, book: Book) -> Event | None:
        """Delete all rows of the run; the tombstone, or None where it has to be decided again."""
        head, own = book.heads.get(self.run), book.heads.get(JOURNAL)
        if head is None or own is None or own.last_n != self.seen:
            return None
        if (head.owner, head.lock, head.last_n, head.head) != (None, None, self.tombstone["n"], self.tombstone["head"]):
            return None
        for table in (events, sealed, run_keys, wishes, leases):
            book.conn.execute(delete(table).where(table.c.run == self.run))
        del book.heads[self.run]
        return book.note("pruned", self.tombstone)
