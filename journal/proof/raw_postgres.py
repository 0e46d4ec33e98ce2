"""Reads a PostgreSQL journal's rows as they are stored, with the driver alone, in one read-only transaction.

It sees what the server gives it. Whoever rules the server can make it give anything: against them stand the heads
that were signed and carried outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from journal.db.address import plain, scrubbed, shown
from journal.errors import JournalFailed
from journal.event import JOURNAL
from journal.proof.stored import Broken, Check, Found, Stored, StoredAnchor, StoredHead

if TYPE_CHECKING:
    import psycopg

REACH_S = 5
ROWS_AT_ONCE = 2_000
_OPTIONAL = ("about", "anchors")
"""Tables that journals of before they were invented do not have."""

_EVENTS = "SELECT run, n, incident, fence, at, type, body, prev, hash FROM events"
_ORDER = ' ORDER BY run COLLATE "C", n'
_HEADS = "SELECT run, incident, fence, last_n, head FROM leases"
_ANCHORS = "SELECT id, run, n, hash, at, sink, independent, statement, public, signature, receipt, why FROM anchors ORDER BY id"
_TABLES = ["events", "leases", "wishes", "run_keys", "people_keys", "sealed", "about", "anchors"]
# What could make a statement of ours do something else than it says, in the schema of the journal's tables.
_STEERING = """
WITH ours AS (
    SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, n.nspname FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('events'))
)
SELECT 'trigger', tgname, relname FROM pg_trigger JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal
UNION ALL SELECT 'rule', rulename, relname FROM pg_rewrite JOIN ours ON ours.oid = ev_class WHERE rulename <> '_RETURN'
UNION ALL SELECT 'view', relname, nspname FROM ours WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'row security', relname, relname FROM ours WHERE relrowsecurity AND relname = ANY(%(tables)s)
UNION ALL SELECT 'foreign or partitioned table', relname, nspname FROM ours
    WHERE relkind IN ('f', 'p') AND relname = ANY(%(tables)s)
UNION ALL SELECT 'inheriting table', inhrelid::regclass::text, relname FROM pg_inherits
    JOIN ours ON ours.oid = inhparent WHERE relname = ANY(%(tables)s)
UNION ALL SELECT 'second table', c.oid::regclass::text, c.relname FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace WHERE c.relname = ANY(%(tables)s) AND n.nspname = ANY(current_schemas(false))
    AND c.relkind <> 'i' AND c.oid NOT IN (SELECT oid FROM ours)
UNION ALL SELECT 'event trigger', evtname, evtevent FROM pg_event_trigger
ORDER BY 1, 2
"""
_NO_SEEKING = (  # an index that was tampered with may pass rows by
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_indexonlyscan = off",
    "SET LOCAL enable_bitmapscan = off",
)


def read_stored(url: str, run: str | None, check: Check) -> Iterator[Broken]:
    """Check the rows of a journal in one read transaction, as they were when it began.

    Raises JournalFailed when there is no server or it can not be read.
    """
    import psycopg

    try:
        with _connect(url) as conn:
            conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            conn.read_only = True
            for setting in _NO_SEEKING:
                conn.execute(setting)
            yield from _steering(conn)
            where, values = ("", ()) if run is None else (" AND run = %s", (run,))
            yield from check(
                Found(
                    _journal(conn),
                    (StoredAnchor(*row) for row in _rows(conn, "anchors", _ANCHORS)),
                    (Stored(*row) for row in _rows(conn, "own", _EVENTS + " WHERE run = %s ORDER BY n", JOURNAL)),
                    (
                        Stored(*row)
                        for row in _rows(conn, "runs", f"{_EVENTS} WHERE run <> %s{where}{_ORDER}", JOURNAL, *values)
                    ),
                    _heads(conn, run),
                )
            )
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError | psycopg.errors.InsufficientPrivilege):
            raise _unreadable(url, error) from None
        yield Broken("", 0, f"The journal {shown(url)} can not be read to its end: {scrubbed(str(error), url)}.")


def _connect(url: str) -> psycopg.Connection[Any]:
    import psycopg

    try:
        return psycopg.connect(plain(url), connect_timeout=REACH_S, application_name="ringfence verify")
    except psycopg.Error as error:
        raise _unreadable(url, error) from None


def _unreadable(url: str, error: Exception) -> JournalFailed:
    return JournalFailed(
        f"The journal {shown(url)} can not be read ({scrubbed(str(error), url)}). See that the server runs and lets this"
        " user read the tables, and check the journal's URL."
    )


def _steering(conn: psycopg.Connection[Any]) -> Iterator[Broken]:
    for kind, name, where in conn.execute(_STEERING, {"tables": _TABLES}).fetchall():
        yield Broken(
            "",
            0,
            f"The journal's data base holds the {kind} {name!a} ({where!a}): ringfence makes none, it was put in.",
        )


def _journal(conn: psycopg.Connection[Any]) -> object:
    if not _has(conn, "about"):
        return ""
    row = conn.execute("SELECT value FROM about WHERE key = 'id'").fetchone()
    return row[0] if row else ""


def _has(conn: psycopg.Connection[Any], table: str) -> bool:
    row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return bool(row and row[0])


def _rows(conn: psycopg.Connection[Any], table: str, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
    """Read through a cursor at the server: a journal need not fit into memory."""
    if table in _OPTIONAL and not _has(conn, table):
        return
    with conn.cursor(name=table) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        yield from cursor.execute(query, values)


def _heads(conn: psycopg.Connection[Any], run: str | None) -> Iterator[StoredHead]:
    where, values = ("", ()) if run is None else (" WHERE run IN (%s, %s)", (run, JOURNAL))
    for row in _rows(conn, "leases", f'{_HEADS}{where} ORDER BY run COLLATE "C"', *values):
        yield StoredHead(*row)
