"""Which integration of ours an alert is about: the one that declared a foothold of just this id, or that it is known as.

A name proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from inventory.integrations.known_as import same_id
from inventory.part import is_reference

if TYPE_CHECKING:
    from inventory.integrations.model import Integration
    from inventory.read import Inventory
    from triggers.alerts.acting.library import Match


def inputs_of(match: Match, inventory: Inventory) -> tuple[dict[str, str | list[str]], str]:
    """The inputs for a run, each integration by its id; and why there is doubt, "" where there is none.

    What an alert gives for an integration is the id of a foothold, and only a declared one's counts.
    """
    given: dict[str, str | list[str]] = {}
    doubts = []
    for name, value in match.given.items():
        if match.checked.playbook.inputs[name].type != "integration":
            given[name] = [str(one) for one in value] if isinstance(value, list | tuple) else str(value)
            continue
        if name not in match.chosen and str(value) in inventory.integrations:
            given[name] = str(value)  # the playbook itself names it
            continue
        found = having(str(value), inventory)
        if len(found) == 1 and (lacks := _lacks(found[0], match.checked.playbook.inputs[name].has, inventory)):
            doubts.append(f"{name}: {found[0]} has no foothold at {' or '.join(lacks)}, so the playbook is not for it")
        elif len(found) == 1:
            given[name] = found[0]
        elif found:
            doubts.append(f"{name}: {' and '.join(found)} both declare a foothold of that id")
        else:
            doubts.append(f"{name}: no integration declares a foothold of that id")
    wanted = [name for name, one in match.checked.playbook.inputs.items() if one.type == "integration"]
    doubts += [
        f"{name}: the alert does not say which" for name in wanted if name not in match.given and not match.doubt
    ]
    return given, "; ".join(doubts)


def is_for(match: Match, inventory: Inventory) -> bool:
    """Whether each integration that the alert names has all that the playbook is about; one that is not known may."""
    for name, value in match.given.items():
        found = having(str(value), inventory) if match.checked.playbook.inputs[name].type == "integration" else []
        if len(found) == 1 and _lacks(found[0], match.checked.playbook.inputs[name].has, inventory):
            return False
    return True


def _lacks(integration: str, systems: Sequence[str], inventory: Inventory) -> list[str]:
    """The systems that a playbook is about, and at which the integration has declared no foothold."""
    connections = inventory.config.connections
    there = {
        connections[one.at].system
        for one in inventory.integrations[integration].footholds
        if one.at in connections and not one.found
    }
    return [system for system in systems if system not in there]


def the_integration(match: Match, given: Mapping[str, Any]) -> str:
    """The one integration that a run would be about; "" where there is none, or several."""
    wanted = [name for name, one in match.checked.playbook.inputs.items() if one.type == "integration"]
    value = given.get(wanted[0]) if len(wanted) == 1 else None
    return value if isinstance(value, str) else ""


def having(value: str, inventory: Inventory) -> list[str]:
    """The integrations that declare a foothold which is called just so at its system, or known so to alerts."""
    return [name for name, one in inventory.integrations.items() if value and _declares(one, value)]


def _declares(integration: Integration, value: str) -> bool:
    return any(
        same_id(value, str(name))
        for foothold in integration.footholds if not foothold.found
        for name in (*foothold.names.values(), *foothold.known_as) if not is_reference(str(name))
    )  # fmt: skip
