"""Is the record what was written? A pure check of chains; it shares no code with the writer but the spelling.

What it finds: any change, removal, exchange or insertion that was not followed by a new calculation of everything
after it. What it can not find by itself: a chain that was calculated anew from some event to its end, and a tail
that was cut off together with the head in `leases`; against whoever can write the whole file only heads that were
signed and anchored outside help.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from journal.canonical import canonical
from journal.clock import AT_PATTERN
from journal.event import Event

BROKEN_LIMIT = 1_000
"""How many findings are listed: the first ones tell."""

_AT = re.compile(AT_PATTERN)
_HASH = re.compile(r"[0-9a-f]{64}")


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


def verify(rows: Iterable[Event]) -> list[Broken]:
    """Check the events of one run or of many; each run's own in order, from its first.

    An empty list means: whole. A tail that was cut off is not seen here: nothing in a chain tells its end.
    """
    return list(islice(_Chains().check(_stored(event) for event in rows), BROKEN_LIMIT))


def verify_stored(rows: Iterable[Stored], heads: Iterable[StoredHead]) -> Iterator[Broken]:
    """Check rows as they were found, and that each chain ends where its row in `leases` says."""
    chains = _Chains()
    yield from chains.check(rows)
    yield from chains.ends(heads)


def verify_url(url: str, run: str | None = None) -> list[Broken]:
    """Check a journal's file, or one run in it, read-only, also while others write it.

    Beside the chains it checks the file's own order, that no trigger or view was put in, and each chain's end against
    `leases` (which whoever can write the file can change as well: see the module). A file that is damaged, or is no
    data base at all, is a finding. Raises JournalFailed when there is no file or it can not be read, UnknownRun.
    """
    from journal.proof.raw import read_stored

    return list(islice(read_stored(url, run, verify_stored), BROKEN_LIMIT))


def _stored(event: Event) -> Stored:
    try:
        body: Any = canonical(event.body).decode()
    except (TypeError, ValueError):
        body = None
    return Stored(
        event.run, event.n, event.incident, event.fence, event.at, event.type, body, event.prev, event.hash
    )  # fmt: skip


@dataclass(slots=True)
class _Chain:
    """What is known of a run so far. `follows` are the hashes that its next event may name as the one before."""

    n: int = 0
    follows: tuple[object, ...] = ("",)
    fence: int = 1
    at: str = ""
    incident: object = None


@dataclass(slots=True)
class _Chains:
    runs: dict[str, _Chain] = field(default_factory=dict)

    def check(self, rows: Iterable[Stored]) -> Iterator[Broken]:
        for row in rows:
            chain = self.runs.setdefault(_key(row.run), _Chain())
            digest, why = _own(row)
            if not _is_int(row.n):
                yield _broken(row, why or "its place is no number")
                continue
            if row.n <= chain.n:
                yield _broken(row, f"it is out of order, or there twice: it comes after event {chain.n}")
                continue
            in_place = row.n == chain.n + 1
            if not in_place:
                yield _missing(row, chain.n + 1)
            if why:
                yield _broken(row, why)
            else:
                yield from _beside(row, chain, in_place=in_place)
            chain.n, chain.follows = row.n, (row.hash, digest)

    def ends(self, heads: Iterable[StoredHead]) -> Iterator[Broken]:
        seen = set()
        for head in heads:
            seen.add(_key(head.run))
            name = _name(head.run)
            chain = self.runs.get(_key(head.run), _Chain())
            if not _is_int(head.last_n) or not _is_int(head.fence):
                yield Broken(name, 0, f"Run {name}: its row in leases was altered.")
            elif head.last_n > chain.n:
                lost = _range(chain.n + 1, head.last_n)
                yield Broken(name, chain.n + 1, f"Run {name}: {lost} cut off its end; its row in leases counts them.")
            elif head.last_n < chain.n:
                what = f"Run {name}: event {chain.n} is more than its row in leases counts ({head.last_n})."
                yield Broken(name, chain.n, what)
            elif head.head not in chain.follows:
                yield Broken(name, chain.n, f"Run {name}: event {chain.n} is not the one whose hash leases holds.")
            elif head.fence < chain.fence or (chain.n and head.incident != chain.incident):
                yield Broken(name, chain.n, f"Run {name}: its row in leases does not fit its event {chain.n}.")
        for run in self.runs.keys() - seen:
            name = _name(run)
            yield Broken(name, 0, f"Run {name} has events and no row in leases: it was put in, or that was removed.")


def _own(row: Stored) -> tuple[str | None, str]:
    """Calculate a row's hash and say why the row, taken alone, is not as it was written ("" when it is)."""
    texts = (row.run, row.incident, row.at, row.type, row.body, row.prev, row.hash)
    if not all(isinstance(text, str) for text in texts) or not _is_int(row.n) or not _is_int(row.fence):
        return None, "one of its columns has another type than it was written with"
    try:
        body = orjson.loads(row.body)
        text = canonical(body).decode()
        columns = {
            "at": row.at, "body": body, "fence": row.fence, "incident": row.incident, "n": row.n, "prev": row.prev,
            "run": row.run, "type": row.type,
        }  # fmt: skip
        digest = hashlib.sha256(canonical(columns)).hexdigest()
    except (TypeError, ValueError):
        return None, "it holds what no event can hold: it was altered"
    if digest != row.hash:
        return digest, "it is not what was written: its hash does not fit its content"
    if text != row.body or not isinstance(body, dict):
        return digest, "its body is spelled in another way than it was written"
    return digest, ""


def _beside(row: Stored, chain: _Chain, *, in_place: bool) -> Iterator[Broken]:
    """Check a row that is whole against what came before it."""
    if in_place and row.prev not in chain.follows:
        yield _broken(row, f"it does not follow the event {row.n - 1} that stands before it: one of them was exchanged")
    if chain.incident is not None and row.incident != chain.incident:
        yield _broken(row, f"it is foreign: the run is of incident {_name(chain.incident)}")
    if row.fence < chain.fence:
        yield _broken(row, f"its fence {row.fence} is older than {chain.fence}: an owner wrote who had been replaced")
    if not _AT.fullmatch(row.at) or row.at < chain.at:
        yield _broken(row, "its time is no time, or before that of the event before it")
    chain.fence, chain.at = max(row.fence, chain.fence), max(row.at, chain.at)
    chain.incident = row.incident if chain.incident is None else chain.incident


def _broken(row: Stored, why: str) -> Broken:
    run, n = _name(row.run), row.n if _is_int(row.n) else 0
    return Broken(run, n, f"Run {run}, event {n or _name(row.n)}: {why}.")


def _missing(row: Stored, first: int) -> Broken:
    run = _name(row.run)
    return Broken(run, first, f"Run {run}: {_range(first, row.n - 1)} missing before event {row.n}.")


def _range(first: int, last: int) -> str:
    return f"event {first} is" if first == last else f"events {first} to {last} are"


def _key(run: object) -> str:
    """Tell runs apart, also those whose id is no text any more."""
    return run if isinstance(run, str) else f"\0{run!r}"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _name(value: object) -> str:
    """Show a value that may be anything, on one line and short."""
    return (value if isinstance(value, str) and value.isprintable() and value.isascii() else ascii(value))[:120]
