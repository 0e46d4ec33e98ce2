"""Where snapshots are kept: beside the journal, in its data base, and their digests in its chain.

A thing has one row for each state that it was seen in, good from one snapshot to before another; so a snapshot costs
what changed, and every one of them can be read again. Pages are written as they come: what is held in memory is a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, bindparam, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import DBAPIError

from inventory.discovery.thing import Thing, digest_of, thing_of
from journal.clock import now, wall
from journal.db.base import Database
from journal.db.tables import snapshots, things
from journal.errors import JournalFailed

ALIVE_S = 60.0
"""A discovery that touched its snapshot within these seconds is still at it."""
PAGE = 500
"""Rows that are read and written at once."""
BESIDE = ("person", "people", "used_at", "used_from")
"""What is kept as it was seen last, and makes no new state of a thing."""
Place = tuple[str, str, str]
"""Connection, kind, key."""


class AtIt(Exception):
    """Another discovery is at work."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One discovery, ended or not.

    Attributes:
        listed: connection -> kind -> {"n", "begun_at", "at", "mark", "whole", "requests", "things", "why"}: in which
            snapshot it was listed last, when, at which URL, and how far that survey came. `why` is "" where it came to
            its end; what it lists is otherwise as an earlier snapshot saw it.
        things: how many there were when it ended. digest: over all of them.
    """

    n: int
    begun_at: str
    ended_at: str | None
    listed: Mapping[str, Mapping[str, Mapping[str, Any]]]
    things: int
    digest: str

    def whys(self, connection: str) -> list[str]:
        """Why something could not be listed at a connection, the last time that it was tried."""
        return sorted({str(one["why"]) for one in self.listed.get(connection, {}).values() if one["why"]})


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of one foothold come to: how many, of how many persons, last used when."""

    count: int = 0
    persons: int = 0
    used_at: str = ""


