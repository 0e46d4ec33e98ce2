"""Rotation of the master key: every key that it wraps is wrapped anew, in one transaction, and the old one opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, literal, select, update

from journal.db.tables import leases, people_keys, run_keys
from journal.errors import NoKey, NotNow
from journal.event import JOURNAL
from journal.rows import run_row
from journal.seal.keys import Keys, Kind
from journal.write.book import Book
from journal.write.requests import Request

SHOWN = 10
"""Keys that do not open, of those that are named."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What was wrapped anew.

    Attributes:
        old: ids of the master keys that wrapped something and do not any more.
        runs, incidents: how many keys of runs, and of people in incidents.
    """

    old: tuple[str, ...]
    runs: int
    incidents: int


@dataclass(slots=True, kw_only=True)
class Rekey(Request):
    """Wrap every key with another master key."""

    run: str = JOURNAL
    new: Keys

    def do(self, book: Book) -> Rekeyed:
        """Raises NotNow while a run is carried out, whose process knows the old key alone; NoKey when one does not open."""
        rows = book.conn.execute(select(leases, literal("").label("type")).where(leases.c.owner.is_not(None)))
        alive = [f"{row.run} ({row.owner})" for row in (run_row(row, book.now_us) for row in rows) if row.alive]
        if alive:
            raise NotNow(
                f"The master key can not be changed while runs are carried out: {', '.join(alive)}."
                " Wait for them, or `ringfence stop RUN`; nothing was changed."
            )
        found = [(table, row) for table in (run_keys, people_keys) for row in _stale(book, table, self.new.id)]
        broken: list[str] = []
        made = [_wrapped(book, table, row, self.new, broken.append) for table, row in found]
        if broken:
            more = f" And {len(broken) - SHOWN} more." if len(broken) > SHOWN else ""
            raise NoKey(f"Nothing was changed, since not every key opens. {' '.join(broken[:SHOWN])}{more}")
        for (table, row), wrapped in zip(found, made, strict=True):
            owner = table.primary_key.columns[0]
            book.conn.execute(update(table).where(owner == row[0]).values(master=self.new.id, wrapped=wrapped))
        old = tuple(sorted({row.master for _, row in found}))
        runs = sum(1 for table, _ in found if table is run_keys)
        if found:
            body = {"from": list(old), "to": self.new.id, "runs": runs, "incidents": len(found) - runs}
            book.note("rekeyed", body)
        return Rekeyed(old, runs, len(found) - runs)


def _stale(book: Book, table: Table, new: str) -> list[Any]:
    owner = table.primary_key.columns[0]
    return list(book.conn.execute(select(table).where(table.c.master != new).order_by(owner).with_for_update()))


def _wrapped(book: Book, table: Table, row: Any, new: Keys, broken: Callable[[str], None]) -> bytes:
    kind: Kind = "run" if table is run_keys else "people"
    try:
        return new.wrap(kind, row[0], book.keys.unwrap(kind, row[0], row.wrapped, row.master))
    except NoKey as error:
        broken(str(error))
        return b""
