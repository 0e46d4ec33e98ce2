"""What people do with an incident that is over: close it and shred its secrets, hold it for the law, erase its names.

Each act is one transaction: it looks at the runs and at the journal's own chain, says why not, or does all of it and
records it there. Afterwards the caller has the traces of deleted rows dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import and_, delete, select

from journal.custody.standing import Standing, standing
from journal.db.tables import events, leases, people_keys, run_keys, sealed, wishes
from journal.errors import JournalFailed, NotNow, UnknownIncident
from journal.event import JOURNAL, Event, Private
from journal.rows import RunRow, run_row
from journal.write.book import Book, Line
from journal.write.requests import Request


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did.

    Attributes:
        runs: the runs of the incident that are still in the journal.
        changed: it was not so before.
        shredded: the secrets of its runs were shredded by this very act.
        held: a legal hold keeps them from being shredded.
    """

    runs: tuple[str, ...]
    changed: bool = True
    shredded: bool = False
    held: bool = False


@dataclass(slots=True, kw_only=True)
class Close(Request):
    """Close an incident: no run of it is resumed or recovered any more, so what that would need is shredded."""

    run: str = JOURNAL
    incident: str
    by: str
    why: str

    def do(self, book: Book) -> Done:
        """Raises UnknownIncident; NotNow while a run is not at its end, and when it was closed already."""
        own, rows = _look(book, self.incident)
        if own.closed(self.incident):
            held = " A legal hold keeps its secrets." if own.on_hold(self.incident) else ""
            raise NotNow(f"Incident {self.incident} was closed already.{held}")
        _need_rest(f"Incident {self.incident} can not be closed", own, rows)
        body = {"incident": self.incident, "by": Private(self.by), "why": Private(self.why)}
        _record(book, "incident_closed", body)
        if own.on_hold(self.incident):
            return Done(_names(rows), held=True)
        return _shred(book, self.incident, rows)


@dataclass(slots=True, kw_only=True)
class Hold(Request):
    """Put an incident on legal hold, or let it go: meanwhile nothing of it is shredded, erased or pruned."""

    run: str = JOURNAL
    incident: str
    on: bool
    by: str
    why: str

    def do(self, book: Book) -> Done:
        """What waited for the hold's end is done at once: the secrets of a closed incident are shredded."""
        own, rows = _look(book, self.incident)
        if own.on_hold(self.incident) == self.on:
            return Done(_names(rows), changed=False, held=self.on)
        body = {"incident": self.incident, "by": Private(self.by), "on": self.on, "why": Private(self.why)}
        _record(book, "legal_hold", body)
        if not self.on and own.closed(self.incident) and not own.shredded(self.incident):
            return _shred(book, self.incident, rows)
        return Done(_names(rows), held=self.on)


@dataclass(slots=True, kw_only=True)
class Erase(Request):
    """Delete the key of the names in an incident: they read as pseudonyms from then on, and the chain stays whole.

    `why` is recorded in the clear: the key that would seal it is what is deleted here. For the same reason nobody is
    named who did it.
    """

    run: str = JOURNAL
    incident: str
    why: str

    def do(self, book: Book) -> Done:
        """Raises UnknownIncident; NotNow under a legal hold, while a run is not at its end, and when there are none."""
        own, rows = _look(book, self.incident)
        if own.on_hold(self.incident):
            raise NotNow(
                f"Incident {self.incident} is on legal hold: its names stay."
                f" `ringfence legal-hold {self.incident} off` ends the hold."
            )
        _need_rest(f"The names in incident {self.incident} can not be erased", own, rows)
        key = people_keys.c.incident == self.incident
        if book.conn.execute(select(people_keys.c.incident).where(key)).scalar() is None:
            raise NotNow(
                f"No name in incident {self.incident} can be read: they were erased, or none was ever recorded."
            )
        book.conn.execute(delete(people_keys).where(key))
        book.conn.execute(delete(wishes).where(wishes.c.run.in_(_names(rows))))
        _record(book, "erased", {"incident": self.incident, "why": self.why})
        return Done(_names(rows))


def _look(book: Book, incident: str) -> tuple[Standing, list[RunRow]]:
    """How the incident stands, and its runs; their rows are locked until this transaction ends."""
    rows = book.conn.execute(
        select(leases).where(leases.c.incident == incident, leases.c.run != JOURNAL)
        .order_by(leases.c.run).with_for_update()
    ).all()  # fmt: skip
    last = and_(events.c.run == leases.c.run, events.c.n == leases.c.last_n)
    query = select(leases, events.c.type).outerjoin(events, last).where(leases.c.run.in_([row.run for row in rows]))
    found = [run_row(row, book.now_us) for row in book.conn.execute(query.order_by(leases.c.run))]
    own = select(events).where(events.c.run == JOURNAL).order_by(events.c.n)
    try:
        fold = standing(
            Event(**{**row._mapping, "body": orjson.loads(row.body)})  # noqa: SLF001  SQLAlchemy's public name
            for row in book.conn.execute(own)
        )
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise JournalFailed("The journal's own chain was altered: `ringfence journal verify` says where.") from None
    if not found and not fold.runs_of(incident):
        raise UnknownIncident(incident, fold.runs.get(incident))
    return fold, found


def _need_rest(what: str, own: Standing, rows: Sequence[RunRow]) -> None:
    said = [sentence for row in rows if (sentence := _unfinished(own, row))]
    if said:
        raise NotNow(f"{what} yet: {'; '.join(said)}.")


def _unfinished(own: Standing, row: RunRow) -> str:
    """Why this run is not at its end, and what to do; "" when it is."""
    if row.alive:
        return f"run {row.run} is being carried out by {row.owner}: wait, or `ringfence stop {row.run}`"
    if row.owner is not None:
        return f"run {row.run} was not carried to its end, its process is gone: `ringfence resume {row.run}`"
    if row.lock is not None:
        return f"run {row.run} rests and holds {row.lock}: `ringfence resume {row.run}` carries it to its end"
    if row.run in own.runs and row.run not in own.released:
        return f"run {row.run} rests: `ringfence resume {row.run}` carries it to its end"
    return ""


def _shred(book: Book, incident: str, rows: Sequence[RunRow]) -> Done:
    runs = _names(rows)
    for table in (run_keys, sealed, wishes):
        book.conn.execute(delete(table).where(table.c.run.in_(runs)))
    _record(book, "shredded", {"incident": incident, "runs": list(runs)})
    return Done(runs, shredded=True)


def _record(book: Book, type_: str, body: Mapping[str, object]) -> None:
    (line,) = book.ready(JOURNAL, [Line.of(type_, body)])
    book.record(line)


def _names(rows: Sequence[RunRow]) -> tuple[str, ...]:
    return tuple(row.run for row in rows)
