"""The journal: append-only events of all runs, in one data base.

    journal = Journal.open("sqlite:///journal.db", keys=Keys.none(), kill=KillAt.from_env())
    lease, opened = await journal.begin("R1", "INC-1", Draft("opened", {...}), lock="drift")
    if lease.good(margin_s=30): ...                      # right before each send
    events = await journal.append(lease, [Draft("answered", {...})])
    await journal.release(lease, unlock=True)

It does not know what events mean: that is the fold's part (replay). It does not send, sign or anchor.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

import orjson
from sqlalchemy import Connection, and_, insert, or_, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.anchors.record import Anchor, Carried, Ends, read_anchors, read_ends
from journal.canonical import clean
from journal.clock import wall
from journal.db.base import Database
from journal.db.open import open_database
from journal.db.tables import about, events, leases, run_keys, sealed, wishes
from journal.errors import Busy, Held, JournalError, JournalFailed, LeaseLost, NoKey, UnknownRun
from journal.event import JOURNAL, SAYS, Draft, Event, Private
from journal.rows import RunRow, Wish, closed_at, event_of, run_row
from journal.seal.keys import Keys, Ring, Seal, unseal
from journal.seal.people import Names, is_token, read, seal_text
from journal.write import lease as leasing
from journal.write.book import Book, Line
from journal.write.kill import KillAt
from journal.write.lease import Lease, Owner
from journal.write.requests import Append, Begin, Record, Release, Request, Say, Take
from journal.write.writer import Writer

__all__ = [
    "Busy", "Held", "Journal", "JournalError", "JournalFailed", "Keys", "KillAt", "Lease", "LeaseLost", "NoKey",
    "RunRow", "Seal", "UnknownRun", "Wish",
]  # fmt: skip

TTL_S = 10.0
"""How long a lease holds after its last renewal."""
RENEW_S = 3.0
"""How often leases are renewed."""
APPEND_LIMIT = 10_000
"""Events of one append."""
NAME_BYTES = 112
"""Bytes of a name in a wish: sealed, it still fits its column."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,119}\Z")


