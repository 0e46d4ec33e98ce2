"""What the newest snapshot says of this inventory: whose each thing is, what nobody declared, and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.core import Connector
from inventory import discovered
from inventory.discovery.shelf import Shelf, Snapshot
from inventory.discovery.whose import Whose, footholds_of, whose
from inventory.integrations.model import FootholdEntry
from inventory.read import Inventory

NEVER = "never discovered"


@dataclass(frozen=True)
class Known:
    """A snapshot, sorted.

    Attributes:
        footholds: integration -> what was discovered of it and nobody declared.
        source: where that comes from, in words. stands_on: the same for a run's record; None where nobody looked yet.
    """

    snapshot: Snapshot | None
    whose: Whose
    footholds: Mapping[str, list[FootholdEntry]]
    source: str
    stands_on: discovered.Snapshot | None = None


def known(shelf: Shelf, inventory: Inventory, systems: Mapping[str, Connector]) -> Known:
    """Sort the newest snapshot by whose its things are."""
    snapshot = shelf.latest()
    if snapshot is None:
        return Known(None, Whose({}, {}, {}, ()), {}, NEVER)
    found = sorted_out(shelf, snapshot, inventory)
    kinds = {kind for system in systems.values() for kind in system.footholds}
    footholds, stands_on = footholds_of(found, frozenset(kinds)), _stands_on(snapshot, inventory)
    if stands_on is None:
        return Known(snapshot, found, footholds, NEVER)
    return Known(
        snapshot, found, footholds, f"snapshot {snapshot.n} of {stands_on.begun_at:%Y-%m-%d %H:%M} UTC", stands_on
    )


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


def _stands_on(snapshot: Snapshot, inventory: Inventory) -> discovered.Snapshot | None:
    """The snapshot as these connections know it: as old as the oldest listing of one of them."""
    mine = {name: snapshot.listed.get(name, {}) for name in inventory.config.connections}
    times = [datetime.fromisoformat(one["begun_at"]) for kinds in mine.values() for one in kinds.values()]
    if not times:
        return None
    failed = {name: "; ".join(whys) for name in mine if (whys := snapshot.whys(name))}
    return discovered.Snapshot(snapshot.n, snapshot.digest, min(times), failed)
