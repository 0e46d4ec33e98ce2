"""Reading the record: what is said of a run that is gone, that somebody read one, and how to read what cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson

from journal.custody.standing import standing
from journal.errors import JournalError, JournalFailed, Pruned, UnknownRun
from journal.event import JOURNAL, Draft, Event, Private
from journal.proof.stored import Broken, Found, Stored
from journal.seal.people import read, tokens_in
from journal.store import Journal


def absent(journal: Journal, named: str) -> JournalError:
    """Say why there are no events of this run, or no runs of this incident: pruned, or they never were."""
    return _absent(journal.events(JOURNAL), named)


def _absent(own: list[Event], named: str) -> JournalError:
    gone = standing(own).pruned
    found = [event for run, event in gone.items() if named in {run, event.body["incident"]}]
    return Pruned(found[-1].at, found[-1].body) if found else UnknownRun(named)


async def note_reading(journal: Journal, run: str, incident: str, by: str, how: str) -> None:
    """Record that a person read a run's record. Raises JournalError when that cannot be written."""
    await journal.record(Draft("read", {"run": run, "incident": incident, "by": Private(by), "how": how}))


def events_at(url: str, run: str | None) -> tuple[str | None, list[Event]]:
    """Read a run, or the newest, where the journal cannot be opened to write. Names read as pseudonyms.

    Raises UnknownRun, Pruned, JournalFailed.
    """
    from journal.proof.raw import read_stored

    own: list[Event] = []
    runs: dict[str, list[Event]] = {}

    def take(found: Found) -> Iterator[Broken]:
        own.extend(map(_event, found.own))
        for row in found.rows:
            runs.setdefault(row.run, []).append(_event(row))
        return iter(())

    for broken in read_stored(url, run, take):
        raise JournalFailed(f"{broken} `ringfence journal verify` says more.")
    if run is None:
        run = max(runs, key=lambda one: runs[one][0].at, default=None)
    elif run not in runs:
        raise _absent(own, run)
    return run, [_nameless(event) for event in runs[run]] if run else []


def _event(row: Stored) -> Event:
    try:
        return Event(
            row.run, row.n, row.incident, row.fence, row.at, row.type, orjson.loads(row.body), row.prev, row.hash
        )
    except (orjson.JSONDecodeError, TypeError):
        raise JournalFailed(f"An event of run {row.run} was altered: `ringfence journal verify`.") from None


def _nameless(event: Event) -> Event:
    hidden = {field: read(None, "", event.body[field]) for field in tokens_in(event.type, event.body)}
    return replace(event, body={**event.body, **hidden})
