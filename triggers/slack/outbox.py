"""What was told of which run, and where it stands in Slack: rows that hold no text, so that nobody's name lies outside its seal.

What is to be told is made anew from the journal whenever it is needed, with the same keys. So a row is all that has to
survive a crash: this was told, there; this was begun, and nobody knows whether it arrived.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.clock import now, spelled, wall
from journal.db.base import Database
from journal.db.tables import outbox
from journal.errors import JournalFailed
from journal.write import lease as leasing
from journal.write.lease import Owner

HOLD = timedelta(seconds=15)
_TELLER = "slack:teller"


@dataclass(frozen=True, slots=True)
class Told:
    """One message. `ts`: its place in Slack, "" before it is there. `tries`: how often it was sent. `n`: what it tells of."""

    key: str
    ts: str
    n: int
    tries: int
    sent: bool


class Outbox:
    """The rows of one channel. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database, channel: str) -> None:
        """Hold the data base, which is the journal's."""
        self._db, self._channel, self._mark = database, channel, secrets.token_hex(8)
        leasing.opened(self._mark)
        self._me = Owner.me(self._mark).text()

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    def of(self, run: str) -> dict[str, Told]:
        """What was told of a run, or begun to be, by key."""
        query = select(outbox).where(outbox.c.channel == self._channel, outbox.c.run == run)
        with self._open() as conn:
            rows = conn.execute(query).all()
        return {self._short(r.key, run): Told(r.key, r.body, r.n, r.tries, r.sent_at is not None) for r in rows}

    def known(self, since: str) -> tuple[set[str], str]:
        """The runs of which anything was told since then, and when anything was told last; "" where nothing ever was."""
        query = select(outbox.c.run, outbox.c.at, outbox.c.sent_at).where(outbox.c.channel == self._channel)
        with self._open() as conn:
            rows = conn.execute(query).all()
        return {row.run for row in rows if row.at >= since}, max((row.sent_at or row.at for row in rows), default="")

    def try_(self, run: str, kind: str, key: str, n: int) -> int:
        """Note, durably, that it is sent now; give how often it was tried before."""
        full = self._key(run, key)
        with self._open() as conn, self._db.writing(conn):
            before = conn.execute(select(outbox.c.tries).where(outbox.c.key == full)).scalar()
            if before is None:
                at = wall()
                conn.execute(insert(outbox).values(
                    channel=self._channel, run=run, kind=kind, key=full, body="", n=n, at=at, sent_at=None, tries=1,
                    due_at=at,
                ))  # fmt: skip
                return 0
            conn.execute(update(outbox).where(outbox.c.key == full).values(tries=before + 1))
            return int(before)

    def sent(self, run: str, key: str, n: int, ts: str) -> None:
        """It arrived, and stands there."""
        with self._open() as conn, self._db.writing(conn):
            row = update(outbox).where(outbox.c.key == self._key(run, key))
            conn.execute(row.values(body=ts, n=n, sent_at=wall()))

    def not_sent(self, run: str, key: str) -> None:
        """It was certainly not taken: the next try is as good as the first."""
        with self._open() as conn, self._db.writing(conn):
            row = update(outbox).where(outbox.c.key == self._key(run, key), outbox.c.sent_at.is_(None))
            conn.execute(row.values(tries=outbox.c.tries - 1))

    def hold(self) -> bool:
        """Whether this process tells of runs: of several, one does, until it is dead or has not said so for a while."""
        key = f"{_TELLER}:{self._channel}"
        mine = {"body": self._me, "due_at": spelled(now() + HOLD)}
        with self._open() as conn:
            try:
                with self._db.writing(conn):
                    row = conn.execute(select(outbox.c.body, outbox.c.due_at).where(outbox.c.key == key)).one_or_none()
                    if row is None:
                        conn.execute(insert(outbox).values(
                            channel="", run="", kind="teller", key=key, n=0, at=wall(), sent_at=wall(), tries=0, **mine
                        ))  # fmt: skip
                        return True
                    if row.body != self._me and row.due_at > wall() and not _gone(row.body):
                        return False
                    theirs = update(outbox).where(outbox.c.key == key, outbox.c.body == row.body)
                    return bool(conn.execute(theirs.values(**mine)).rowcount)
            except IntegrityError:
                return False

    def let_go(self) -> None:
        """Another process may tell at once."""
        key = f"{_TELLER}:{self._channel}"
        with self._open() as conn, self._db.writing(conn):
            conn.execute(update(outbox).where(outbox.c.key == key, outbox.c.body == self._me).values(body=""))
        leasing.closed(self._mark)

    def _key(self, run: str, key: str) -> str:
        return f"slack:{self._channel}:{run}:{key}"[:200]

    def _short(self, full: str, run: str) -> str:
        return full.removeprefix(f"slack:{self._channel}:{run}:")


def _gone(holder: str) -> bool:
    """Whether whoever told of runs let go of it, or is known to be dead."""
    try:
        return not holder or Owner.read(holder).dead()
    except ValueError:
        return True
