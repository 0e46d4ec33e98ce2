"""Requests that were taken and are not acted on yet: one durable row each, so that a crash loses none and doubles none."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.clock import wall
from journal.db.base import Database
from journal.db.tables import intake
from journal.errors import JournalFailed

SOURCE = "slack"
TRIES = 5
BEGUN = "\n"
"""Stands before the body of a row that somebody began to act on: then it is looked at first what became of that."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request that waits. `begun`: it was begun before, by this process or by one that died."""

    id: str
    body: str
    at: str
    begun: bool


class Intake:
    """The rows of one way in. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database) -> None:
        """Hold the data base, which is the journal's."""
        self._db = database

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    def keep(self, requests: Mapping[str, str]) -> set[str]:
        """Keep requests by their keys; give the keys that are new. Returns when they are durable, all in one transaction.

        The same request may come to two processes at once: whoever is second looks again.
        """
        for _ in range(TRIES):
            with self._reading() as conn:
                try:
                    with self._db.writing(conn):
                        there = set(conn.execute(select(intake.c.key).where(intake.c.key.in_(requests))).scalars())
                        fresh = {key: body for key, body in requests.items() if key not in there}
                        rows = [
                            {"id": secrets.token_hex(16), "source": SOURCE, "key": key, "body": body, "at": wall(), "done_at": None}
                            for key, body in fresh.items()
                        ]  # fmt: skip
                        if rows:
                            conn.execute(insert(intake), rows)
                        return set(fresh)
                except IntegrityError:
                    continue
        raise JournalFailed("The same requests come to several processes over and over: nothing was kept.")

    def waiting(self, most: int = 100) -> list[Row]:
        """What is still to be acted on, the oldest first."""
        query = (
            select(intake)
            .where(intake.c.source == SOURCE, intake.c.done_at.is_(None))
            .order_by(intake.c.at)
            .limit(most)
        )
        with self._reading() as conn:
            rows = conn.execute(query).all()
        return [Row(r.id, r.body.removeprefix(BEGUN), r.at, r.body.startswith(BEGUN)) for r in rows]

    def begin(self, row: Row) -> None:
        """Mark it as begun, durably, before anything is done."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(update(intake).where(intake.c.id == row.id).values(body=BEGUN + row.body))

    def end(self, row: Row) -> None:
        """It was acted on. Its key stays, what was typed goes."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(update(intake).where(intake.c.id == row.id).values(done_at=wall(), body=""))

    def forget(self, before: str) -> None:
        """Drop the keys of what was acted on before then: Slack sends nothing again after so long."""
        with self._reading() as conn, self._db.writing(conn):
            conn.execute(delete(intake).where(intake.c.source == SOURCE, intake.c.done_at < before))
