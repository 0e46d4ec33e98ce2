"""Opens the data base that a URL names."""

from __future__ import annotations

from journal.db.address import is_postgres
from journal.db.base import Database
from journal.db.schema import prepare


def open_database(url: str) -> Database:
    """Open sqlite:///PATH or postgresql://USER@HOST/NAME; its tables are made, or brought up to date.

    Raises JournalFailed with a sentence for the operator.
    """
    database: Database
    if is_postgres(url):
        from journal.db.postgres import Postgres

        database = Postgres(url)
    else:
        from journal.db.sqlite import Sqlite

        database = Sqlite(url)
    try:
        prepare(database)
    except BaseException:
        database.engine.dispose()
        raise
    return database
