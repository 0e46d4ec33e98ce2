"""What a playbook asks of each system: every look, find and action that it can come to, and the permission of each.

By the very binding that a run is bound by, so that what is granted and what is done cannot disagree. Without an inventory
it is bound to whatever its integration may have at the systems that the playbook names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core import Connector
from connectors.core.rights import needs_nothing
from engine.binding import bound_as_far
from engine.bound import Bound
from engine.registry import MACROS, Registry
from inventory.integrations.model import FootholdEntry, Integration
from inventory.model import Config, ConnectionEntry
from inventory.read import Inventory
from language import Checked

PRACTICE = "practice_"
"""What the systems of the practice company are called by: nobody's real integration is there."""


@dataclass(frozen=True, slots=True)
class Need:
    """One look, find, survey or action, and what our credential must be allowed for it."""

    name: str
    permission: str
    writes: bool = False


@dataclass
class Needed:
    """What is asked of one connection.

    Attributes:
        connection: its name; "" where the playbook was bound to no inventory.
        needs: by name.
    """

    system: Connector
    connection: str
    needs: dict[str, Need] = field(default_factory=dict)

    def add(self, needs: Iterable[Need]) -> None:
        """Put more to it."""
        self.needs |= {need.name: need for need in needs}

    @property
    def names(self) -> dict[str, list[str]]:
        """The permissions in the system's own words -> what needs each."""
        found: dict[str, list[str]] = {}
        for need in sorted(self.needs.values(), key=lambda need: need.name):
            for name in self._named(need):
                found.setdefault(name, []).append(need.name)
        return dict(sorted(found.items()))

    @property
    def sentences(self) -> dict[str, list[str]]:
        """What is needed that is no permission of our credential, in words -> what needs it."""
        found: dict[str, list[str]] = {}
        for need in sorted(self.needs.values(), key=lambda need: need.name):
            if not self._named(need) and not needs_nothing(need.permission):
                found.setdefault(need.permission, []).append(need.name)
        return dict(sorted(found.items()))

    def _named(self, need: Need) -> frozenset[str]:
        return self.system.rights.named(need.permission) if self.system.rights is not None else frozenset()


def needs_of_step(bound: Bound) -> Iterator[Need]:
    """What one bound step looks at and sends: its listing's positive control as well."""
    finds = [find for find in (bound.find, bound.sweep[0] if bound.sweep is not None else None) if find is not None]
    for find in finds:
        yield Need(find.name, find.permission)
        yield Need(find.of.name, find.of.permission)
        if find.control is not None:
            yield Need(find.control.name, find.control.permission)
    if bound.look is not None:
        yield Need(bound.look.name, bound.look.permission)
    if bound.action is not None:
        if bound.action.sees is not None:
            yield Need(bound.action.sees.name, bound.action.sees.permission)
        yield Need(bound.action.name, bound.action.permission, writes=True)


def needs_of_discovery(system: Connector) -> list[Need]:
    """What `integrations discover` asks of a system."""
    return [Need(survey.name, survey.permission) for survey in system.surveys.values()]


def fitting_integrations(checked: Checked, inventory: Inventory) -> dict[str, Integration] | None:
    """The integrations that the playbook could be given; None where it takes none, or several."""
    wanted = [given for given in checked.playbook.inputs.values() if given.type == "integration"]
    if len(wanted) != 1:
        return None
    connections = inventory.config.connections
    return {
        name: integration
        for name, integration in inventory.integrations.items()
        if set(wanted[0].has)
        <= {connections[e.at].system for e in integration.footholds if e.at is not None and e.at in connections}
    }


def needed_here(
    checked: Checked, found: Registry, inventory: Inventory, integrations: Mapping[str, Integration] | None
) -> tuple[dict[str, Needed], list[str]]:
    """Connection -> what these integrations' runs ask of it; and what does not fit, in sentences.

    `integrations`: None for a playbook that takes none. Secrets are not read.
    """
    needed: dict[str, Needed] = {}
    problems: dict[str, None] = {}
    for integration in [None] if integrations is None else integrations.values():
        bound, wrong = bound_as_far(checked, found, inventory, integration, lambda entry: entry.names)
        problems |= dict.fromkeys(wrong)
        for one in bound.values():
            if one.connection:
                system = found.systems[inventory.config.connections[one.connection].system]
                needed.setdefault(one.connection, Needed(system, one.connection)).add(needs_of_step(one))
    return dict(sorted(needed.items())), list(problems)


def needed_anywhere(checked: Checked, found: Registry) -> dict[str, Needed]:
    """System -> what a run asks of it, for an integration with every kind of foothold at the systems that it `has`.

    A playbook that names none may meet any system but the practice company's.
    """
    given = [given for given in checked.playbook.inputs.values() if given.type == "integration"]
    named = [system for one in given for system in one.has]
    systems = named or [name for name, one in found.systems.items() if one.footholds and not name.startswith(PRACTICE)]
    anything = Integration.model_construct(
        title="any", owner="anybody", addresses=("192.0.2.1",), footholds=tuple(_every_foothold(found, systems))
    )
    entries = {name: ConnectionEntry.model_construct(system=name, url="https://x.invalid") for name in found.systems}
    anywhere = _Anywhere(Path("anywhere"), Config.model_construct(connections=entries), {"any": anything}, str, str)
    bound, _ = bound_as_far(checked, found, anywhere, anything if given else None, lambda entry: entry.names)
    needed: dict[str, Needed] = {}
    for one in bound.values():
        if one.connection:
            needed.setdefault(one.connection, Needed(found.systems[one.connection], "")).add(needs_of_step(one))
    return dict(sorted(needed.items()))


def uses_macros(checked: Checked) -> bool:
    """Whether it, or a playbook that it uses, acts on whatever footholds its integration has."""
    macros = {entry.name for entry in MACROS}
    return any(step.uses in macros for step in checked.playbook.steps) or any(map(uses_macros, checked.subs.values()))


def _every_foothold(found: Registry, systems: Iterable[str]) -> Iterator[FootholdEntry]:
    for system in systems:
        for kind, model in found.systems[system].footholds.items():
            fields: dict[str, Any] = dict.fromkeys(model.model_fields, "any")
            yield FootholdEntry.model_construct(
                id=f"{system}_{kind}", kind=kind, at=system, found="", sure=True, **fields
            )


class _Anywhere(Inventory):
    """Every system, by one connection each that bears its name."""

    def connection_of(self, system: str, at: str | None = None) -> str:
        """The one of its name, whatever a playbook calls it."""
        del at
        return system
