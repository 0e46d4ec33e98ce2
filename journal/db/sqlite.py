"""All that is SQLite's own: how to open the file, and what its errors mean to the operator."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from journal.db.base import Database
from journal.errors import JournalFailed

WAIT_S = 5.0
"""How long one statement waits for another process's write (busy_timeout)."""
TRIES = 4
"""How often a write is tried that found the data base locked: `WAIT_S` each."""

WRITE = "write sqlite:///PATH or postgresql://USER@HOST/NAME"

_LOCKED = {"SQLITE_BUSY", "SQLITE_LOCKED"}
_WHY = {
    "SQLITE_FULL": "the disk is full. Free some space; nothing that was acknowledged is lost",
    "SQLITE_READONLY": "the file or its folder is read-only. Give this user the right to write both",
    "SQLITE_PERM": "this user has no right to it. Give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "it can not be opened. Check that its folder exists and that this user may write there",
    "SQLITE_IOERR": "the disk gives errors or is full. Look at the system's log; copy the file away if you can",
    "SQLITE_CORRUPT": "the file is damaged. Do not repair it in place: copy it, then `ringfence journal verify`",
    "SQLITE_NOTADB": "the file is not a data base. Check the journal's URL",
    "SQLITE_BUSY": "another process holds it and does not let go. Find it (`fuser FILE`), then try again",
    "SQLITE_LOCKED": "another process holds it and does not let go. Find it (`fuser FILE`), then try again",
    "SQLITE_ERROR": "it does not have the tables of a journal, or others'. Check the journal's URL",
}


class Sqlite(Database):
    """One file: WAL, synchronous=FULL, secure_delete."""

    def __init__(self, url: str) -> None:
        """Open the file of a sqlite:/// URL, made (0600) when it is missing. Raises JournalFailed."""
        path = path_of(url)
        self.name, self.url = str(path), f"sqlite:///{path}"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_sure(path)
        except OSError as error:
            raise JournalFailed(f"The journal {path} can not be opened: {error.strerror}.") from None
        place = URL.create("sqlite", database=str(path))
        self.engine = create_engine(place, connect_args={"timeout": WAIT_S}, pool_size=8)
        event.listen(self.engine, "connect", _on_connect)
        event.listen(self.engine, "begin", _on_begin)

    def writing(self, conn: Connection) -> AbstractContextManager[Any]:
        """Begin a transaction that holds the write lock from its start.

        A deferred one fails with "database is locked" when it turns from reading to writing (tried).
        """
        conn.execution_options(ringfence_writes=True)
        return conn.begin()

    building = writing

    def now_us(self, conn: Connection) -> None:
        """There is none: the file has no clock, and who writes it is on one machine."""

    def pause_s(self, error: DBAPIError, since_s: float) -> float | None:
        """Another process held the lock: `busy_timeout` has waited already, but the switch to WAL does not wait."""
        return 0.05 if _code(error) in _LOCKED and since_s < WAIT_S * (TRIES - 1) else None

    def is_gone(self, error: BaseException) -> bool:
        """A file does not go."""
        del error
        return False

    def sentence(self, error: BaseException) -> str:
        """Tell the operator what an error of the data base means and what to do."""
        code = _code(error)
        original = getattr(error, "orig", None) or error
        why = _WHY.get(code, "see the words of the data base")
        return f"The journal {self.name} failed: {why}. ({code}: {original})"

    def drop_traces(self) -> str:
        """Overwrite what deleted rows left in the write-ahead log; other readers are waited for, up to `WAIT_S`."""
        with self.engine.connect() as conn:
            cursor = conn.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
            busy = cursor.fetchone()[0] != 0
        return (
            "Another process was reading the journal, so traces of what was deleted may stay in its write-ahead log"
            " until the last one closes it."
            if busy
            else ""
        )


def path_of(url: str) -> Path:
    """Give the file of a sqlite:/// URL. Raises JournalFailed for another kind of URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise JournalFailed(f"The journal's URL is not a URL: {WRITE}.") from None
    if parsed.get_backend_name() != "sqlite":
        raise JournalFailed(f"A journal on {parsed.get_backend_name()} is not supported: {WRITE}.")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise JournalFailed(f"A journal in memory would not outlive a crash: {WRITE}.")
    return Path(parsed.database)


def _code(error: BaseException) -> str:
    """Give the primary result code's name: SQLITE_IOERR_WRITE is an SQLITE_IOERR."""
    original = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", None) or type(original).__name__
    return "_".join(str(name).split("_")[:2])


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone does not reach the disk there
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA trusted_schema=OFF")
    cursor.close()


def _on_begin(conn: Connection) -> None:
    write = conn.get_execution_options().get("ringfence_writes")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _make_sure(path: Path) -> None:
    """See to it that the file is there and may be written. Raises OSError.

    One that is there is not opened here: to close it would drop the locks that this process has on it by another
    journal, for POSIX counts them by process. Whoever closes it next elsewhere would then take the write-ahead log away
    from under us, with what was written last (tried).
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _sync_folder(path.parent)
    elif not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
