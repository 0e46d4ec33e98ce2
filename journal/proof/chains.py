"""Chains: each event holds the hash of the one before it in its run. A pure check; it shares no code with the writer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from journal.canonical import INTEGER_LIMIT, canonical
from journal.clock import AT_PATTERN
from journal.proof.stored import Broken, Stored, StoredHead, is_int, key, name, span

_AT = re.compile(AT_PATTERN)


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody else says of an event: a record in the journal's own chain, or a signed head.

    Attributes:
        run: its run.
        n: its place.
        hash: its hash; None where only its fence is said.
        fence: its fence; None where only its hash is said.
        who: who says so, as the subject of a sentence.
    """

    run: str
    n: int
    hash: str | None
    fence: int | None
    who: str


@dataclass(slots=True)
class Chain:
    """What is known of a run so far. `follows` are the hashes that its next event may name as the one before."""

    n: int = 0
    follows: tuple[object, ...] = ("",)
    fence: int = 1
    at: str = ""
    incident: object = None
    first_at: str = ""


@dataclass(slots=True)
class Chains:
    """The chains of a journal while its rows go by.

    Attributes:
        runs: each run so far.
        places: what is said elsewhere of events that are still to come, by run and place.
        marks: places whose time is wanted; `times` has them afterwards.
        cut: runs whose row in `leases` counts more events than there are: what is beyond their end is said already.
    """

    runs: dict[str, Chain] = field(default_factory=dict)
    places: dict[str, dict[int, list[Place]]] = field(default_factory=dict)
    marks: dict[str, set[int]] = field(default_factory=dict)
    times: dict[tuple[str, int], str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)

    def expect(self, place: Place) -> None:
        """Compare that event, when it comes, with what is said of it."""
        said = self.places.setdefault(place.run, {}).setdefault(place.n, [])
        if not any((one.hash, one.fence) == (place.hash, place.fence) for one in said):
            said.append(place)

    def check(self, rows: Iterable[Stored]) -> Iterator[Broken]:
        """Check rows in the order of their runs and places."""
        for row in rows:
            run = key(row.run)
            chain = self.runs.setdefault(run, Chain())
            digest, why = _own(row)
            if not is_int(row.n):
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
            if run in self.places and row.n in self.places[run]:
                for place in self.places[run].pop(row.n):
                    yield from _as_said(row, chain, place)
            if run in self.marks and row.n in self.marks[run] and isinstance(row.at, str):
                self.times[run, row.n] = row.at

    def ends(self, heads: Iterable[StoredHead]) -> Iterator[Broken]:
        """Check that each chain ends where its row in `leases` says."""
        seen = set()
        for head in heads:
            seen.add(key(head.run))
            run = name(head.run)
            chain = self.runs.get(key(head.run), Chain())
            if not is_int(head.last_n) or not is_int(head.fence):
                yield Broken(run, 0, f"Run {run}: its row in leases was altered.")
            elif head.last_n > chain.n:
                self.cut.add(key(head.run))
                lost = span(chain.n + 1, head.last_n)
                yield Broken(run, chain.n + 1, f"Run {run}: {lost} cut off its end; its row in leases counts them.")
            elif head.last_n < chain.n:
                what = f"Run {run}: event {chain.n} is more than its row in leases counts ({head.last_n})."
                yield Broken(run, chain.n, what)
            elif head.head not in chain.follows:
                yield Broken(run, chain.n, f"Run {run}: event {chain.n} is not the one whose hash leases holds.")
            elif head.fence < chain.fence or (chain.n and head.incident != chain.incident):
                yield Broken(run, chain.n, f"Run {run}: its row in leases does not fit its event {chain.n}.")
        for one in self.runs.keys() - seen:
            run = name(one)
            yield Broken(run, 0, f"Run {run} has events and no row in leases: it was put in, or that was removed.")

    def missed(self) -> Iterator[Broken]:
        """Name what is said elsewhere of events that did not come: one finding a run, the nearest to its end."""
        for run, places in self.places.items():
            beyond = [n for n in places if n > self.runs.get(run, Chain()).n]
            if beyond and run not in self.cut:
                last, place = self.runs.get(run, Chain()).n, places[min(beyond)][0]
                ends = f"ends with event {last}" if last else "is not there"
                what = f"{place.who} tells of event {place.n} of run {name(run)}, which {ends}: it was cut off, or an older copy was put back."
                yield Broken(name(run), last + 1, what)


def _own(row: Stored) -> tuple[str | None, str]:
    """Calculate a row's hash and say why the row, taken alone, is not as it was written ("" when it is)."""
    texts = (row.run, row.incident, row.at, row.type, row.body, row.prev, row.hash)
    numbers = is_int(row.n) and is_int(row.fence) and max(abs(row.n), abs(row.fence)) < INTEGER_LIMIT
    if not numbers or not all(isinstance(text, str) for text in texts):
        return None, "one of its columns has another type than it was written with"
    try:
        body = orjson.loads(row.body)
        text = canonical(body)
        columns = {
            "at": row.at, "body": orjson.Fragment(text), "fence": row.fence, "incident": row.incident, "n": row.n,
            "prev": row.prev, "run": row.run, "type": row.type,
        }  # fmt: skip
        digest = hashlib.sha256(orjson.dumps(columns, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except (TypeError, ValueError):
        return None, "it holds what no event can hold: it was altered"
    if digest != row.hash:
        return digest, "it is not what was written: its hash does not fit its content"
    if text.decode() != row.body or not isinstance(body, dict):
        return digest, "its body is spelled in another way than it was written"
    return digest, ""


def _beside(row: Stored, chain: Chain, *, in_place: bool) -> Iterator[Broken]:
    """Check a row that is whole against what came before it."""
    if in_place and row.prev not in chain.follows:
        yield _broken(row, f"it does not follow the event {row.n - 1} that stands before it: one of them was exchanged")
    if chain.incident is not None and row.incident != chain.incident:
        yield _broken(row, f"it is foreign: the run is of incident {name(chain.incident)}")
    if row.fence < chain.fence:
        yield _broken(row, f"its fence {row.fence} is older than {chain.fence}: an owner wrote who had been replaced")
    if not _AT.fullmatch(row.at) or row.at < chain.at:
        yield _broken(row, "its time is no time, or before that of the event before it")
    chain.fence, chain.at = max(row.fence, chain.fence), max(row.at, chain.at)
    chain.incident = row.incident if chain.incident is None else chain.incident


def _as_said(row: Stored, chain: Chain, place: Place) -> Iterator[Broken]:
    if place.hash is not None and place.hash not in chain.follows:
        yield _broken(row, f"{place.who} has another hash of it ({place.hash[:16]}): it was written anew or exchanged")
    elif place.fence is not None and (row.type, row.fence) != ("leased", place.fence):
        yield _broken(row, f"{place.who} says that the run was taken up here under fence {place.fence}: it was not")


def _broken(row: Stored, why: str) -> Broken:
    run, n = name(row.run), row.n if is_int(row.n) else 0
    return Broken(run, n, f"Run {run}, event {n or name(row.n)}: {why}.")


def _missing(row: Stored, first: int) -> Broken:
    run = name(row.run)
    return Broken(run, first, f"Run {run}: {span(first, row.n - 1)} missing before event {row.n}.")
