"""All that is SQLite's own: how to open the file, and what its errors mean to the operator."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from journal.db.tables import metadata
from journal.errors import JournalFailed

WAIT_S = 5.0
"""How long one statement waits for another process's write (busy_timeout)."""
TRIES = 4
"""How often a write is tried that found the data base locked: `WAIT_S` each."""

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


def path_of(url: str) -> Path:
    """Give the file of a sqlite:/// URL. Raises JournalFailed for another kind of URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise JournalFailed(f"{url!r} is not a URL: write sqlite:///PATH.") from None
    if parsed.get_backend_name() != "sqlite":
        raise JournalFailed(f"A journal on {parsed.get_backend_name()} is not supported: write sqlite:///PATH.")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise JournalFailed("A journal in memory would not outlive a crash: write sqlite:///PATH.")
    return Path(parsed.database)


def open_engine(path: Path) -> Engine:
    """Make the file (0600) and its tables, or open them: WAL, synchronous=FULL, secure_delete.

    Raises JournalFailed with a sentence for the operator.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not path.exists()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if fresh:
            _sync_folder(path.parent)
    except OSError as error:
        raise JournalFailed(f"The journal {path} can not be opened: {error.strerror}.") from None
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": WAIT_S}, pool_size=8)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    deadline = time.monotonic() + WAIT_S * TRIES
    while True:
        try:
            with engine.connect() as conn, writing(conn):
                metadata.create_all(conn)
        except DBAPIError as error:
            if is_busy(error) and time.monotonic() < deadline:
                time.sleep(0.05)  # two processes that make one journal at once: the switch to WAL does not wait
                continue
            engine.dispose()
            raise JournalFailed(sentence(error, path)) from None
        else:
            return engine


def writing(conn: Connection) -> Any:
    """Begin a transaction that holds the write lock from its start.

    A deferred one fails with "database is locked" when it turns from reading to writing (tried).
    """
    conn.execution_options(ringfence_writes=True)
    return conn.begin()


def is_busy(error: DBAPIError) -> bool:
    """Whether another process held the lock: worth another try."""
    return _code(error) in {"SQLITE_BUSY", "SQLITE_LOCKED"}


def sentence(error: BaseException, path: Path) -> str:
    """Tell the operator what an error of the data base means and what to do."""
    code = _code(error)
    original = getattr(error, "orig", None) or error
    return f"The journal {path} failed: {_WHY.get(code, 'see the words of the data base')}. ({code}: {original})"


def drop_traces(engine: Engine) -> None:
    """Overwrite what deleted rows left in the write-ahead log, as far as other readers allow."""
    with engine.connect() as conn:
        conn.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]


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


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
