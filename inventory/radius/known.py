"""What is known of the things under a foothold: by a discovery's snapshot, or by what a plan saw just now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from inventory.integrations.model import FootholdEntry

NAMED = 5
"""People who are named; the rest is counted."""


class Known(Protocol):
    """One thing of a third party's at a connection. `Seen` is one; a discovery's things are as well."""

    @property
    def connection(self) -> str:
        """Where it is."""

    @property
    def kind(self) -> str:
        """A foothold's kind, or what is a part of one: a grant, a token."""

    @property
    def key(self) -> str:
        """By what it is known there."""

    @property
    def part_of(self) -> str:
        """Key of the foothold that it is a part of; "" for a foothold."""

    @property
    def names(self) -> Mapping[str, Any]:
        """The fields that name it as a foothold."""

    @property
    def person(self) -> str:
        """Whose it is."""

    @property
    def people(self) -> int:
        """For how many it works, where they are only counted."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where it calls, or comes from."""

    @property
    def works_as(self) -> tuple[str, ...]:
        """The accounts in whose name it acts elsewhere: `system:name`."""

    @property
    def used_at(self) -> str:
        """RFC 3339; "" where it is not known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A thing as somebody saw it who keeps no snapshots: see `Known`."""

    connection: str
    kind: str
    key: str
    part_of: str = ""
    names: Mapping[str, Any] = field(default_factory=dict)
    person: str = ""
    people: int = 0
    scopes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    works_as: tuple[str, ...] = ()
    used_at: str = ""


@dataclass
class Sum:
    """Things of one kind, added up. Of each only whose it is and what it may do is kept."""

    count: int = 0
    persons: set[str] = field(default_factory=set)
    counted: int = 0
    scopes: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    works_as: set[str] = field(default_factory=set)
    used_at: str = ""

    def add(self, thing: Known) -> None:
        """Take one in."""
        self.count += 1
        if thing.person:
            self.persons.add(thing.person)
        self.counted = max(self.counted, thing.people)
        self.scopes.update(thing.scopes)
        self.hosts.update(thing.hosts)
        self.works_as.update(thing.works_as)
        self.used_at = max(self.used_at, thing.used_at)

    @property
    def people(self) -> int:
        """Those who are named or counted, whichever are more: the same people may be both."""
        return max(len(self.persons), self.counted)


@dataclass
class Under:
    """What is known of one foothold: of itself, and of what is a part of it, by kind."""

    own: Sum = field(default_factory=Sum)
    parts: dict[str, Sum] = field(default_factory=dict)

    def sums(self) -> Sequence[Sum]:
        """All of it."""
        return [self.own, *self.parts.values()]


def added_up(footholds: Iterable[FootholdEntry], things: Iterable[Known]) -> dict[str, Under]:
    """Foothold id -> what is known of it. `things` may be of any number, and of other integrations as well."""
    footholds = list(footholds)
    found = {entry.id: Under() for entry in footholds}
    by_key: dict[tuple[str, str], str] = {}
    by_kind: dict[tuple[str, str], list[FootholdEntry]] = {}
    for entry in footholds:
        values = [str(value) for value in entry.names.values()]
        for key in (*values, ",".join(values)):
            by_key.setdefault((entry.at or "", key), entry.id)
        by_kind.setdefault((entry.at or "", entry.kind), []).append(entry)
    for thing in things:
        if thing.part_of:
            name = by_key.get((thing.connection, thing.part_of))
            if name is not None:
                found[name].parts.setdefault(thing.kind, Sum()).add(thing)
            continue
        for entry in by_kind.get((thing.connection, thing.kind), ()):
            if _same(entry, thing):
                found[entry.id].own.add(thing)
                break
    return found


def _same(entry: FootholdEntry, thing: Known) -> bool:
    """It is named alike in every field that both name, or by the one name that it has."""
    shared = entry.names.keys() & thing.names.keys()
    if shared:
        return all(str(entry.names[name]) == str(thing.names[name]) for name in shared)
    return [str(value) for value in entry.names.values()] == [thing.key]
