"""What discovery found, put beside what is declared: a run stands on both.

What a provider calls a thing may be the attacker's choice, so of that nothing is taken here but one capped, printable line.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.core.survey import one_line
from inventory.integrations.model import FootholdEntry, Integration

if TYPE_CHECKING:
    from inventory.read import Inventory

MOST_SURE, MOST_LIKELY = 500, 100
"""Found footholds of one integration that stand each for itself; who can make things at a provider can make thousands."""
LONGEST_WHY = 300
LONGEST_ID = 40


@dataclass(frozen=True)
class Snapshot:
    """The discovery that found footholds come from.

    Attributes:
        number: its number. digest: SHA-256 of all that it listed, as the journal's own chain has it.
        begun_at: when it began to list: what came after that may be missing.
        not_listed: connection -> why it could not be listed, so that nothing is known of ways in there.
    """

    number: int
    digest: str
    begun_at: datetime
    not_listed: Mapping[str, str] = field(default_factory=dict)


def with_found(
    inventory: Inventory, found: Mapping[str, Sequence[FootholdEntry]], source: str, snapshot: Snapshot | None = None
) -> Inventory:
    """Put the found footholds of each integration behind its declared ones.

    `found`: integration -> footholds with a `found` reason; those that are declared already add nothing. Their ids are
    made to collide with none, and do not depend on what else was found. `source`: which snapshot, or why there is none.
    Raises LookupError for an integration that is not there, ValueError for a foothold that says no reason.
    """
    merged = dict(inventory.integrations)
    for name, entries in found.items():
        merged[name] = _with(inventory.integration(name), entries)
    return replace(inventory, integrations=merged, discovered=source, snapshot=snapshot)


def _with(integration: Integration, found: Sequence[FootholdEntry]) -> Integration:
    if silent := [entry.id for entry in found if not entry.found]:
        raise ValueError(f"found footholds that do not say why they are this integration's: {', '.join(silent)}")
    declared = [entry for entry in integration.footholds if not entry.found]
    once = {
        _thing(entry): entry for entry in sorted(found, key=lambda entry: (entry.sure, entry.id))
    }  # a sure one of two alike
    fresh = [one for one in found if once[_thing(one)] is one and not any(_is(other, one) for other in declared)]
    shown, left = _bounded(fresh)
    taken = {entry.id for entry in declared}
    often = Counter(entry.id for entry in shown)
    named = [_named(entry, taken, often) for entry in shown]
    more = [_rest(left, {*taken, *(entry.id for entry in named)})] if left else []
    return integration.model_copy(update={"footholds": (*declared, *named, *more)})


def _thing(entry: FootholdEntry) -> tuple[str, str | None, str]:
    return entry.kind, entry.at, json.dumps({key: str(value) for key, value in entry.names.items()}, sort_keys=True)


def _is(declared: FootholdEntry, found: FootholdEntry) -> bool:
    """Whether what was found is declared: a declaration says what it is named there, and often more."""
    said, here = declared.names, (declared.kind, declared.at) == (found.kind, found.at)
    return here and bool(found.names) and all(str(said.get(key)) == str(value) for key, value in found.names.items())


def _bounded(found: Sequence[FootholdEntry]) -> tuple[list[FootholdEntry], list[FootholdEntry]]:
    """Those that stand each for itself, sure ones first, and the rest."""
    sure, likely = [e for e in found if e.sure], [e for e in found if not e.sure]
    return [*sure[:MOST_SURE], *likely[:MOST_LIKELY]], [*sure[MOST_SURE:], *likely[MOST_LIKELY:]]


def _named(entry: FootholdEntry, taken: Iterable[str], often: Mapping[str, int]) -> FootholdEntry:
    """Give it an id of its own: one that two things want is told apart by what the things are, not by their order."""
    name = entry.id
    if name in taken or often[name] > 1:
        told = hashlib.sha256("\0".join(map(str, _thing(entry))).encode()).hexdigest()[:8]
        name = f"{name[: LONGEST_ID - 9]}_{told}"
    return entry.model_copy(update={"id": name, "found": one_line(entry.found, LONGEST_WHY)})


def _rest(left: Sequence[FootholdEntry], taken: Iterable[str]) -> FootholdEntry:
    """One foothold for all that are too many to stand each for itself: it counts, and no run touches it."""
    name = "more_found"
    while name in taken:
        name += "_"
    why = f"{len(left)} more of these were found, too many to be listed here; the first: {one_line(left[0].found, LONGEST_WHY)}"
    return FootholdEntry(id=name, kind=left[0].kind, at=left[0].at, found=why, sure=False)
