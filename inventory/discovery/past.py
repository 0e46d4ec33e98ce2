"""What was there before: the last snapshot before a time, believed only where it is what the journal's chain says."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.discovery.shelf import Shelf, Snapshot
from journal.errors import JournalFailed
from journal.event import JOURNAL
from journal.store import Journal


def chained(journal: Journal) -> dict[int, str]:
    """The digest of each snapshot, as the journal's own chain has it."""
    return {
        int(event.body["snapshot"]): str(event.body["digest"])
        for event in journal.events(JOURNAL)
        if event.type == "discovered"
    }


def wrong(shelf: Shelf, snapshot: Snapshot, known: Mapping[int, str]) -> str:
    """Why a snapshot is not to be believed; "" where it is just what was listed then."""
    if snapshot.n not in known:
        return f"snapshot {snapshot.n} is not in the journal's chain"
    try:
        digest, _ = shelf.digest(snapshot.n)
    except JournalFailed as error:
        return str(error)
    if not digest == snapshot.digest == known[snapshot.n]:
        return f"snapshot {snapshot.n} is not what the journal's chain says: it was altered"
    return ""
