"""Reading the record: it is recorded who did, and where it cannot be written it is read all the same."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from triggers.cli import place
from triggers.cli.desk import who

if TYPE_CHECKING:
    from journal import Event, Journal

HOW = "journal show"


def read(run: str | None) -> tuple[str | None, list[Event]]:
    """Give a run, or the newest, and its events, and record the reading. Raises UnknownRun, Pruned, JournalFailed."""
    from journal import Keys
    from journal.custody import reading
    from journal.errors import JournalFailed

    try:
        journal = place.open_journal(Keys.none())
    except JournalFailed as error:
        found, events = reading.events_at(place.journal_url(), run)
        _not_recorded(str(error))
        return found, events
    try:
        rows = journal.runs()
        found = run or (rows[0].run if rows else None)
        events = journal.events(found) if found else []
        if run is not None and not events:
            raise reading.absent(journal, run)
        if events:
            _record(journal, events[0])
    finally:
        journal.close()
    return found, events


def _record(journal: Journal, first: Event) -> None:
    from journal.custody.reading import note_reading
    from journal.errors import JournalError

    try:
        asyncio.run(note_reading(journal, first.run, first.incident, who(), HOW))
    except JournalError as error:
        _not_recorded(str(error))


def _not_recorded(why: str) -> None:
    print(f"That you read this was not recorded: {why}", file=sys.stderr)