class Journal:
    """One journal, open in this process. Its methods may be called from any thread and any event loop.

    Attributes:
        url: where it is, as people and logs may see it.
    """

    def __init__(
        self, database: Database, keys: Keys, *, names: Sequence[Keys], kill: KillAt | None, ttl_s: float,
        renew_s: float, writer: type[Writer] = Writer,
    ) -> None:  # fmt: skip
        self._db, self.url = database, database.url
        self._engine = database.engine
        self._ring = Ring(keys, *names)
        self._names = Names(Ring(*(master for master in (keys, *names) if master.id)))
        self._mark = secrets.token_hex(8)
        self._seen: dict[str, tuple[int, int, float]] = {}
        leasing.opened(self._mark)
        book = partial(
            Book, keys=self._ring, names=self._names, clock=database.now_us, kill=kill, owner=Owner.me(self._mark),
            ttl_ms=int(ttl_s * 1000),
        )  # fmt: skip
        self._writer = writer(database, book, kill, renew_s)

    @staticmethod
    def open(
        url: str, *, keys: Keys, names: Sequence[Keys] = (), kill: KillAt | None = None, ttl_s: float = TTL_S,
        renew_s: float = RENEW_S,
    ) -> Journal:  # fmt: skip
        """Open the journal at sqlite:///PATH (made, 0600, when it is missing) or postgresql://USER@HOST/NAME.

        Its tables are made, or those of an older ringfence brought up to date.

        `keys` seals secrets and names; where there is none, the first of `names` seals names. What any of them sealed
        opens. Raises JournalFailed when it can not be opened or written.
        """
        return Journal(open_database(url), keys, names=names, kill=kill, ttl_s=ttl_s, renew_s=renew_s)

    @property
    def database(self) -> Database:
        """The data base that it lies in: what discoveries list is kept beside it."""
        return self._db

    @cached_property
    def id(self) -> str:
        """The random name that this journal was given when it was made; it goes with copies and restored backups."""
        with self._reading() as conn:
            found = conn.execute(select(about.c.value).where(about.c.key == "id")).scalar()
        if found is None:
            raise JournalFailed(f"The journal {self._db.name} was altered: its own name is gone from the table about.")
        return str(found)

    async def begin(
        self, run: str, incident: str, draft: Draft, *, lock: str | None = None, sealed: Sequence[Seal] = ()
    ) -> tuple[Lease, Event]:
        """Open a run: its lease (fence 1), the lock on its integration and its first event, all or nothing.

        Raises Busy when another run holds the lock, NoKey when there is something to seal and no master key.
        """
        for name in (run, incident, *([lock] if lock is not None else []), *(s.name for s in sealed)):
            _checked(name)
        lease, event = await self._writer.ask(
            Begin(run=run, incident=incident, line=_line(draft), lock=lock, sealed=list(sealed))
        )
        return lease, event

    async def take(self, run: str, *, why: str = "resumed", resting: bool = True) -> tuple[Lease, Event]:
        """Take a run that rests (unless not `resting`), whose lease lapsed, or whose owner died on this start of the machine.

        The fence grows by one and a `leased` event {"fence", "owner", "why"} says so: the old owner can not write
        any more. A request that it sent may still be on its way: wait the longest time-out before settling doubts.
        Raises Held, Rested, UnknownRun.
        """
        taking = Take(run=run, why=str(clean(why)), resting=resting, seen=self._seen)
        lease, event = await self._writer.ask(taking)
        return lease, event

    async def append(self, lease: Lease, drafts: Sequence[Draft], *, sealed: Sequence[Seal] = ()) -> list[Event]:
        """Add events to a run, all or none; returns when they are durable.

        A caller that is cancelled meanwhile may have written them. Raises LeaseLost when the run was taken or
        released, NoKey, JournalFailed (then it is unknown whether they were written; the next append reads the truth).
        """
        if len(drafts) > APPEND_LIMIT:
            raise ValueError(f"{len(drafts)} events in one append: at most {APPEND_LIMIT}")
        for one in sealed:
            _checked(one.name)
        request = Append(run=lease.run, lease=lease, lines=[_line(d) for d in drafts], sealed=list(sealed))
        written: list[Event] = await self._writer.ask(request)
        return written

    async def say(
        self, run: str, drafts: Sequence[Draft], *, after: int = 0, unless: Iterable[str] = (), once: Sequence[str] = ()
    ) -> list[Event]:
        """Add what people say of a run, all or none, whether or not somebody carries it out; returns when it is durable.

        It takes no lease: whoever carries the run out goes on, and reads it in `events`. `unless`: types of events
        that matter to what is said: where one came behind place `after` meanwhile, Overtaken is raised and nothing is
        written. `once`: digests of what is good for one time in this whole journal; Used is raised where one was used.

        Raises UnknownRun, IncidentClosed, Overtaken, Used, NoKey, JournalFailed.
        """
        if len(drafts) > APPEND_LIMIT:
            raise ValueError(f"{len(drafts)} events in one append: at most {APPEND_LIMIT}")
        request = Say(
            run=run, lines=[_line(d) for d in drafts], after=after, unless=frozenset(unless), once=tuple(once)
        )
        written: list[Event] = await self._writer.ask(request)
        return written

    async def release(self, lease: Lease, *, unlock: bool) -> None:
        """Let the run rest, parked or ended; `unlock` frees the integration for another run. Raises LeaseLost."""
        await self._writer.ask(Release(run=lease.run, lease=lease, unlock=unlock))

    async def record(self, *drafts: Draft) -> list[Event]:
        """Add to the journal's own chain (`event.JOURNAL`): what was done with the record itself. Needs no lease."""
        lines = [(_checked(draft.type), clean(draft.body)) for draft in drafts]
        written: list[Event] = await self._writer.ask(Record(lines=lines))
        return written

    async def carried(self, *anchors: Anchor) -> None:
        """Keep where signed heads were carried, each with its record in the journal's own chain. Needs no lease."""
        await self._writer.ask(Carried(rows=anchors))

    def ends(self, run: str | None = None) -> Ends:
        """Give where the chains end, to be signed: of one run, or of all."""
        with self._reading() as conn:
            return read_ends(conn, run)

    def anchors(self, run: str | None = None) -> list[Anchor]:
        """Give where heads were carried, or why not, in order: of one run, or of all."""
        with self._reading() as conn:
            return read_anchors(conn, run)

    async def carry_out(self, request: Request) -> Any:
        """Let the writer carry out what custody asks of it (`journal.custody`), in one transaction of its batch."""
        return await self._writer.ask(request)

    async def drop_traces(self) -> str:
        """Overwrite what deleted rows left behind, as far as that is ours to do; say where some may be left, or ""."""
        return await asyncio.to_thread(self._db.drop_traces)

    def events(self, run: str, after: int = 0, *, names: bool = True) -> list[Event]:
        """Give a run's events in order, from place `after` + 1 on; none when there is no such run. Verifies nothing.

        People's names and reasons are clear where their key is here, else pseudonyms. Without `names` bodies are as
        they are stored and hashed.
        """
        query = select(events).where(events.c.run == run, events.c.n > after).order_by(events.c.n)
        try:
            with self._reading() as conn:
                found = [event_of(row) for row in conn.execute(query).all()]
                return self._names.shown(conn, found) if names else found
        except orjson.JSONDecodeError:
            raise JournalFailed(f"An event of run {run} was altered: `ringfence journal verify --run {run}`.") from None

    def runs(self, *, owned: bool = False, resting: bool = False, touched: str = "") -> list[RunRow]:
        """Give all runs, newest first; `owned`: only those that have an owner, dead or alive; `resting`: only those
        that have none and still lock their integration, and with `touched` those that do not and were written since.
        """  # noqa: D205
        own = and_(events.c.run == leases.c.run, events.c.type.not_in(SAYS))
        last = select(events.c.type).where(own).order_by(events.c.n.desc()).limit(1).scalar_subquery()
        query = select(leases, last.label("type")).where(leases.c.run != JOURNAL)
        query = query.where(leases.c.owner.is_not(None)) if owned else query
        if resting:
            locks = leases.c.lock.is_not(None)
            query = query.where(leases.c.owner.is_(None))
            query = query.where(or_(locks, leases.c.last_at >= touched) if touched else locks)
        query = query.order_by(leases.c.first_at.desc(), leases.c.run)
        with self._reading() as conn:
            now_us = self._db.now_us(conn)
            return [run_row(row, now_us) for row in conn.execute(query)]

    def closed_at(self, incident: str) -> str | None:
        """When people closed an incident: nothing of it goes on from then. None while it is open."""
        with self._reading() as conn:
            return closed_at(conn, incident)

    def need_names(self, incident: str) -> None:
        """Raises NoKey when people who act in this incident could not be named: before anything is sent, not midway."""
        with self._reading() as conn:
            self._names.check(conn, incident)

    def people_key(self, incident: str) -> bytes | None:
        """Give the key that opens the names in an incident; None where it is gone, or not ours to open."""
        with self._reading() as conn:
            return self._names.key(conn, incident)

    def unseal(self, run: str) -> dict[str, bytes]:
        """Give all sealed values of a run by name; none when it has none or they were shredded. Raises NoKey."""
        with self._reading() as conn:
            key = conn.execute(select(run_keys).where(run_keys.c.run == run)).one_or_none()
            boxes = conn.execute(select(sealed.c.name, sealed.c.box).where(sealed.c.run == run)).all()
        if key is None:
            return {}
        run_key = self._ring.unwrap("run", run, key.wrapped, key.master)
        return {name: unseal(run_key, run, name, box) for name, box in boxes}

    def ask(self, run: str, what: str, by: str) -> None:
        """Leave a wish for the run's owner, who polls `asked`. Raises UnknownRun.

        A `Private` name is sealed, and left out where there is no key for it: a stop does not wait for a key.
        """
        name = clean(by).encode()[:NAME_BYTES].decode("utf-8", "ignore").replace("\0", "\ufffd")
        row = {"run": run, "what": clean(what)[:120].replace("\0", "\ufffd"), "by": name, "at": wall()}
        with self._explaining():
            try:
                self._wish(run, row, by)
            except IntegrityError:  # another process made the key of this incident's names just now
                self._wish(run, row, by)

    def _wish(self, run: str, row: dict[str, str], by: str) -> None:
        with self._engine.connect() as conn, self._db.writing(conn):
            incident = conn.execute(select(leases.c.incident).where(leases.c.run == run)).scalar()
            if incident is None:
                raise UnknownRun(run)
            if isinstance(by, Private):
                row = {**row, "by": self._named(conn, incident, row["by"])}
            conn.execute(insert(wishes).values(row))

    def asked(self, run: str, after: int) -> list[Wish]:
        """Give the wishes for a run that came after the one with this id (0: all), oldest first."""
        query = select(wishes.c.id, wishes.c.what, wishes.c.by, wishes.c.at)
        with self._reading() as conn:
            rows = conn.execute(query.where(wishes.c.run == run, wishes.c.id > after).order_by(wishes.c.id)).all()
            if not any(is_token(row.by) for row in rows):
                return [Wish(*row) for row in rows]
            incident = conn.execute(select(leases.c.incident).where(leases.c.run == run)).scalar() or ""
            key = self._names.key(conn, incident)
            return [Wish(r.id, r.what, read(key, incident, r.by) if is_token(r.by) else r.by, r.at) for r in rows]

    def _named(self, conn: Connection, incident: str, by: str) -> str:
        try:
            return seal_text(self._names.need(conn, incident), incident, by)
        except NoKey:
            return ""

    def close(self) -> None:
        """Write what was asked so far and close. Leases that were not released are good no more, and lapse."""
        self._writer.close()
        leasing.closed(self._mark)
        self._engine.dispose()

    async def aclose(self) -> None:
        """Close without blocking the event loop."""
        await asyncio.to_thread(self.close)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._explaining(), self._engine.connect() as conn:
            yield conn

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name for the journal: 1 to 120 of A-Z a-z 0-9 . _ : / @ + -, no other first")
    return name


def _line(draft: Draft) -> Line:
    return Line.of(_checked(draft.type), draft.body)