class Shelf:
    """The snapshots in one data base. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._reading() as conn, self._db.writing(conn):
            yield conn

    def begin(self) -> int:
        """Number a new snapshot. Raises AtIt while another process lists."""
        with self._writing() as conn:
            last = conn.execute(select(snapshots).order_by(snapshots.c.n.desc()).limit(1)).one_or_none()
            if last is not None and last.ended_at is None:
                age = now() - datetime.fromisoformat(last.touched_at)
                if timedelta() <= age < timedelta(seconds=ALIVE_S):
                    raise AtIt(f"Snapshot {last.n} is being listed since {last.begun_at}: let it end, then try again.")
            n, at = (last.n if last is not None else 0) + 1, wall()
            fresh = {"n": n, "begun_at": at, "touched_at": at, "listed": "{}", "things": 0, "digest": ""}
            conn.execute(insert(snapshots).values(fresh))
        return n

    def take(self, n: int, rows: Sequence[Mapping[str, Any]], lost: Sequence[Place] = ()) -> None:
        """Keep a page of what was found, and of what is there no more, as (connection, kind, key)."""
        by_place = {(row["connection"], row["kind"], row["key"]): dict(row) for row in rows}
        with self._writing() as conn:
            there = _current(conn, [*by_place, *lost])
            fresh, again, over = [], [], []
            for place, row in by_place.items():
                known = there.get(place)
                if known is not None and known.body == row["body"] and known.digest == row["digest"]:
                    again.append(_touched(known, row, n))
                    continue
                declared = known.declared_as if known is not None else ""
                if known is not None:
                    over.append(known.id)
                fresh.append({**row, "from_n": n, "until_n": None, "seen_n": n, "declared_as": declared})
            over += [there[place].id for place in lost if place in there]
            for part in _parts(over):
                conn.execute(update(things).where(things.c.id.in_(part)).values(until_n=n))
            if again:
                conn.execute(_TOUCH, again)
            if fresh:
                conn.execute(insert(things), fresh)
            conn.execute(update(snapshots).where(snapshots.c.n == n).values(touched_at=wall()))

    def listed_all(self, n: int, connection: str, kind: str) -> None:
        """End what a whole listing did not have any more."""
        gone = and_(_now(connection, kind), things.c.seen_n < n)
        with self._writing() as conn:
            conn.execute(update(things).where(gone).values(until_n=n))

    def count(self, connection: str, kind: str) -> int:
        """How many of a kind there are now."""
        with self._reading() as conn:
            return int(conn.execute(select(func.count()).where(_now(connection, kind))).scalar_one())

    def declare(self, names: Mapping[Place, str]) -> None:
        """Remember under which declaration each place stands; "" for one that is now said to be no integration's."""
        with self._writing() as conn:
            there = _current(conn, list(names))
            moved = [
                {"row": row.id, "as_": names[place]}
                for place, row in there.items()
                if row.declared_as != names[place]
            ]  # fmt: skip
            if moved:
                conn.execute(_DECLARE, moved)

    def end(self, n: int, listed: Mapping[str, Any]) -> Snapshot:
        """Close a snapshot with the digest over all that is there now."""
        digest, count = self.digest(n)
        with self._writing() as conn:
            ended = {"ended_at": wall(), "listed": orjson.dumps(listed).decode(), "things": count, "digest": digest}
            conn.execute(update(snapshots).where(snapshots.c.n == n).values(ended))
        found = self.snapshot(n)
        assert found is not None
        return found

    def digest(self, n: int) -> tuple[str, int]:
        """SHA-256 over all things of a snapshot in the order of their places, each by its own digest, and their number.

        Raises JournalFailed where a thing is not what its digest says: somebody altered it.
        """
        over, count = hashlib.sha256(), 0
        for row in self._rows(_as_of(n)):
            if digest_of(row.body.encode()) != row.digest:
                raise JournalFailed(
                    f"Snapshot {n}: {row.connection}/{row.kind}/{row.key} was altered in the data base."
                    " `ringfence integrations discover --whole` lists all anew; look who could write there."
                )
            over.update(f"{row.connection}\0{row.kind}\0{row.key}\0{row.digest}\n".encode())
            count += 1
        return over.hexdigest(), count

    def snapshot(self, n: int) -> Snapshot | None:
        """One snapshot."""
        with self._reading() as conn:
            row = conn.execute(select(snapshots).where(snapshots.c.n == n)).one_or_none()
        return _snapshot(row) if row is not None else None

    def snapshots(self) -> list[Snapshot]:
        """All that ended, newest first."""
        with self._reading() as conn:
            query = select(snapshots).where(snapshots.c.ended_at.is_not(None)).order_by(snapshots.c.n.desc())
            return [_snapshot(row) for row in conn.execute(query)]

    def latest(self, before: str = "") -> Snapshot | None:
        """The newest that ended; with `before`, that had ended by then."""
        query = select(snapshots).where(snapshots.c.ended_at.is_not(None))
        query = query.where(snapshots.c.ended_at < before) if before else query
        with self._reading() as conn:
            row = conn.execute(query.order_by(snapshots.c.n.desc()).limit(1)).one_or_none()
        return _snapshot(row) if row is not None else None

    def things(self, n: int, *, parts: bool = False) -> Iterator[Thing]:
        """What a snapshot shows: footholds, or with `parts` what is a part of one."""
        for row in self._rows(and_(_as_of(n), things.c.part_of != "" if parts else things.c.part_of == "")):
            yield thing_of(row)

    def parts(self, n: int) -> dict[tuple[str, str], Parts]:
        """(connection, key of the foothold) -> what its parts come to."""
        counted = (func.count(), func.count(func.distinct(things.c.person)), func.max(things.c.used_at))
        query = select(things.c.connection, things.c.part_of, *counted).where(_as_of(n), things.c.part_of != "")
        with self._reading() as conn:
            rows = conn.execute(query.group_by(things.c.connection, things.c.part_of)).all()
        return {(row[0], row[1]): Parts(int(row[2]), int(row[3]), str(row[4] or "")) for row in rows}

    def changed(self, n: int, before: int) -> Iterator[tuple[Thing | None, Thing | None]]:
        """What differs of footholds between two snapshots, as (then, now); None: it was not there."""
        for row in self._rows(and_(_as_of(n), things.c.from_n > before, things.c.part_of == "")):
            was = self.state_of(before, row.connection, row.look, row.key)
            if was is None or was.digest != row.digest:
                yield was, thing_of(row)
        for row in self._rows(and_(_as_of(before), things.c.until_n <= n, things.c.part_of == "")):
            if self.state_of(n, row.connection, row.look, row.key) is None:
                yield thing_of(row), None

    def parts_changed(self, n: int, before: int) -> dict[tuple[str, str], dict[str, int]]:
        """(connection, key of the foothold) -> how many of its parts are "new", "gone", "changed" between two snapshots."""
        then, there = things.alias("then"), and_(things.c.part_of != "", _as_of(n), things.c.from_n > before)
        # With `look` the index things_then leads to the one row; by `kind` each would be compared with all of its kind.
        same = [then.c[name] == things.c[name] for name in ("connection", "look", "kind", "key")]
        was = and_(*same, then.c.from_n <= before, or_(then.c.until_n.is_(None), then.c.until_n > before))
        joined = select(things.c.connection, things.c.part_of, func.count(then.c.id), func.count()).select_from(
            things.outerjoin(then, was)
        )
        ended = select(things.c.connection, things.c.part_of, func.count()).where(
            things.c.part_of != "", _as_of(before), things.c.until_n <= n
        )
        found: dict[tuple[str, str], dict[str, int]] = {}
        with self._reading() as conn:
            for connection, of, again, count in conn.execute(
                joined.where(there).group_by(things.c.connection, things.c.part_of)
            ):
                found[connection, of] = {"new": count - again, "changed": again, "gone": 0}
            for connection, of, count in conn.execute(ended.group_by(things.c.connection, things.c.part_of)):
                one = found.setdefault((connection, of), {"new": 0, "changed": 0, "gone": 0})
                one["gone"] = max(count - one["changed"], 0)
        return {place: counts for place, counts in found.items() if any(counts.values())}

    def state_of(self, n: int, connection: str, look: str, key: str) -> Thing | None:
        """One thing as a snapshot saw it; None where it did not."""
        one = and_(things.c.connection == connection, things.c.look == look, things.c.key == key)
        with self._reading() as conn:
            row = conn.execute(select(things).where(one, _as_of(n)).limit(1)).one_or_none()
        return thing_of(row) if row is not None else None

    def _rows(self, where: Any) -> Iterator[Any]:
        """Rows in the order of their places, a page at a time."""
        order = (things.c.connection, things.c.kind, things.c.key)
        last: Place | None = None
        while True:
            query: Select[Any] = select(things).where(where).order_by(*order).limit(PAGE)
            query = query.where(tuple_(*order) > tuple_(*last)) if last is not None else query
            with self._reading() as conn:
                page = conn.execute(query).all()
            yield from page
            if len(page) < PAGE:
                return
            last = (page[-1].connection, page[-1].kind, page[-1].key)


