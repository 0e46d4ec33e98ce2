"""What callers ask of the writer. Each request does its part in a `Book`: it checks, then it changes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import select

from journal.clock import boot_s
from journal.db.tables import events, leases
from journal.errors import Busy, Held, IncidentClosed, JournalFailed, LeaseLost, Overtaken, Rested, UnknownRun, Used
from journal.event import JOURNAL, Event
from journal.rows import closed_at
from journal.seal.keys import Seal
from journal.write.book import Book, Head, Line
from journal.write.lease import Lease, Owner, left_s


@dataclass(slots=True, kw_only=True)
class Request(ABC):
    """One thing to do, and who waits for it.

    Attributes:
        run: the run that it is about.
        waiter: the caller's future and its event loop; None when nobody waits.
    """

    run: str
    waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[Any]] | None = None

    @property
    def events(self) -> int:
        """How many events it writes."""
        return 0

    def first(self) -> tuple[str, Mapping[str, Any]] | None:
        """Type and body of the first event that it writes to a run: a fault point before it comes before all of it."""
        return None

    def runs(self) -> list[str]:
        """Of which runs it needs the heads. The journal's own chain among them is written by one process at a time."""
        return [self.run]

    @abstractmethod
    def do(self, book: Book) -> Any:
        """Do it. Raises JournalError when it is refused; then nothing of it was written."""


@dataclass(slots=True, kw_only=True)
class Begin(Request):
    """Open a run."""

    incident: str
    line: Line
    lock: str | None
    sealed: Sequence[Seal]

    @property
    def events(self) -> int:
        """One."""
        return 1

    def runs(self) -> list[str]:
        """Its own, and the journal's, where it is opened."""
        return [self.run, JOURNAL]

    def first(self) -> tuple[str, Mapping[str, Any]]:
        """The opening."""
        return self.line.type, self.line.body

    def do(self, book: Book) -> tuple[Lease, Event]:
        """Lock the integration, add the run, seal, write its first event."""
        if self.run in book.heads:
            raise JournalFailed(f"Run {self.run} is in this journal already: a new run needs a new id.")
        if self.lock is not None:
            holder = book.conn.execute(select(leases.c.run).where(leases.c.lock == self.lock)).scalar()
            if holder is not None:
                raise Busy(self.lock, holder)
        (line,) = book.ready(self.incident, [self.line])
        book.keep(self.run, self.sealed)
        head = book.open_run(self.run, self.incident, self.lock)
        event = book.write(head, line)
        book.note("opened", {"run": self.run, "incident": self.incident, "hash": event.hash}, of=event)
        return Lease(self.run, self.incident, 1, 0.0), event


Gone = Literal["rested", "dead", "lapsed"]
"""How a run's last owner went: it released the run; it is known to have ended; or it may only be paused."""


@dataclass(slots=True, kw_only=True)
class Take(Request):
    """Take a run whose owner is gone.

    Attributes:
        resting: whether one that was released is taken too.
        seen: what this journal saw of leases from other starts of the machine: (fence, renewed_ms, first seen at s).
    """

    why: str
    resting: bool = True
    seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """One."""
        return 1

    def runs(self) -> list[str]:
        """Its own, and the journal's: a run that was closed is resumed there."""
        return [self.run, JOURNAL]

    def first(self) -> tuple[str, Mapping[str, Any]]:
        """The lease."""
        return "leased", {}

    def do(self, book: Book) -> tuple[Lease, Event]:
        """Raise the fence and say so in the run's chain."""
        head = book.heads.get(self.run)
        if head is None:
            raise UnknownRun(self.run)
        gone = self.gone(head, book.now_us)
        if gone == "rested" and not self.resting:
            raise Rested(self.run)
        if head.lock is None and (closed := closed_at(book.conn, head.incident)) is not None:
            raise IncidentClosed(self.run, head.incident, closed)
        head.fence += 1
        book.renew(head)
        body = {"fence": head.fence, "owner": str(book.owner), "why": self.why, "gone": gone}
        event = book.write(head, Line.of("leased", body))
        if head.lock is None:
            book.note("resumed", {"run": self.run, "n": event.n, "fence": head.fence}, of=event)
        return Lease(self.run, head.incident, head.fence, 0.0), event

    def gone(self, head: Head, now_us: int | None) -> Gone:
        """How the last owner went. Raises Held while it is not known to be dead and its lease has not lapsed."""
        if head.owner is None:
            return "rested"
        try:
            owner = Owner.read(head.owner or "")
        except ValueError:
            raise JournalFailed(f"The lease of run {self.run} was altered: `ringfence journal verify`.") from None
        if owner.dead():
            return "dead"
        wait_s = left_s(owner, head.renewed_ms, head.renewed_at, head.ttl_ms, now_us)
        if now_us is not None or not owner.same_boot():
            # These clocks can be set: how long we saw it unchanged counts too.
            wait_s = min(wait_s, self._unchanged_left_s(head))
        if wait_s > 0:
            raise Held(self.run, str(owner), wait_s)
        return "lapsed"

    def _unchanged_left_s(self, head: Head) -> float:
        fence, renewed_ms, since_s = self.seen.get(self.run, (0, 0, 0.0))
        if (fence, renewed_ms) != (head.fence, head.renewed_ms):
            since_s = boot_s()
            self.seen[self.run] = (head.fence, head.renewed_ms, since_s)
        return since_s + head.ttl_ms / 1000 - boot_s()


