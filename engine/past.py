"""What was there before the attacker: the snapshots of discovery, as recovery asks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine.registry import registry
from inventory.discovery.past import chained, wrong
from inventory.discovery.shelf import Shelf, Snapshot
from inventory.read import Inventory
from journal.clock import at as spelled
from journal.store import Journal

NONE_BEFORE = "no discovery ended before the first sign of the attacker"


@dataclass(frozen=True, slots=True)
class PastState:
    """What a snapshot says of one thing.

    Attributes:
        governed: its state then, as `State.governed` gives it; None: the snapshot is whole, and it was not there.
        snapshot: the snapshot's number. at: when it was begun, RFC 3339.
        why_not: why nothing can be said: no snapshot before that time, or one whose digest is not that of the journal's
            chain; "" where something can.
    """

    governed: Mapping[str, Any] | None = field(default_factory=dict)
    snapshot: int = 0
    at: str = ""
    why_not: str = ""


class Past(Protocol):
    """Whoever keeps the snapshots."""

    def state_of(self, connection: str, look: str, key: str, before: datetime) -> PastState | None:
        """One thing in the last snapshot that was begun and ended before a time. None: no survey lists such things.

        `look`, `key`: the look that sees it, and what that is asked about (`connectors.core.model.key_of`). It may read
        a data base: it is called in a thread. Raises JournalError where the data base fails.
        """


class Snapshots:
    """The snapshots beside a journal. A snapshot is believed only while it is what the journal's own chain says."""

    def __init__(self, journal: Journal, inventory: Inventory) -> None:
        self._journal, self._shelf = journal, Shelf(journal.database)
        self._inventory = inventory
        self._judged: dict[int, str] = {}

    def state_of(self, connection: str, look: str, key: str, before: datetime) -> PastState | None:
        """See `Past`."""
        kind = self._kind(connection, look)
        if kind is None:
            return None
        snapshot = self._shelf.latest(spelled(int(before.timestamp() * 1_000_000)))
        if snapshot is None:
            return PastState(why_not=NONE_BEFORE)
        if why := self._wrong(snapshot) or self._unlisted(snapshot, connection, kind):
            return PastState(snapshot=snapshot.n, at=snapshot.begun_at, why_not=why)
        thing = self._shelf.state_of(snapshot.n, connection, look, key)
        return PastState(thing.state if thing is not None else None, snapshot.n, snapshot.begun_at)

    def _kind(self, connection: str, look: str) -> str | None:
        """What the survey that lists by this look calls its things."""
        entry = self._inventory.config.connections.get(connection)
        system = registry().systems.get(entry.system) if entry is not None else None
        surveys = system.surveys.values() if system is not None else ()
        return next((survey.kind for survey in surveys if survey.of.name == look), None)

    def _wrong(self, snapshot: Snapshot) -> str:
        if snapshot.n not in self._judged:
            self._judged[snapshot.n] = wrong(self._shelf, snapshot, chained(self._journal))
        return self._judged[snapshot.n]

    def _unlisted(self, snapshot: Snapshot, connection: str, kind: str) -> str:
        """Why a snapshot says nothing of a kind of things at a connection; "" where it does."""
        listed = snapshot.listed.get(connection, {}).get(kind)
        url = self._inventory.base(self._inventory.config.connections[connection].url).rstrip("/")
        if listed is None or listed["at"] != url:
            return f"snapshot {snapshot.n} did not list {connection}"
        return f"snapshot {snapshot.n} could not list every {kind} at {connection}" if listed["why"] else ""
