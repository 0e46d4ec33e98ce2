"""What a plan says of its integration's blast radius: as data, for whoever reads the record later.

Nobody is named in it: people are counted, since the record of a plan is in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.observe import Observation
from engine.registry import registry
from engine.state import Live
from inventory.integrations.model import Integration
from inventory.radius import Sum, Under, measured

MOST = 50
"""Entries of each list that stand in the record; how many there are stands beside them."""


def reach(live: Live, seen: Mapping[str, Observation], people: int) -> dict[str, Any]:
    """Footholds, what was given out under them, data, what stops, and what no revocation ends. Empty without an integration."""
    opened = live.run.opened
    if not opened.get("declared") or live.config is None:
        return {}
    name, one = str(opened["integration"]), Integration.recorded(opened["declared"])
    under = {
        foothold: Under(parts={kind: Sum(count) for kind, count in kinds.items()})
        for foothold, kinds in counted(live, seen).items()
    }
    found = measured(name, one, live.config.connections, registry().systems, under)
    downstream = list(opened.get("downstream", ()))
    gaps = [["", said] for said in found.cannot]
    gaps += [[each.id, said] for each in found.footholds for said in each.cannot]
    return {
        "footholds": len(found.footholds), "discovered": sum(1 for each in found.footholds if each.found),
        "states": {each.id: each.state for each in found.footholds[:MOST]},
        "credentials": found.credentials,
        "given_out": [[each.id, part.kind, part.count] for each in found.footholds for part in each.credentials][:MOST],
        "people": people, "data": list(one.data), "serves": list(one.serves), "without": one.without,
        "security": one.security, "vendor": one.vendor, "owner": one.owner,
        "downstream": downstream[:MOST], "downstream_count": len(downstream),
        "order": [[act.way, act.name, foothold.id] for foothold, act in found.order][:MOST],
        "cannot": gaps[:MOST], "cannot_count": len(gaps),
    }  # fmt: skip


def counted(live: Live, seen: Mapping[str, Observation]) -> dict[str, dict[str, int]]:
    """Foothold -> kind -> how many the plan's looks found under it."""
    targets: dict[str, dict[str, set[str]]] = {}
    for name, observed in seen.items():
        bound, foothold = live.bound[name], live.views[name].foothold
        if bound.action is None or bound.action.sees is None or not bound.many or not foothold:
            continue
        kind = bound.action.sees.name.rpartition(".")[2]
        targets.setdefault(foothold, {}).setdefault(kind, set()).update(observed.sights)
    return {name: {kind: len(found) for kind, found in kinds.items()} for name, kinds in targets.items()}
