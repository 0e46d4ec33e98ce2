"""One transaction of the writer: the heads of the runs that it touches, and the events that it adds.

Each request checks everything before it changes anything, so that a refused one leaves no trace beside its
neighbours in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.engine import Connection

from journal.canonical import canonical
from journal.clock import at, boot_s, wall
from journal.db.tables import events, leases, run_keys, sealed
from journal.errors import JournalFailed
from journal.event import JOURNAL, Event, Private
from journal.seal.keys import Ring, Seal, new_key, seal
from journal.seal.people import Names, incident_of, private_in, seal_text
from journal.write.kill import KillAt
from journal.write.lease import Owner

_HEAD_COLUMNS = ("fence", "owner", "renewed_ms", "renewed_at", "ttl_ms", "last_at", "last_n", "head")
_SAVE = (
    update(leases)
    .where(leases.c.run == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _HEAD_COLUMNS})
)
_LOAD = select(leases).where(leases.c.run.in_(bindparam("wanted", expanding=True)))
_LOAD = _LOAD.order_by(leases.c.run).with_for_update()  # locked one after the other, by all in the same order


@dataclass(slots=True)
class Head:
    """A run's row in `leases`, as this transaction sees and changes it."""

    run: str
    incident: str
    lock: str | None
    fence: int
    owner: str | None
    renewed_ms: int
    renewed_at: str
    ttl_ms: int
    first_at: str
    last_at: str
    last_n: int
    head: str


_FIRST = text(
    "INSERT INTO leases (run, incident, lock, fence, owner, renewed_ms, renewed_at, ttl_ms, first_at, last_at, last_n,"
    " head) VALUES (:run, :incident, :lock, :fence, :owner, :renewed_ms, :renewed_at, :ttl_ms, :first_at, :last_at,"
    " :last_n, :head) ON CONFLICT DO NOTHING"
)
"""Adds the journal's own row unless another process just did."""


@dataclass(frozen=True, slots=True)
class Line:
    """A draft made ready by its caller: the canonical bytes, and the body that they spell."""

    type: str
    text: bytes
    body: dict[str, Any]
    private: tuple[str, ...] = ()
    """Fields of the body that name people: to be sealed by `Book.ready` before it is written."""

    @staticmethod
    def of(type_: str, body: Mapping[str, Any]) -> Line:
        """Spell a body. Raises what `canonical` raises."""
        private = private_in(type_, body)
        if not private:
            spelled = canonical(body)
            return Line(type_, spelled, orjson.loads(spelled))
        clear: dict[str, Any] = orjson.loads(canonical({**body, **{name: str(body[name]) for name in private}}))
        return Line(type_, b"", {**clear, **{name: Private(clear[name]) for name in private}}, private)