@dataclass(slots=True, kw_only=True)
class Append(Request):
    """Add events to a run."""

    lease: Lease
    lines: Sequence[Line]
    sealed: Sequence[Seal]

    @property
    def events(self) -> int:
        """As many as there are lines."""
        return len(self.lines)

    def first(self) -> tuple[str, Mapping[str, Any]] | None:
        """The first line."""
        return (self.lines[0].type, self.lines[0].body) if self.lines else None

    def do(self, book: Book) -> list[Event]:
        """Check the fence, seal, write; the lease is renewed on the way."""
        head = held(book, self.lease)
        lines = book.ready(head.incident, self.lines)
        book.keep(self.run, self.sealed)
        book.renew(head)
        return [book.write(head, line) for line in lines]


@dataclass(slots=True, kw_only=True)
class Say(Request):
    """Add what people say of a run, whoever carries it out, or nobody: under its present fence, which stays as it is.

    A run that had been closed is closed anew behind it, so that its record in the journal's own chain still tells of
    its end.

    Attributes:
        after: the place up to which the one who says it has read the run.
        unless: types of events that would change their mind: one of them after that place, and nothing is said.
        once: digests of what is good for one time in this whole journal (a sealed code).
    """

    lines: Sequence[Line]
    after: int = 0
    unless: frozenset[str] = frozenset()
    once: Sequence[str] = ()

    @property
    def events(self) -> int:
        """As many as there are lines."""
        return len(self.lines)

    def first(self) -> tuple[str, Mapping[str, Any]] | None:
        """The first line."""
        return (self.lines[0].type, self.lines[0].body) if self.lines else None

    def runs(self) -> list[str]:
        """Its own, and the journal's: of two who say something at once, the second one sees what the first one said."""
        return [self.run, JOURNAL]

    def do(self, book: Book) -> list[Event]:
        """Check, seal, write; the lease is left alone."""
        head = book.heads.get(self.run)
        if head is None or self.run == JOURNAL:
            raise UnknownRun(self.run)
        if (closed := closed_at(book.conn, head.incident)) is not None:
            raise IncidentClosed(self.run, head.incident, closed)
        if self.unless and head.last_n > self.after and (found := self._overtaken(book)):
            raise Overtaken(self.run, found)
        for digest in self.once:
            if is_used(book, digest):
                raise Used(digest)
        lines = book.ready(head.incident, self.lines)
        ended = head.owner is None and head.lock is None and book.is_closed(head)
        written = [book.write(head, line) for line in lines]
        if not written or head.last_n < written[0].n:  # a fault point cut it off
            return written
        for digest in self.once:
            book.note("used", {"run": self.run, "digest": digest})
        if ended:
            body = {"run": self.run, "incident": head.incident, "n": head.last_n, "head": head.head}
            book.note("closed", body)
        return written

    def _overtaken(self, book: Book) -> str:
        """Type of an event that came meanwhile and matters; "" without one. This transaction's own rows count."""
        for row in book.rows:
            if row["run"] == self.run and row["type"] in self.unless:
                return str(row["type"])
        query = select(events.c.type).where(events.c.run == self.run, events.c.n > self.after)
        return str(book.conn.execute(query.where(events.c.type.in_(self.unless)).limit(1)).scalar() or "")


def is_used(book: Book, digest: str) -> bool:
    """Whether what is good for one time was used, by the journal's own chain and by this transaction."""
    mark = f'"{digest}"'
    if any(row["type"] == "used" and mark in row["body"] for row in book.notes):
        return True
    query = select(events.c.n).where(events.c.run == JOURNAL, events.c.type == "used", events.c.body.contains(mark))
    return book.conn.execute(query.limit(1)).first() is not None


@dataclass(slots=True, kw_only=True)
class Release(Request):
    """Let a run rest."""

    lease: Lease
    unlock: bool

    def runs(self) -> list[str]:
        """Its own, and the journal's where it is closed."""
        return [self.run, JOURNAL] if self.unlock else [self.run]

    def do(self, book: Book) -> None:
        """Let nobody own it."""
        head = held(book, self.lease)
        book.rest(head, unlock=self.unlock)
        if self.unlock:
            body = {"run": self.run, "incident": head.incident, "n": head.last_n, "head": head.head}
            book.note("closed", body)


@dataclass(slots=True, kw_only=True)
class Record(Request):
    """Add to the journal's own chain."""

    run: str = JOURNAL
    lines: Sequence[tuple[str, Mapping[str, Any]]]

    def do(self, book: Book) -> list[Event]:
        """Write each."""
        lines = book.ready(JOURNAL, [Line.of(type_, body) for type_, body in self.lines])
        return [book.record(line) for line in lines]


@dataclass(slots=True, kw_only=True)
class Renew(Request):
    """Renew the leases that this journal holds."""

    leases: Sequence[Lease]

    def runs(self) -> list[str]:
        """All of theirs."""
        return [lease.run for lease in self.leases]

    def do(self, book: Book) -> list[Lease]:
        """Renew what is still ours; what was taken is lost at once."""
        kept = []
        for lease in self.leases:
            try:
                book.renew(held(book, lease))
            except LeaseLost:
                lease.lost()
            else:
                kept.append(lease)
        return kept


def held(book: Book, lease: Lease) -> Head:
    """Give the head of a run that this lease still holds, or raise LeaseLost."""
    head = book.heads.get(lease.run)
    if head is None or head.fence != lease.fence or head.owner is None:
        raise LeaseLost(lease.run, lease.fence, head.fence if head else None)
    return head
