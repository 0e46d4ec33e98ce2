"""Requests that were taken and are not acted on yet: one durable row each, so that a crash loses none and doubles none."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.clock import now, wall
from journal.db.base import Database
from journal.db.tables import intake
from journal.errors import JournalFailed
from journal.write import lease as leasing
from journal.write.lease import Owner

SOURCE = "slack"
TRIES = 5
HELD = timedelta(minutes=3)
"""For so long a row is somebody's of whom nobody can tell whether they live: acting on it never takes as long."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request that waits.

    Attributes:
        stored: its body as it lies there. at: when it was kept. holder: who began to act on it; None: nobody.
    """

    id: str
    stored: str
    at: str
    holder: Owner | None
    since: str

    @property
    def body(self) -> str:
        """What was asked."""
        return self.stored.rpartition("\n")[2]

    @property
    def begun(self) -> bool:
        """Somebody began to act on it: it is looked at first what became of that."""
        return self.holder is not None

    def free(self) -> bool:
        """Whether nobody acts on it now."""
        if self.holder is None or self.holder.dead():
            return True
        return not self.holder.same_boot() and now() - datetime.fromisoformat(self.since) > HELD


class Intake:
    """The rows of one way in. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database) -> None:
        """Hold the data base, which is the journal's; rows that are claimed are this one's until it is closed."""
        self._db, self._mark = database, secrets.token_hex(8)
        leasing.opened(self._mark)
        self._me = Owner.me(self._mark).text()

    def close(self) -> None:
        """Claim nothing any more: what was begun and not ended is anybody's."""
        leasing.closed(self._mark)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    def keep(self, requests: Mapping[str, str]) -> set[str]:
        """Keep requests by their keys; give the keys that are new. Returns when they are durable, all in one transaction."""
        return self._add(requests, done=False)

    def once(self, key: str) -> bool:
        """Whether this is the first time that anybody asks for this key: what is good once is marked so, durably."""
        return key in self._add({key: ""}, done=True)

    def again(self, key: str) -> None:
        """It came to nothing: the key is good once more."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(delete(intake).where(intake.c.key == key, intake.c.done_at.is_not(None)))

    def _add(self, requests: Mapping[str, str], *, done: bool) -> set[str]:
        """The same may come to two processes at once: whoever is second looks again."""
        for _ in range(TRIES):
            at = wall()
            with self._reading() as conn:
                try:
                    with self._db.writing(conn):
                        there = set(conn.execute(select(intake.c.key).where(intake.c.key.in_(requests))).scalars())
                        rows = [
                            {"id": secrets.token_hex(16), "source": SOURCE, "key": key, "body": body, "at": at,
                             "done_at": at if done else None}
                            for key, body in requests.items() if key not in there
                        ]  # fmt: skip
                        if rows:
                            conn.execute(insert(intake), rows)
                        return {str(row["key"]) for row in rows}
                except IntegrityError:
                    continue
        raise JournalFailed("The same requests come to several processes over and over: nothing was kept.")

    def waiting(self, most: int = 100) -> list[Row]:
        """What is still to be acted on, the oldest first."""
        query = select(intake).where(intake.c.source == SOURCE, intake.c.done_at.is_(None))
        with self._reading() as conn:
            rows = conn.execute(query.order_by(intake.c.at, intake.c.id).limit(most)).all()
        return [_row(row.id, row.body, row.at) for row in rows]

    def claim(self, row: Row) -> Row | None:
        """Take a row, durably, before anything is done; None where somebody else has it by now."""
        stored = f"{self._me}\n{wall()}\n{row.body}"
        mine = update(intake).where(intake.c.id == row.id, intake.c.body == row.stored, intake.c.done_at.is_(None))
        with self._reading() as conn, self._db.writing(conn):
            taken = conn.execute(mine.values(body=stored)).rowcount
        return Row(row.id, stored, row.at, row.holder, row.since) if taken else None

    def end(self, row: Row) -> None:
        """It was acted on. Its key stays, what was typed goes."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(update(intake).where(intake.c.id == row.id).values(done_at=wall(), body=""))

    def forget(self, before: str) -> None:
        """Drop the keys of what was acted on before then: Slack sends nothing again after so long."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(delete(intake).where(intake.c.source == SOURCE, intake.c.done_at < before))


def _row(name: str, stored: str, at: str) -> Row:
    head, _, rest = stored.partition("\n")
    if not rest:
        return Row(name, stored, at, None, "")
    try:
        return Row(name, stored, at, Owner.read(head), rest.partition("\n")[0])
    except ValueError:
        return Row(name, stored, at, None, "")
