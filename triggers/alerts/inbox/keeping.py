"""Keeping deliveries, claiming them, letting them go: what the journal's writer is asked for, many in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select, update

from journal.clock import now, spelled
from journal.db.tables import acts, findings, inbox
from journal.write.book import Book
from journal.write.lease import Owner
from journal.write.requests import Request
from triggers.alerts.inbox.model import Delivery, Row

HELD = timedelta(minutes=3)
"""For so long a row is somebody's of whom nobody can tell whether they live."""
ASTRAY = timedelta(minutes=1)
"""After so long a row of ours that nobody here knows of is looked for: its keeping broke off once it was written."""
PRUNED_AT_ONCE = 500
CLAIMED_BYTES = 2 * 1024 * 1024
"""Of one way in, at a time."""


@dataclass(slots=True, kw_only=True)
class Asked(Request):
    """What is asked of the writer beside the chains: it needs the head of none."""

    run: str = ""

    def runs(self) -> list[str]:
        """None."""
        return []


@dataclass(slots=True, kw_only=True)
class Keep(Asked):
    """Keep deliveries, all of them or none. `me`: whose those are that say `mine`."""

    deliveries: Sequence[Delivery]
    me: str

    def do(self, book: Book) -> list[Row | None]:
        """The row of each that is new; None for what is here already, which counts once more for its findings."""
        conn, at = book.conn, book.now
        keys = {one.key for one in self.deliveries}
        there = conn.execute(select(inbox.c.key, inbox.c.findings).where(inbox.c.key.in_(keys))).all()
        known: dict[str, str] = {row.key: row.findings for row in there}
        fresh, again = dict[str, Delivery](), Counter[str]()
        for one in self.deliveries:
            if one.key in known or one.key in fresh:
                again[one.key] += 1
            fresh.setdefault(one.key, one)
        new = [one for one in fresh.values() if one.key not in known]
        numbers = dict[str, int]()
        if new:
            made = conn.execute(
                insert(inbox).returning(inbox.c.id, inbox.c.key), [self._values(one, at) for one in new]
            )
            numbers = {row.key: row.id for row in made}
        for key, times in again.items():
            conn.execute(update(inbox).where(inbox.c.key == key).values(times=inbox.c.times + times))
            _counted(conn, orjson.loads(known.get(key, "[]")), times, at)
        return [self._row(one, numbers.pop(one.key, None), at) for one in self.deliveries]

    def _values(self, one: Delivery, at: str) -> dict[str, Any]:
        return {
            "name": one.name, "source": one.source, "key": one.key, "delivery": one.id, "body": one.box, "at": at,
            "provenance": orjson.dumps(one.provenance).decode(), "times": 1, "findings": "[]", "word": "",
            "holder": self.me if one.mine else "", "since": at, "done_at": None,
        }  # fmt: skip

    @staticmethod
    def _row(one: Delivery, number: int | None, at: str) -> Row | None:
        if number is None:
            return None
        return Row(number, one.name, one.source, one.key, one.id, one.provenance, at, one.box, mine=one.mine)


def _counted(conn: Connection, keys: Sequence[str], times: int, at: str) -> None:
    if keys:
        more = {"times": findings.c.times + times, "last_at": at}
        conn.execute(update(findings).where(findings.c.key.in_(keys)).values(more))


