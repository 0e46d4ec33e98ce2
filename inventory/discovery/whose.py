"""Whose each discovered thing is: an integration's, our own, or nobody's yet. Pure.

Sure is what people declared, now or when an earlier snapshot was taken, and what the provider itself links to such a
thing: the account that a client works as, the app that a key was made for. Names and addresses are the attacker's to
choose: they make a thing likely, which counts in every word, and no run touches it.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inventory.discovery.thing import Thing
from inventory.integrations.model import FootholdEntry, Integration, OwnEntry

How = Literal["declared", "linked", "declared-before", "likely"]
SHORTEST = 4
"""A name of fewer letters stands in half of all titles: it makes nothing likely."""


@dataclass(frozen=True, slots=True)
class Owner:
    """That a thing is an integration's, how that is known, and why in words. `foothold`: id of the declared one."""

    integration: str
    how: How
    why: str
    foothold: str = ""

    @property
    def sure(self) -> bool:
        """Whether more than its name or address says so."""
        return self.how != "likely"


@dataclass(frozen=True)
class Whose:
    """All footholds that were discovered, and whose they are.

    Attributes:
        owners: place -> whose; no entry: nobody's. ours: place -> why it is no third party's.
        missing: (integration, foothold) that are declared at a listed connection and kind, and are not there.
    """

    things: Mapping[str, Thing]
    owners: Mapping[str, Sequence[Owner]]
    ours: Mapping[str, str]
    missing: Sequence[tuple[str, FootholdEntry]]

    @property
    def unknown(self) -> list[Thing]:
        """What is nobody's by declaration: to be adopted, or said to be ours."""
        declared = {place for place, owners in self.owners.items() if any(o.how == "declared" for o in owners)}
        return [thing for place, thing in self.things.items() if place not in declared and place not in self.ours]


@dataclass
class _Sorter:
    things: Mapping[str, Thing]
    integrations: Mapping[str, Integration]
    accounts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[str, dict[str, Owner]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, place: str, owner: Owner) -> bool:
        """Note an owner, unless as good a word is there."""
        if owner.integration in self.owners[place]:
            return False
        self.owners[place][owner.integration] = owner
        return True


def whose(
    things: Iterable[Thing], integrations: Mapping[str, Integration], ours: Sequence[OwnEntry],
    systems: Mapping[str, str], listed: frozenset[tuple[str, str]] = frozenset(),
) -> Whose:  # fmt: skip
    """Sort footholds by whose they are. `systems`: connection -> system; `listed`: (connection, kind) that was listed."""
    by_place = {thing.place: thing for thing in things}
    sorter = _sorter(by_place, integrations, systems)
    own = {place: why for place, thing in by_place.items() if (why := _own(thing, ours)) is not None}
    missing = _declared(sorter, listed)
    taken = {place for place, owners in sorter.owners.items() if owners}
    for place, thing in by_place.items():
        was, _, foothold = thing.declared_as.partition("/")
        if place not in taken and place not in own and was in integrations:
            sorter.add(place, Owner(was, "declared-before", f"declared as {was}/{foothold} until it was taken out"))
    _linked(sorter, own.keys(), taken)
    for place, thing in by_place.items():
        if place not in own and not sorter.owners[place]:
            for owner in _likely(thing, integrations):
                sorter.add(place, owner)
    return Whose(by_place, {p: list(o.values()) for p, o in sorter.owners.items() if o}, own, missing)


def _sorter(
    things: Mapping[str, Thing], integrations: Mapping[str, Integration], systems: Mapping[str, str]
) -> _Sorter:
    sorter = _Sorter(things, integrations)
    for place, thing in things.items():
        sorter.accounts[f"{systems.get(thing.connection, '')}:{thing.key}"].append(place)
    return sorter


def is_named(entry: FootholdEntry | OwnEntry, thing: Thing) -> bool:
    """Whether a declaration is about this thing: at its connection, of its kind, named alike."""
    if (entry.at, entry.kind) != (thing.connection, thing.kind) or not thing.names:
        return False
    shared = thing.names.keys() & entry.names.keys()
    return bool(shared) and all(str(entry.names[name]) == str(thing.names[name]) for name in shared)


def _own(thing: Thing, ours: Sequence[OwnEntry]) -> str | None:
    return next((entry.why for entry in ours if is_named(entry, thing)), None)


def _declared(sorter: _Sorter, listed: frozenset[tuple[str, str]]) -> list[tuple[str, FootholdEntry]]:
    at: dict[tuple[str, str], list[tuple[str, Thing]]] = defaultdict(list)
    for place, thing in sorter.things.items():
        at[thing.connection, thing.kind].append((place, thing))
    missing = []
    for name, integration in sorter.integrations.items():
        for entry in integration.footholds:
            there = [place for place, thing in at[entry.at or "", entry.kind] if is_named(entry, thing)]
            for place in there:
                sorter.add(place, Owner(name, "declared", f"declared as {name}/{entry.id}", entry.id))
            if not there and (entry.at or "", entry.kind) in listed:
                missing.append((name, entry))
    return missing


