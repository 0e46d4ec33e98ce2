"""The rows of the inbox: kept many in one transaction, claimed by one process, done once what came of them is durable."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.clock import now, wall
from journal.db.base import Database
from journal.db.tables import acts, findings, inbox
from journal.errors import JournalFailed
from journal.write import lease as leasing
from journal.write.lease import Owner
from triggers.alerts.inbox.sealing import Box

TRIES = 5
HELD = timedelta(minutes=3)
"""For so long a row is somebody's of whom nobody can tell whether they live."""
KEPT = timedelta(days=30)
"""For so long a delivery and a finding are known again: longer than any sender tries (SNS: 23 days)."""
PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was delivered, as it is kept.

    Attributes:
        key: what the very same delivery has again. id: the sender's own; "" where it gives none.
        provenance: how we know who sent it, as `engine.alert.Provenance` spells itself.
    """

    key: str
    name: str
    source: str
    id: str
    raw: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery that waits to be acted on, or was.

    Attributes:
        number: its place in the inbox, from 1. mine: this process is to act on it.
    """

    number: int
    name: str
    source: str
    key: str
    delivery: str
    provenance: Mapping[str, Any]
    at: str
    box: bytes = field(repr=False, default=b"")
    word: str = ""
    mine: bool = False


def _nobodys(_delivery: Delivery) -> bool:
    return False


