"""Reads a SQLite journal's rows as they are stored: types, order and bytes that no library has mended.

Only the standard library: who checks a record should not have to trust, or load, what wrote it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote

from journal.db.address import is_postgres
from journal.errors import JournalFailed
from journal.event import JOURNAL
from journal.proof.stored import Broken, Check, Found, Stored, StoredAnchor, StoredHead

WAIT_S = 5.0
_EVENTS = "SELECT run, n, incident, fence, at, type, body, prev, hash FROM events"
_HEADS = "SELECT run, incident, fence, last_n, head FROM leases"
_ANCHORS = "SELECT id, run, n, hash, at, sink, independent, statement, public, signature, receipt, why FROM anchors ORDER BY id"
_HIDDEN_STEERING = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"


def read_stored(url: str, run: str | None, check: Check) -> Iterator[Broken]:
    """Check the rows of a journal in one read transaction; a damaged file is a finding.

    Raises JournalFailed when there is no journal or it can not be read.
    """
    if is_postgres(url):
        from journal.proof import raw_postgres

        yield from raw_postgres.read_stored(url, run, check)
        return
    path = _path(url)
    try:
        with closing(_connect(path)) as connection:
            yield from _damage(connection)
            yield from check(
                Found(
                    _journal(connection),
                    _anchors(connection),
                    _rows(connection, " WHERE +run IS ?", JOURNAL),
                    _rows(connection, " WHERE +run IS NOT ?" + (" AND +run IS ?" if run else ""), JOURNAL, run),
                    _heads(connection, run),
                )
            )
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith(
            ("SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_PERM", "SQLITE_READONLY")
        ):
            raise JournalFailed(_unreadable(path, error)) from None
        yield Broken("", 0, f"The journal {path} can not be read to its end: {error}.")
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter: a damaged name of a column or table
        yield Broken("", 0, f"The journal {path} is damaged, or is no journal: {error}.")


def _path(url: str) -> Path:
    head, _, rest = url.partition(":///")
    if head.partition("+")[0] != "sqlite" or not rest:
        raise JournalFailed("That is no journal's URL: write sqlite:///PATH or postgresql://USER@HOST/NAME.")
    path = Path(unquote(rest.partition("?")[0]))
    if not path.is_file():
        raise JournalFailed(f"There is no journal at {path}. Check the journal's URL.")
    return path


def _connect(path: Path) -> sqlite3.Connection:
    """Open read-only. In a folder that can not be written, a file without write-ahead log is read as it lies."""
    address = "file:" + quote(str(path.absolute())) + "?mode=ro"
    log = path.with_name(path.name + "-wal")
    at_rest = not log.exists() or log.stat().st_size == 0
    if at_rest and not os.access(path.parent, os.W_OK):
        address += "&immutable=1"
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_S, isolation_level=None)
    connection.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("BEGIN")
    return connection


def _damage(connection: sqlite3.Connection) -> Iterator[Broken]:
    for (finding,) in connection.execute("PRAGMA quick_check(20)"):
        if finding != "ok":
            yield Broken("", 0, f"The journal's file is damaged: {finding}.")
    for kind, name in connection.execute(_HIDDEN_STEERING):
        yield Broken("", 0, f"The journal's file holds the {kind} {name!a}: ringfence makes none, it was put in.")


def _journal(connection: sqlite3.Connection) -> object:
    if not _has(connection, "about"):
        return ""
    row = connection.execute("SELECT value FROM about WHERE key = 'id'").fetchone()
    return row[0] if row else ""


def _anchors(connection: sqlite3.Connection) -> Iterator[StoredAnchor]:
    for row in connection.execute(_ANCHORS) if _has(connection, "anchors") else ():
        yield StoredAnchor(*row)


def _has(connection: sqlite3.Connection, table: str) -> bool:
    """Whether it is there: journals of before it was invented have none, and one that was dropped is missed by name."""
    row = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return row is not None


def _rows(connection: sqlite3.Connection, where: str, *values: str | None) -> Iterator[Stored]:
    # "+run" reads every row instead of seeking: in a file that was altered by hand a search may pass rows by.
    given = [value for value in values if value is not None]
    for row in connection.execute(f"{_EVENTS}{where} ORDER BY run, n", given):
        yield Stored(*row)


def _heads(connection: sqlite3.Connection, run: str | None) -> Iterator[StoredHead]:
    where, values = ("", ()) if run is None else (" WHERE +run IN (?, ?)", (run, JOURNAL))
    for row in connection.execute(f"{_HEADS}{where} ORDER BY run", values):
        yield StoredHead(*row)


def _unreadable(path: Path, error: sqlite3.Error) -> str:
    return (
        f"The journal {path} can not be read ({error}). Let this user read the file and its folder, or copy it"
        " together with its -wal file to a folder of your own."
    )
