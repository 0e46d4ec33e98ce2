"""What a check of the record reads and gives: rows as they were found, and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as it was written.

    Attributes:
        run: the run; "" when it concerns the whole journal.
        n: the event's place in the run; 0 when it concerns the whole run.
        what: a sentence that names both.
    """

    run: str
    n: int
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it was found: nothing about its types is certain. `body` is text."""

    run: Any
    n: Any
    incident: Any
    fence: Any
    at: Any
    type: Any
    body: Any
    prev: Any
    hash: Any


@dataclass(frozen=True, slots=True)
class StoredHead:
    """What the run's row in `leases` says of its chain, as it was found."""

    run: Any
    incident: Any
    fence: Any
    last_n: Any
    head: Any


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """A row of `anchors`, as it was found: the columns that its record in the journal's own chain covers."""

    id: Any
    run: Any
    n: Any
    hash: Any
    at: Any
    sink: Any
    independent: Any
    statement: Any
    public: Any
    signature: Any
    receipt: Any
    why: Any


@dataclass(frozen=True, slots=True)
class Found:
    """One journal in one read transaction. Each is read once, in this order, and only as far as it is asked for.

    Attributes:
        journal: its id, from `about`; "" where it has none.
        anchors: rows of `anchors` by id.
        own: events of the journal's own chain by place.
        rows: events of the runs (or of the one asked for) by run and place.
        heads: rows of `leases`: those runs', and the one of the journal's own chain.
    """

    journal: Any
    anchors: Iterable[StoredAnchor]
    own: Iterable[Stored]
    rows: Iterable[Stored]
    heads: Iterable[StoredHead]


Check = Callable[[Found], Iterator[Broken]]


def is_int(value: object) -> bool:
    """Whether it is a whole number: True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def name(value: object) -> str:
    """Show a value that may be anything, on one line and short."""
    return (value if isinstance(value, str) and value.isprintable() and value.isascii() else ascii(value))[:120]


def key(run: object) -> str:
    """Tell runs apart, also those whose id is no text any more."""
    return run if isinstance(run, str) else f"\0{run!r}"


def span(first: int, last: int) -> str:
    """Say which events, as the subject of a sentence."""
    return f"event {first} is" if first == last else f"events {first} to {last} are"
