"""What the inbox holds: deliveries, the findings that they tell of, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was delivered, as it is kept.

    Attributes:
        key: what the very same delivery has again. id: the sender's own; "" where it gives none.
        box: body and headers, sealed. mine: this process is to act on it.
        provenance: how we know who sent it, as `engine.alert.Provenance` spells itself.
    """

    key: str
    name: str
    source: str
    id: str
    box: bytes = field(repr=False)
    provenance: Mapping[str, Any]
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery that waits to be acted on, or was.

    Attributes:
        number: its place in the inbox, from 1. mine: this process is to act on it. word: what came of it.
    """

    number: int
    name: str
    source: str
    key: str
    delivery: str
    provenance: Mapping[str, Any]
    at: str
    box: bytes = field(repr=False, default=b"")
    word: str = ""
    mine: bool = False

    @staticmethod
    def of(row: Any, *, mine: bool = False) -> Row:
        """A row as it was read."""
        return Row(
            row.id, row.name, row.source, row.key, row.delivery, orjson.loads(row.provenance), row.at, row.body, row.word,
            mine,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sighting:
    """One alert of a delivery, as far as it matters to what is known of its finding already.

    Attributes:
        place: which of the delivery. key: of the finding. marks: digests of the principals, apps and credentials in it.
        never: why nothing can come of it whatever it says (`sample`, `test`, `resolved`); "" where something may.
        said: what the record holds of it.
    """

    place: int
    key: str
    name: str
    type: str
    status: str
    severity: int
    marks: frozenset[str]
    never: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sorted:
    """A delivery that was read.

    Attributes:
        word: what came of it where it holds no alert: `unreadable`, `ignored`. why: the reasons.
    """

    number: int
    sightings: tuple[Sighting, ...] = ()
    word: str = ""
    why: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """An alert of which something may come: exactly one decision, whatever happens to whoever makes it.

    Attributes:
        number: its own. inbox, place: of which delivery, and which alert of that.
        word: what came of it; "" until then. run: the run that it was given a place of the budget for.
    """

    number: int
    inbox: int
    place: int
    finding: str
    name: str
    at: str
    integration: str = ""
    playbook: str = ""
    severity: int = 0
    word: str = ""
    why: str = "[]"
    would: str = ""
    run: str = ""
    incident: str = ""
    started_at: str | None = None
    done_at: str | None = None

    @staticmethod
    def of(row: Any) -> Act:
        """An act as it was read."""
        return Act(
            row.id, row.inbox, row.place, row.finding, row.name, row.at, row.integration, row.playbook, row.severity,
            row.word, row.why, row.would, row.run, row.incident, row.started_at, row.done_at,
        )  # fmt: skip
