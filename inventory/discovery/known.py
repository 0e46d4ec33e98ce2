"""What the newest snapshot says of this inventory: whose each thing is, what nobody declared, and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.core import Connector
from inventory.discovery.shelf import Shelf, Snapshot
from inventory.discovery.whose import Whose, footholds_of, whose
from inventory.integrations.model import FootholdEntry
from inventory.read import Inventory
from journal.clock import now

OLD = timedelta(days=7)
"""A snapshot of this age tells little of tonight."""
NEVER = "nobody has looked for other ways in: `ringfence integrations discover`"


@dataclass(frozen=True)
class Known:
    """A snapshot, sorted.

    Attributes:
        footholds: integration -> what was discovered of it and nobody declared.
        source: where that comes from, as a plan says it: which snapshot, how old, what could not be listed.
    """

    snapshot: Snapshot | None
    whose: Whose
    footholds: Mapping[str, list[FootholdEntry]]
    source: str


def known(shelf: Shelf, inventory: Inventory, systems: Mapping[str, Connector]) -> Known:
    """Sort the newest snapshot by whose its things are."""
    snapshot = shelf.latest()
    if snapshot is None:
        return Known(None, Whose({}, {}, {}, ()), {}, NEVER)
    found = sorted_out(shelf, snapshot, inventory)
    kinds = {kind for system in systems.values() for kind in system.footholds}
    return Known(snapshot, found, footholds_of(found, frozenset(kinds)), _source(snapshot, inventory))


def sorted_out(shelf: Shelf, snapshot: Snapshot, inventory: Inventory) -> Whose:
    """Whose the things of a snapshot are, by this inventory."""
    connections = inventory.config.connections
    there = {
        (name, kind)
        for name, kinds in snapshot.listed.items()
        for kind, one in kinds.items()
        if name in connections and one["at"] == inventory.base(connections[name].url).rstrip("/")
    }  # of another tenant, or another start of the practice company, it says nothing
    return whose(
        (thing for thing in shelf.things(snapshot.n) if (thing.connection, thing.kind) in there),
        inventory.integrations, inventory.ours, {name: entry.system for name, entry in connections.items()},
        frozenset((name, kind) for name, kind in there if not snapshot.listed[name][kind]["why"]),
    )  # fmt: skip


def remember(shelf: Shelf, found: Whose) -> None:
    """Keep as what each thing is declared now: what is taken out of the file later is still known for whose it was."""
    names = {}
    for place, thing in found.things.items():
        declared = next((o for o in found.owners.get(place, ()) if o.how == "declared"), None)
        if declared is not None:
            names[thing.connection, thing.kind, thing.key] = f"{declared.integration}/{declared.foothold}"
        elif place in found.ours:
            names[thing.connection, thing.kind, thing.key] = ""
    if names:
        shelf.declare(names)


def _source(snapshot: Snapshot, inventory: Inventory) -> str:
    mine = {name: snapshot.listed.get(name, {}) for name in inventory.config.connections}
    times = [datetime.fromisoformat(one["ended_at"]) for kinds in mine.values() for one in kinds.values()]
    if not times:
        return NEVER
    said = f"snapshot {snapshot.n} of {min(times):%Y-%m-%d %H:%M} UTC"
    if (age := now() - min(times)) > OLD:
        said += f", {age.days} DAYS OLD"
    if failed := sorted(name for name in mine if snapshot.whys(name)):
        said += f"; NOT LISTED: {', '.join(failed)}"
    return said