def _linked(sorter: _Sorter, own: Iterable[str], declared: Iterable[str]) -> None:
    """Follow the provider's links from what is surely somebody's, until nothing is new.

    What somebody declared stays theirs alone: an account that two integrations share is declared by both.
    """
    closed, links = {*own, *declared}, _links(sorter)
    waiting = [place for place, owners in sorter.owners.items() if owners]
    while waiting:
        place = waiting.pop()
        for other, why in links[place]:
            if other in closed or other == place:
                continue
            of = [owner.integration for owner in sorter.owners[place].values()]
            waiting += [other for name in of if sorter.add(other, Owner(name, "linked", why))]


def _links(sorter: _Sorter) -> dict[str, list[tuple[str, str]]]:
    """Place -> the things that the provider itself ties to it, and how: what it works as, what was made for it."""
    links: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for place, thing in sorter.things.items():
        for account in thing.works_as:
            said = f"by {thing.connection}'s word {thing.kind} {thing.key} works as it"
            links[place] += [(other, said) for other in _places(sorter, account)]
        for account in thing.belongs_to:
            for parent in _places(sorter, account):
                made = sorter.things[parent]
                links[parent].append((place, f"by {thing.connection}'s word it was made for {made.kind} {made.key}"))
    return links


def _places(sorter: _Sorter, account: str) -> list[str]:
    """The things that an account is: none where two connections to its system could both be meant."""
    found = sorter.accounts.get(account, [])
    return found if len({sorter.things[place].connection for place in found}) == 1 else []


def _likely(thing: Thing, integrations: Mapping[str, Integration]) -> list[Owner]:
    found = []
    for name, one in integrations.items():
        why = _resembles(thing, name, one) or _comes_from(thing, one)
        if why:
            found.append(Owner(name, "likely", why))
    return found


def _resembles(thing: Thing, name: str, one: Integration) -> str:
    for said in (thing.title, thing.publisher):
        words = _words(said)
        for known in (name.replace("_", " "), one.vendor.partition("(")[0]):
            wanted = _words(known)
            if len("".join(wanted)) >= SHORTEST and any(
                words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)
            ):
                return f"it is called '{said}' there"
    return ""


def _comes_from(thing: Thing, one: Integration) -> str:
    for address in (thing.used_from, *thing.hosts):
        if address and any(_within(address, known) for known in one.addresses):
            return f"{address} is one of its addresses"
    return ""


def _within(address: str, known: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(known, strict=False)
    except (ValueError, TypeError):
        return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def together(found: Whose, systems: Mapping[str, str]) -> dict[str, str]:
    """Place -> the place that it hangs on by the provider's links, of all that is nobody's: one link is one integration.

    What nothing leads to hangs on itself.
    """
    sorter = _sorter(found.things, {}, systems)
    links = _links(sorter)
    nobodys = [thing.place for thing in found.unknown if not found.owners.get(thing.place)]
    led_to = {other for place in nobodys for other, _ in links[place] if other != place}
    hangs: dict[str, str] = {}
    for root in [*(place for place in nobodys if place not in led_to), *nobodys]:  # the latter: a ring has no first
        waiting = [root] if root not in hangs else []
        while waiting:
            place = waiting.pop()
            if place in nobodys and place not in hangs:
                hangs[place] = root
                waiting += [other for other, _ in links[place]]
    return hangs


def footholds_of(found: Whose, kinds: frozenset[str]) -> dict[str, list[FootholdEntry]]:
    """Integration -> what was discovered of it and nobody declared, as footholds. `kinds`: those that can be footholds."""
    made: dict[str, list[FootholdEntry]] = defaultdict(list)
    for thing in found.unknown:
        if thing.kind not in kinds:
            continue
        for owner in found.owners.get(thing.place, ()):
            made[owner.integration].append(FootholdEntry.model_validate({
                **thing.names, "id": foothold_id(thing.kind, thing.key, {entry.id for entry in made[owner.integration]}),
                "kind": thing.kind, "at": thing.connection, "found": owner.why, "sure": owner.sure,
            }))  # fmt: skip
    return dict(made)


def foothold_id(kind: str, key: str, taken: Iterable[str]) -> str:
    """An id for something discovered: its kind and what it is called there, as far as an id can say that."""
    base = re.sub(r"[^a-z0-9]+", "_", f"{kind}_{key}".lower()).strip("_")[:36].rstrip("_")
    base = base if base[:1].isalpha() else f"f_{base}"
    used, name, at = set(taken), base, 1
    while name in used:
        at += 1
        name = f"{base}_{at}"
    return name