@dataclass(slots=True, kw_only=True)
class Claim(Asked):
    """Take rows that nobody acts on, the oldest of each way in: a flood of one keeps no other waiting.

    `but`: ways in of which there is enough at hand. `at_hand`: those of `me` that are known here; of others that are
    ours, whoever kept them did not hand them over.
    """

    me: str
    most: int
    but: Collection[str] = ()
    at_hand: Collection[int] | None = None

    def do(self, book: Book) -> list[Row]:
        """The rows, now ours."""
        conn, waits = book.conn, inbox.c.done_at.is_(None)
        held = conn.execute(select(inbox.c.holder, inbox.c.since).where(waits, inbox.c.holder != self.me).distinct())
        free = {row.holder for row in held if gone(row.holder, row.since)}
        numbers = self._astray(conn) if self.at_hand is not None else []
        if free:
            open_ = (waits, inbox.c.holder.in_(free), inbox.c.name.not_in(self.but))
            names = list(conn.execute(select(inbox.c.name).where(*open_).distinct()).scalars())
            for name in names:
                query = select(inbox.c.id, func.length(inbox.c.body).label("bytes")).where(*open_, inbox.c.name == name)
                query = query.order_by(inbox.c.id).limit(max(1, self.most // len(names)))
                numbers += _few(conn.execute(query.with_for_update(skip_locked=True)).all())
        if not numbers:
            return []
        conn.execute(update(inbox).where(inbox.c.id.in_(numbers)).values(holder=self.me, since=book.now))
        rows = conn.execute(select(inbox).where(inbox.c.id.in_(numbers)).order_by(inbox.c.id)).all()
        return [Row.of(row, mine=True) for row in rows]

    def _astray(self, conn: Connection) -> list[int]:
        mine = select(inbox.c.id).where(inbox.c.done_at.is_(None), inbox.c.holder == self.me)
        old = conn.execute(mine.where(inbox.c.since < spelled(now() - ASTRAY)).order_by(inbox.c.id)).scalars()
        return [number for number in old if number not in (self.at_hand or ())][: self.most]


def _few(rows: Sequence[Any]) -> list[int]:
    """The first of them, as many as may be read into memory at a time; one at least."""
    left, found = CLAIMED_BYTES, list[int]()
    for row in rows:
        if found and row.bytes > left:
            break
        left -= row.bytes
        found.append(row.id)
    return found


@dataclass(slots=True, kw_only=True)
class LetGo(Asked):
    """Leave rows of `me` to whoever takes them next; none named: all of them."""

    me: str
    numbers: Sequence[int] | None = None

    def do(self, book: Book) -> None:
        """What is done stays done."""
        mine = update(inbox).where(inbox.c.holder == self.me, inbox.c.done_at.is_(None))
        mine = mine if self.numbers is None else mine.where(inbox.c.id.in_(self.numbers))
        book.conn.execute(mine.values(holder=""))


@dataclass(slots=True, kw_only=True)
class Again(Asked):
    """Have a delivery acted on once more, for `me`: what came to nothing is decided anew."""

    me: str
    number: int

    def do(self, book: Book) -> Row | None:
        """The row; None where there is none, or a repeat, of which no body is kept. What led to a run did so once and for all."""
        conn = book.conn
        row = conn.execute(select(inbox).where(inbox.c.id == self.number)).one_or_none()
        if (
            row is None
            or not row.body
            or (row.done_at is None and row.holder != self.me and not gone(row.holder, row.since))
        ):
            return None
        anew = acts.c.inbox == self.number, acts.c.started_at.is_(None)
        conn.execute(update(acts).where(*anew).values(word="", why="[]", would="", run="", done_at=None))
        mine = {"holder": self.me, "since": book.now, "done_at": None, "word": ""}
        conn.execute(update(inbox).where(inbox.c.id == self.number).values(**mine))
        return Row.of(row, mine=True)


@dataclass(slots=True, kw_only=True)
class Forget(Asked):
    """Drop some of what was delivered and done before then, and once nothing is left of it, the findings of before."""

    before: str

    def do(self, book: Book) -> int:
        """How many deliveries went; 0: that was all."""
        conn = book.conn
        old = select(inbox.c.id).where(inbox.c.at < self.before, inbox.c.done_at.is_not(None)).limit(PRUNED_AT_ONCE)
        numbers = list(conn.execute(old).scalars())
        conn.execute(delete(acts).where(acts.c.inbox.in_(numbers)))
        conn.execute(delete(inbox).where(inbox.c.id.in_(numbers)))
        if not numbers:
            conn.execute(delete(findings).where(findings.c.last_at < self.before))
        return len(numbers)


def gone(holder: str, since: str) -> bool:
    """Whether nobody acts on the rows of this holder any more."""
    if not holder:
        return True
    try:
        owner = Owner.read(holder)
    except ValueError:
        return True
    return owner.dead() or (not owner.same_boot() and now() - datetime.fromisoformat(since) > HELD)
