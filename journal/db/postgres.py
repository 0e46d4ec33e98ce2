"""All that is PostgreSQL's own: how to reach the server, whose clock counts, and what its errors mean.

What is deleted lingers here in old rows, in the server's log and in backups: nothing on our side can overwrite it.
There the rotation of the master key is what makes a deleted key useless.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from journal.db.address import plain, scrubbed, shown
from journal.db.base import Database
from journal.errors import JournalFailed

WAIT_S = 5.0
"""How long one statement waits for another process's lock, and how long a process that hangs may hold one."""
AWAY_S = 20.0
"""How long a server that went away is waited for: a restart, a failover."""
RIVAL_S = 0.5
"""How long a row that is there already is looked at again: another process may just have put it there."""

_REACH = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 15_000, "application_name": "ringfence",
}  # fmt: skip
_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('ringfence journal'), 1)")

_CROWDED = {"40001", "40P01", "55P03"}
"""Serialisation, deadlock, lock not to be had: rolled back whole, worth another try."""
_TWICE = "23505"
_UNREADY = {"57P01", "57P02", "57P03", "25P03", "57P05", "53300"}
"""Going down, crashed, starting; our session ended by the server; too many sessions."""
_WHY = {
    "53100": "the server's disk is full. Free some space; nothing that was acknowledged is lost",
    "53": "the server lacks resources. Look at its log",
    "25006": "the server only reads: it may be a standby. Check the journal's URL",
    "42501": "this user may not do that. Give it the right to create tables in this schema, or to write these",
    "42P01": "it does not have the tables of a journal, or others'. Check the journal's URL",
    "42703": "it does not have the tables of a journal, or others'. Check the journal's URL",
    "55P03": "another process holds it and does not let go. Look at pg_stat_activity, then try again",
    "40": "many write at once. Try again",
    "57": "the server went away. See that it runs; then go on with `ringfence resume`",
    "58": "the server's disk gives errors. Look at its log",
    "XX": "the data base is damaged. Do not repair it in place: copy it, then `ringfence journal verify`",
}
_UNREACHED = "the server can not be reached, or does not let us in. See that it runs, and check the journal's URL"


class Postgres(Database):
    """One data base of a server. It needs sessions of its own: a pooler between must not share them out."""

    def __init__(self, url: str) -> None:
        """Name the data base of a postgresql:// URL; nothing is asked of the server yet. Raises JournalFailed."""
        self.name = self.url = shown(url)
        self._secret_url = url
        try:
            place = make_url(plain(url))
            reach = {name: value for name, value in _REACH.items() if name not in place.query}
            self.engine = create_engine(place, connect_args=reach, pool_pre_ping=True)
        except (ArgumentError, ValueError):
            raise JournalFailed(f"{self.name} is no URL: write postgresql://USER:PASSWORD@HOST/NAME.") from None
        event.listen(self.engine, "connect", _on_connect)

    def writing(self, conn: Connection) -> AbstractContextManager[Any]:
        """Begin a transaction: READ COMMITTED, so that a head that was waited for is read as it is now."""
        return conn.begin()

    @contextmanager
    def building(self, conn: Connection) -> Iterator[None]:
        """Begin a transaction that no other one of this kind runs beside. Raises JournalFailed for a foreign encoding."""
        with conn.begin():
            spelled = conn.execute(text("SHOW server_encoding")).scalar_one()
            if spelled != "UTF8":
                raise JournalFailed(
                    f"The data base {self.name} keeps text as {spelled}: a name or a title that does not fit would stop"
                    " a run. Make one with ENCODING 'UTF8'."
                )
            conn.execute(_ALONE)
            yield

    def now_us(self, conn: Connection) -> int:
        """Ask the server's clock."""
        return int(conn.execute(_NOW).scalar_one())

    def pause_s(self, error: DBAPIError, since_s: float) -> float | None:
        """What was rolled back is tried again soon, a server that went away is waited for."""
        code = _code(error)
        if code in _CROWDED:
            return 0.01 if since_s < 2 * WAIT_S else None  # who hangs is ended meanwhile
        if code == _TWICE:
            return 0.01 if since_s < RIVAL_S else None
        if self.is_gone(error) or code in _UNREADY:
            return min(1.0, 0.05 + since_s / 4) if since_s < AWAY_S else None
        return None

    def is_gone(self, error: BaseException) -> bool:
        """Whether the connection was lost, or none could be made."""
        code = _code(error)
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return lost or code in _UNREADY or code.startswith("08") or (not code and _is_operational(error))

    def sentence(self, error: BaseException) -> str:
        """Tell the operator what an error of the data base means and what to do."""
        code = _code(error)
        why = _WHY.get(code) or _WHY.get(code[:2]) or ("see the words of the data base" if code else _UNREACHED)
        said = scrubbed(str(getattr(error, "orig", None) or error), self._secret_url)
        return f"The journal {self.name} failed: {why}. ({code + ': ' if code else ''}{said})"

    def drop_traces(self) -> str:
        """Nothing of it is ours to do: see the module."""
        return (
            "On PostgreSQL what was deleted lingers in old rows, logs and backups: change the master key as well"
            " (`ringfence journal rekey`), and destroy the old one."
        )


def _code(error: BaseException) -> str:
    """Give the error's SQLSTATE; "" where the server said none."""
    return str(getattr(getattr(error, "orig", None) or error, "sqlstate", None) or "")


def _is_operational(error: BaseException) -> bool:
    import psycopg

    return isinstance(getattr(error, "orig", None) or error, psycopg.OperationalError)


def _on_connect(connection: Any, _: object) -> None:
    wait_ms = int(WAIT_S * 1000)
    connection.autocommit = True
    connection.execute(
        "SET synchronous_commit = on;"  # an answer means durable, whatever the server's default
        f"SET lock_timeout = {wait_ms};"
        f"SET idle_in_transaction_session_timeout = {wait_ms}"  # one who was stopped midway lets go
    )
    connection.autocommit = False
