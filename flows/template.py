"""Keeps a migrated, empty Prefect data base per version in the user's cache, so that the next fresh state folder need not migrate.

Nothing of a run is in it: it is copied from a server that has just migrated and answers nobody yet.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from flows.server import held

_DATA = "prefect.db"
_MARK = "migrated"


def version() -> str:
    """Prefect's version, without importing it."""
    return importlib.metadata.version("prefect")


def cache() -> Path:
    """Where what holds for one Prefect version is kept, for all state folders of this user."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ringfence" / f"prefect-{version()}"


def put(here: Path) -> bool:
    """Copy the template where there is no data base; give whether what lies there is migrated for this version."""
    if not (here / _DATA).exists():
        kept = cache() / _DATA
        if not kept.exists():
            return False
        draft = here / f"{_DATA}.new"
        shutil.copyfile(kept, draft)
        draft.replace(here / _DATA)
        _mark(here)
    with contextlib.suppress(OSError):
        return (here / _MARK).read_text(encoding="ascii") == version()
    return False


def keep(here: Path) -> None:
    """After a start that migrated: remember that, and keep a copy if it was a fresh data base and there is none yet."""
    fresh = not (here / _MARK).exists()
    _mark(here)
    kept = cache() / _DATA
    if not fresh or kept.exists():
        return
    with contextlib.suppress(OSError, sqlite3.Error):  # a cache: without it the next start is slow, no more
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_name(f"{_DATA}.{os.getpid()}")
        with (
            contextlib.closing(sqlite3.connect(here / _DATA)) as source,
            contextlib.closing(sqlite3.connect(draft)) as copy,
        ):
            source.backup(copy)
            empty = copy.execute("SELECT count(*) FROM flow_run").fetchone()[0] == 0
        if empty:
            draft.replace(kept)
        else:
            draft.unlink()


@contextlib.contextmanager
def ui_lock() -> Iterator[None]:
    """One server at a time unpacks the pages: two would delete each other's files."""
    with held(cache() / "ui.lock", within_s=60):
        yield


def _mark(here: Path) -> None:
    (here / _MARK).write_text(version(), encoding="ascii")