class Rows:
    """The inbox as it lies in the journal's data base. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database, box: Box) -> None:
        """Hold the data base; rows that are claimed are this one's until it is closed."""
        self._db, self._box, self._mark = database, box, secrets.token_hex(8)
        leasing.opened(self._mark)
        self.me = Owner.me(self._mark).text()

    def close(self) -> None:
        """Claim nothing any more: what is not done is anybody's."""
        leasing.closed(self._mark)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection; what the data base raises is told in a sentence (JournalFailed)."""
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that is durable when its block ends."""
        with self.reading() as conn, self._db.writing(conn):
            yield conn

    def keep(self, deliveries: Sequence[Delivery], mine: Callable[[Delivery], bool] = _nobodys) -> list[Row | None]:
        """Keep deliveries, durably, all in one transaction; give the row of each that is new, None for the others.

        `mine`: which of them are this process's from the start, which begins to act on them at once.
        """
        boxes = {one.key: self._box.close(one.key, one.headers, one.raw) for one in deliveries}
        for _ in range(TRIES):
            try:
                with self.writing() as conn:
                    return self._kept(conn, deliveries, boxes, mine)
            except IntegrityError:  # the same came to two processes at once: whoever is second looks again
                continue
        raise JournalFailed("The same deliveries come to several processes over and over: nothing was kept.")

    def _kept(
        self,
        conn: Connection,
        deliveries: Sequence[Delivery],
        boxes: Mapping[str, bytes],
        mine: Callable[[Delivery], bool],
    ) -> list[Row | None]:
        at, keys = wall(), {one.key for one in deliveries}
        ours = {one.key for one in deliveries if mine(one)}
        there = {
            row.key: row for row in conn.execute(select(inbox.c.key, inbox.c.findings).where(inbox.c.key.in_(keys)))
        }
        again = Counter(one.key for one in deliveries if one.key in there)
        fresh: dict[str, Delivery] = {}
        for one in deliveries:
            if one.key not in there:
                if one.key in fresh:
                    again[one.key] += 1
                fresh.setdefault(one.key, one)
        rows = [
            {"name": one.name, "source": one.source, "key": one.key, "delivery": one.id[:200], "at": at, "times": 1,
             "provenance": json.dumps(one.provenance, separators=(",", ":")), "body": boxes[one.key], "findings": "[]",
             "holder": self.me if one.key in ours else "", "since": at, "word": "", "done_at": None}
            for one in fresh.values()
        ]  # fmt: skip
        numbers: dict[str, int] = {}
        if rows:
            made = conn.execute(insert(inbox).returning(inbox.c.id, inbox.c.key), rows)
            numbers = {key: number for number, key in made}
        for key, times in again.items():
            conn.execute(update(inbox).where(inbox.c.key == key).values(times=inbox.c.times + times))
            if key in there:
                _counted(conn, json.loads(there[key].findings), times, at)
        found: list[Row | None] = []
        for one in deliveries:
            number = numbers.pop(one.key, None)
            row = None
            if number is not None:
                row = Row(number, one.name, one.source, one.key, one.id, one.provenance, at, boxes[one.key],
                          mine=one.key in ours)  # fmt: skip
            found.append(row)
        return found

    def claim(self, most: int) -> list[Row]:
        """Take rows that nobody acts on, durably, the oldest of each way in: a flood of one keeps no other waiting."""
        with self.reading() as conn:
            waits = inbox.c.done_at.is_(None)
            held = conn.execute(
                select(inbox.c.holder, inbox.c.since).where(waits, inbox.c.holder != self.me).distinct()
            )
            free = {row.holder for row in held if _gone(row.holder, row.since)}
            if not free:
                return []
            open_ = (waits, inbox.c.holder.in_(free))
            names = list(conn.execute(select(inbox.c.name).where(*open_).distinct()).scalars())
            numbers: list[int] = []
            for name in names:
                query = select(inbox.c.id).where(*open_, inbox.c.name == name).order_by(inbox.c.id)
                numbers += conn.execute(query.limit(max(1, most // len(names)))).scalars()
        if not numbers:
            return []
        mine = update(inbox).where(inbox.c.id.in_(numbers), *open_).values(holder=self.me, since=wall())
        with self.writing() as conn:
            taken = list(conn.execute(mine.returning(inbox.c.id)).scalars())
            rows = conn.execute(select(inbox).where(inbox.c.id.in_(taken)).order_by(inbox.c.id)).all()
        return [replace(row_of(row), mine=True) for row in rows]

    def read(self, row: Row) -> tuple[Mapping[str, str], bytes]:
        """The headers and the body of a row. Raises NoKey where it does not open."""
        return self._box.open(row.key, row.box)

    def one(self, number: int) -> Row | None:
        """A row by its number."""
        with self.reading() as conn:
            found = conn.execute(select(inbox).where(inbox.c.id == number)).one_or_none()
        return row_of(found) if found is not None else None

    def let_go(self, numbers: Sequence[int]) -> None:
        """Leave rows to whoever takes them next."""
        mine = update(inbox).where(inbox.c.id.in_(numbers), inbox.c.holder == self.me, inbox.c.done_at.is_(None))
        with self.writing() as conn:
            conn.execute(mine.values(holder=""))

    def again(self, number: int) -> bool:
        """Have a row read once more; whether there is one whose body is kept."""
        known = update(inbox).where(inbox.c.id == number, inbox.c.body != b"")
        with self.writing() as conn:
            return bool(conn.execute(known.values(done_at=None, holder="", word="")).rowcount)

    def forget(self, before: str) -> int:
        """Drop what was delivered, found and done before then; give how many deliveries went. What waits stays."""
        gone = 0
        while True:
            with self.writing() as conn:
                old = select(inbox.c.id).where(inbox.c.at < before, inbox.c.done_at.is_not(None)).limit(PRUNED_AT_ONCE)
                numbers = list(conn.execute(old).scalars())
                conn.execute(delete(acts).where(acts.c.inbox.in_(numbers)))
                conn.execute(delete(inbox).where(inbox.c.id.in_(numbers)))
                if not numbers:
                    conn.execute(delete(findings).where(findings.c.last_at < before))
            gone += len(numbers)
            if not numbers:
                return gone


def _counted(conn: Connection, keys: Sequence[str], times: int, at: str) -> None:
    if keys:
        more = {"count": findings.c.count + times, "last_at": at}
        conn.execute(update(findings).where(findings.c.key.in_(keys)).values(more))


def _gone(holder: str, since: str) -> bool:
    """Whether nobody acts on the rows of this holder any more."""
    if not holder:
        return True
    try:
        owner = Owner.read(holder)
    except ValueError:
        return True
    if owner.dead():
        return True
    return not owner.same_boot() and now() - datetime.fromisoformat(since) > HELD


def row_of(row: Any) -> Row:
    """A row as it was read."""
    return Row(
        row.id, row.name, row.source, row.key, row.delivery, json.loads(row.provenance), row.at, row.body, row.word
    )
