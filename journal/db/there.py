"""Is there a journal? Asked by whoever reads: reading must not make one."""

from __future__ import annotations

from journal.db.address import is_postgres, plain, scrubbed, shown
from journal.errors import JournalFailed

REACH_S = 5


def exists(url: str) -> bool:
    """Whether there is a journal at this URL. Raises JournalFailed when its server can not be asked."""
    if not is_postgres(url):
        from journal.db.sqlite import path_of

        return path_of(url).exists()
    import psycopg

    try:
        with psycopg.connect(plain(url), connect_timeout=REACH_S) as conn:
            row = conn.execute(
                "SELECT to_regclass('leases') IS NOT NULL AND to_regclass('events') IS NOT NULL"
            ).fetchone()
    except psycopg.Error as error:
        raise JournalFailed(
            f"The journal {shown(url)} can not be reached ({scrubbed(str(error), url)}). See that its server runs, and"
            " check the journal's URL."
        ) from None
    return bool(row and row[0])
