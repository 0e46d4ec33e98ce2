"""Makes the tables in a new data base, and brings those of an older ringfence up to date.

A new data base gets all tables at once, and the number of the last migration. Alembic is loaded only where there is
something to migrate: a responder waits for our start.
"""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from journal.db.base import Database
from journal.db.tables import about, metadata
from journal.errors import JournalFailed

HISTORY = ("0001", "0002", "0003", "0004", "0005")
"""The migrations in their order; the last one is how the tables are now."""

PATIENCE_S = 2.0
"""How long a server that can not be reached is waited for when a journal is opened: somebody waits for us."""

_FIRST = {
    "events": {"run", "n", "incident", "fence", "at", "type", "body", "prev", "hash"},
    "leases": {"run", "incident", "lock", "fence", "owner", "renewed_ms", "last_n", "head"},
    "wishes": {"run", "what", "by", "at"},
    "run_keys": {"run", "master", "wrapped"},
    "sealed": {"run", "name", "box"},
}
"""By what a journal is known that was made before its tables had a number."""
_MIGRATING = threading.Lock()
"""Alembic's context belongs to the whole process."""


def prepare(database: Database) -> None:
    """See to it that the tables are those that this code knows. Raises JournalFailed."""
    started_s = time.monotonic()
    while True:
        try:
            with database.engine.connect() as conn:
                version = _version(conn)
            if version != HISTORY[-1]:
                with database.engine.connect() as conn, database.building(conn):
                    _build(database, conn)
        except DBAPIError as error:
            since_s = time.monotonic() - started_s
            pause_s = database.pause_s(error, since_s)
            if pause_s is None or (database.is_gone(error) and since_s > PATIENCE_S):
                raise JournalFailed(database.sentence(error)) from None
            time.sleep(pause_s)
        else:
            return


def _build(database: Database, conn: Connection) -> None:
    version = _version(conn)  # again: another process may have been at it while we waited
    tables = set(inspect(conn).get_table_names())
    if version is None and not tables & metadata.tables.keys():
        metadata.create_all(conn)
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        conn.execute(text("INSERT INTO alembic_version VALUES (:last)"), {"last": HISTORY[-1]})
        conn.execute(insert(about).values(key="id", value=new_id()))
        return
    if version is None and not _is_ours(conn, tables):
        raise JournalFailed(
            f"The journal {database.name} can not be opened: it has tables of these names that are not a journal's."
            " Nothing was changed. Check the journal's URL."
        )
    if version is not None and version not in HISTORY:
        raise JournalFailed(
            f"The journal {database.name} was written by another ringfence, newer than this one: its tables have"
            f" version {version!a}, this one knows {HISTORY[-1]}. Nothing was changed. Update this ringfence."
        )
    if version != HISTORY[-1]:
        try:
            _migrate(conn, version)
        except DBAPIError:
            raise
        except SQLAlchemyError as error:
            raise JournalFailed(f"The tables of {database.name} can not be brought up to date: {error}.") from None


def _version(conn: Connection) -> str | None:
    """Give the number of the tables; None where they have none, "" where it was taken out."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if len(found) == 1 else ", ".join(map(str, found))


def _is_ours(conn: Connection, tables: set[str]) -> bool:
    there = inspect(conn)
    return all(
        name in tables and columns <= {column["name"] for column in there.get_columns(name)}
        for name, columns in _FIRST.items()
    )


def _migrate(conn: Connection, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = conn
    with _MIGRATING:
        if version is None:
            command.stamp(config, HISTORY[0])
        command.upgrade(config, HISTORY[-1])


def new_id() -> str:
    """Make the random name that a journal has for good."""
    return secrets.token_hex(16)