_TOUCH = (
    update(things)
    .where(things.c.id == bindparam("row"))
    .values(seen_n=bindparam("n"), **{name: bindparam(f"new_{name}") for name in BESIDE})
)
_DECLARE = update(things).where(things.c.id == bindparam("row")).values(declared_as=bindparam("as_"))


def _touched(known: Any, row: Mapping[str, Any], n: int) -> dict[str, Any]:
    return {"row": known.id, "n": n, **{f"new_{name}": row[name] for name in BESIDE}}


def _current(conn: Connection, places: Sequence[Place]) -> dict[Place, Any]:
    """The rows that stand for these places now."""
    found = {}
    where = tuple_(things.c.connection, things.c.kind, things.c.key)
    for part in _parts(places):
        for row in conn.execute(select(things).where(things.c.until_n.is_(None), where.in_(part))):
            found[row.connection, row.kind, row.key] = row
    return found


def _parts(of: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (of[at : at + PAGE] for at in range(0, len(of), PAGE))


def _now(connection: str, kind: str) -> Any:
    return and_(things.c.connection == connection, things.c.kind == kind, things.c.until_n.is_(None))


def _as_of(n: int) -> Any:
    return and_(things.c.from_n <= n, or_(things.c.until_n.is_(None), things.c.until_n > n))


def _snapshot(row: Any) -> Snapshot:
    return Snapshot(row.n, row.begun_at, row.ended_at, orjson.loads(row.listed), row.things, row.digest)