@dataclass(slots=True)
class Book:
    """What one transaction reads and writes.

    Attributes:
        owner: this process, as it stands in a row that we hold.
        ttl_ms: how long a lease holds that is renewed here.
        now_us: microseconds since 1970 by the clock that all who write here share; None where there is none.
        boot_ms: the boot clock when the transaction began: leases renewed here hold from then on.
        now: the time of what is written here: by the shared clock, else by the wall clock.
    """

    conn: Connection
    keys: Ring
    kill: KillAt | None
    owner: Owner
    ttl_ms: int
    names: Names = field(default_factory=lambda: Names(Ring()))
    clock: Callable[[Connection], int | None] = lambda _: None
    now_us: int | None = None
    boot_ms: int = field(default_factory=lambda: int(boot_s() * 1000))
    now: str = field(default_factory=wall)
    heads: dict[str, Head] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the journal's own chain. A fault point counts the events of runs alone."""
    cut: bool = False
    """A fault point: nothing more is written, and the process dies once this much is durable."""
    counted: int = 0
    """Events of this transaction that the fault point counts."""
    _changed: dict[str, Head] = field(default_factory=dict)

    def load(self, runs: Iterable[str]) -> None:
        """Read the heads of these runs, as far as they exist."""
        for row in self.conn.execute(_LOAD, {"wanted": sorted(set(runs))}):
            self.heads[row.run] = Head(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name for a row as a mapping
        self.now_us = self.clock(self.conn)  # later than boot_ms: the data base never thinks a lease shorter than we do
        if self.now_us is not None:
            self.now = at(self.now_us)

    @property
    def renewed_ms(self) -> int:
        """What a lease that is renewed here says of when: by the shared clock, else by our boot clock."""
        return self.boot_ms if self.now_us is None else self.now_us // 1000

    def landed(self, later: Book) -> bool:
        """Whether this transaction, whose connection was lost, was committed; `later` has locked the same rows."""
        if rows := [*self.rows, *self.notes]:
            where = events.c.run == rows[-1]["run"], events.c.n == rows[-1]["n"]
            return bool(later.conn.execute(select(events.c.hash).where(*where)).scalar() == rows[-1]["hash"])
        return bool(self._changed) and all(later.heads.get(run) == head for run, head in self._changed.items())

    def open_run(self, run: str, incident: str, lock: str | None) -> Head:
        """Add a run's row, held by us under fence 1."""
        head = Head(
            run, incident, lock, 1, self.owner.text(), self.renewed_ms, self.now, self.ttl_ms, self.now, self.now, 0, ""
        )
        self.conn.execute(insert(leases).values({name: getattr(head, name) for name in Head.__slots__}))
        self.heads[run] = head
        return head

    def renew(self, head: Head) -> None:
        """Make a run ours from now on for another ttl."""
        head.owner = self.owner.text()
        head.renewed_ms, head.renewed_at, head.ttl_ms = self.renewed_ms, self.now, self.ttl_ms
        self._changed[head.run] = head

    def rest(self, head: Head, *, unlock: bool) -> None:
        """Let nobody own a run, and free its integration if asked."""
        head.owner = None
        self._changed[head.run] = head
        if unlock:
            self.conn.execute(update(leases).where(leases.c.run == head.run).values(lock=None))

    def is_closed(self, head: Head) -> bool:
        """Whether the journal's own chain says of a run that nobody owns and that locks nothing that it ended here."""
        query = select(events.c.n).where(events.c.run == JOURNAL, events.c.type == "closed")
        return self.conn.execute(query.where(events.c.body.contains(f'"{head.head}"')).limit(1)).first() is not None

    def ready(self, incident: str, lines: Iterable[Line]) -> list[Line]:
        """Seal the names in lines that are to be written. Raises NoKey; then nothing was changed."""
        return [self._sealed(incident, line) if line.private else line for line in lines]

    def _sealed(self, incident: str, line: Line) -> Line:
        of = incident_of(self.conn, incident, line.body)
        if of is None:
            raise JournalFailed(
                f"A {line.type} event names a person and no incident: under which key would it be sealed?"
            )
        key = self.names.need(self.conn, of)
        tokens = {name: seal_text(key, of, line.body[name]) if line.body[name] else "" for name in line.private}
        return Line(line.type, canonical({**line.body, **tokens}), line.body)

    def write(self, head: Head, line: Line) -> Event:
        """Add one event to a run's chain."""
        event, columns = self._linked(head, line)
        if self.stops_at(line.type, line.body):
            return event
        self.rows.append(columns)
        self._moved(event)
        self._count(line)
        return event

    def _linked(self, head: Head, line: Line) -> tuple[Event, dict[str, Any]]:
        """Give an event its place, and the row that says so. Its time never goes back, even when the clock does."""
        at = max(self.now, head.last_at)
        n, prev = head.last_n + 1, head.head
        columns = {
            "run": head.run, "n": n, "incident": head.incident, "fence": head.fence, "at": at, "type": line.type,
            "body": orjson.Fragment(line.text), "prev": prev,
        }  # fmt: skip
        digest = hashlib.sha256(orjson.dumps(columns, option=orjson.OPT_SORT_KEYS)).hexdigest()
        event = Event(head.run, n, head.incident, head.fence, at, line.type, line.body, prev, digest)
        return event, {**columns, "body": line.text.decode(), "hash": digest}

    def _moved(self, event: Event) -> None:
        head = self.heads[event.run]
        head.last_at, head.last_n, head.head = event.at, event.n, event.hash
        self._changed[head.run] = head

    def note(self, type_: str, body: Mapping[str, Any], *, of: Event | None = None) -> Event | None:
        """Add to the journal's own chain. `of`: only if that event was written too, and not cut off by a fault point."""
        if of is not None and not (self.rows and self.rows[-1]["hash"] == of.hash):
            return None
        return self.record(Line.of(type_, body))

    def record(self, line: Line) -> Event:
        """Add a line that is ready to the journal's own chain."""
        event, columns = self._linked(self.own(), line)
        if self.kill is not None and self.kill.at_own(line.type):
            if self.kill.side == "before":
                self.kill.die()
            self.cut = True
        self.notes.append(columns)
        self._moved(event)
        return event

    def own(self) -> Head:
        """The head of the journal's own chain, made when there is none: until this transaction ends it is nobody else's."""
        if JOURNAL not in self.heads:
            row = Head(JOURNAL, JOURNAL, None, 1, None, 0, self.now, self.ttl_ms, self.now, self.now, 0, "")
            self.conn.execute(_FIRST, {name: getattr(row, name) for name in Head.__slots__})
            (found,) = self.conn.execute(_LOAD, {"wanted": [JOURNAL]})  # perhaps another process was faster
            self.heads[JOURNAL] = Head(**found._mapping)  # noqa: SLF001
        return self.heads[JOURNAL]

    def stops_at(self, type_: str, body: Mapping[str, Any]) -> bool:
        """Whether such an event must not be written any more: the fault point was reached, or is right before it."""
        kill = self.kill
        if kill is not None and kill.side == "before" and kill.names(type_, body):
            self.cut = self.cut or kill.seen + self.counted + 1 == kill.count
        return self.cut

    def _count(self, line: Line) -> None:
        """Count an event that was written, if it is one of those that the fault point counts."""
        if self.kill is not None and self.kill.names(line.type, line.body):
            self.counted += 1
            self.cut = self.kill.side == "after" and self.kill.seen + self.counted == self.kill.count

    def keep(self, run: str, values: Iterable[Seal]) -> None:
        """Seal values for a run; a later one of the same name replaces the earlier. Raises NoKey."""
        values = list(values)
        if not values:
            return
        row = self.conn.execute(select(run_keys).where(run_keys.c.run == run)).one_or_none()
        if row is None:
            key = new_key()
            wrapped = self.keys.first.wrap("run", run, key)
            self.conn.execute(insert(run_keys).values(run=run, master=self.keys.first.id, wrapped=wrapped))
        else:
            key = self.keys.unwrap("run", run, row.wrapped, row.master)
        for value in values:
            self.conn.execute(delete(sealed).where(sealed.c.run == run, sealed.c.name == value.name))
            self.conn.execute(insert(sealed).values(run=run, name=value.name, box=seal(key, run, value)))

    def save(self) -> None:
        """Write the new events and the changed heads."""
        if self.rows or self.notes:
            self.conn.execute(insert(events), [*self.rows, *self.notes])
        if self._changed:
            self.conn.execute(
                _SAVE,
                [
                    {"key": head.run, **{f"new_{name}": getattr(head, name) for name in _HEAD_COLUMNS}}
                    for head in self._changed.values()
                ],
            )
