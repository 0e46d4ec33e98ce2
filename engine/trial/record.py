"""The journal of a case: a real one, in a file of its own for as long as the case takes, written without a thread."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from journal.db.open import open_database
from journal.db.sqlite import Sqlite
from journal.errors import JournalFailed
from journal.seal.keys import Keys
from journal.store import Journal
from journal.write.requests import Request
from journal.write.writer import Writer

COMMIT_S = 0.001
"""What a transaction takes, by the time of the case."""
LEASE_S = 1_000_000.0
"""Longer than any case: nobody else can want its run."""


class _Inline(Writer):
    """Writes in the loop of whoever asks, a moment later, all that was asked meanwhile in one transaction."""

    def _start(self) -> None:
        self._asked: list[Request] = []
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, request: Request) -> asyncio.Future[Any]:
        """Take a request; the future is done when its events are written."""
        if self._closed:
            raise JournalFailed("This journal was closed: nothing can be written to it any more.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        request.waiter = (loop, future)
        self._asked.append(request)
        if self._timer is None:
            self._timer = loop.call_later(COMMIT_S, self._flush)
        return future

    def _flush(self) -> None:
        batch, self._asked, self._timer = self._asked, [], None
        if batch:
            self._answer(self._write(batch))

    def close(self) -> None:
        """Write what was asked so far; the leases are good no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        for lease in self._held.values():
            lease.lost()


class Shelf:
    """Where the journals of cases lie: made once, since to make a journal's tables takes longer than a case."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blank = folder / "blank.db"
        self._numbers = count(1)
        database = open_database(f"sqlite:///{self._blank}")
        with database.engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.engine.dispose()

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """Give an empty journal, gone afterwards."""
        path = self._folder / f"{next(self._numbers)}.db"
        shutil.copy(self._blank, path)
        database = Sqlite(f"sqlite:///{path}")
        event.listen(database.engine, "connect", _hasty)
        made = Journal(
            database, Keys(secrets.token_bytes(32)), names=(), kill=None, ttl_s=LEASE_S, renew_s=LEASE_S, writer=_Inline
        )
        try:
            yield made
        finally:
            made.close()
            database.engine.dispose()
            for ending in ("", "-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)


def _hasty(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA secure_delete=OFF")


@contextmanager
def shelf() -> Iterator[Shelf]:
    """Give a shelf in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ringfence-cases-") as folder:
        yield Shelf(Path(folder))
