"""A playbook's step bound to what carries it out: its action, find or look, its connection, and its foothold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from connectors.core import Action, Find, Look, Secret
from engine.registry import Registry
from inventory.model import FootholdEntry, Integration
from inventory.read import Inventory
from language import Checked, Step

Kind = Literal["hold", "cut", "message", "find", "look"]


class NotBound(Exception):
    """A playbook that does not fit this inventory: a sentence a line."""


@dataclass(frozen=True)
class Bound:
    """One `uses` step.

    Attributes:
        connection: the name of the connection that it works over.
        below: it stands below the wall, so it waits for the approval.
        source: the find step whose items it works through; listing again means running that find again.
        given: it works through a list that came as an input.
    """

    step: Step
    connection: str
    below: bool
    action: Action[Any, Any] | None = None
    find: Find[Any, Any] | None = None
    look: Look[Any, Any] | None = None
    source: str | None = None
    given: bool = False

    @property
    def id(self) -> str:
        """The step's id."""
        return self.step.id

    @property
    def kind(self) -> Kind:
        """What it is to a responder."""
        if self.action is None:
            return "find" if self.find is not None else "look"
        if self.action.stops == "nothing":
            return "message"
        return "cut" if self.action.cuts else "hold"

    @property
    def does(self) -> frozenset[Any]:
        """The families that it fulfils."""
        return self.action.does if self.action is not None else frozenset()


def bind(checked: Checked, found: Registry, inventory: Inventory, integration: Integration | None) -> dict[str, Bound]:
    """Every `uses` step of the contain phase, by id; NotBound with all that does not fit."""
    bound: dict[str, Bound] = {}
    problems = [
        f"step {step.id} ({step.uses}): recovery carries out approve and undo steps so far"
        for step in checked.playbook.recover if step.kind == "uses"
    ]  # fmt: skip
    for step in checked.playbook.contain:
        if step.kind != "uses":
            continue
        system = step.uses.partition(".")[0]
        at = step.at or _foothold_connection(system, inventory, integration)
        try:
            connection = inventory.connection_of(system, at)
        except LookupError as error:
            problems.append(f"step {step.id} ({step.uses}): {error}")
            continue
        selector = checked.selector(step.id)
        bound[step.id] = Bound(
            step, connection, step.id in checked.below_wall,
            found.actions.get(step.uses), found.finds.get(step.uses), found.looks.get(step.uses),
            source=selector[1] if selector and selector[0] == "steps" else None,
            given=bool(selector and selector[0] == "inputs"),
        )  # fmt: skip
    if problems:
        raise NotBound("\n".join(problems))
    return bound


def _foothold_connection(system: str, inventory: Inventory, integration: Integration | None) -> str | None:
    for entry in integration.footholds if integration is not None else ():
        connection = inventory.config.connections.get(entry.at or "")
        if connection is not None and connection.system == system:
            return entry.at
    return None


def foothold_of(
    footholds: Sequence[FootholdEntry], connection: str, params: Sequence[BaseModel]
) -> FootholdEntry | None:
    """The foothold that a step works on: at its connection, and named alike in what the step is asked about.

    Where nothing that the step is asked about names a foothold (a list of tokens), it is the only one there, or none.
    """
    there = [entry for entry in footholds if entry.at == connection]
    shared = [(entry, _shared(entry.names, params)) for entry in there]
    named = [entry for entry, agreements in shared if agreements and all(agreements)]
    silent = [entry for entry, agreements in shared if not agreements]
    fitting = named or (silent if len(there) == 1 else [])
    return fitting[0] if len(fitting) == 1 else None


def _shared(names: Mapping[str, Any], params: Sequence[BaseModel]) -> list[bool]:
    """For each field that both name: whether they agree."""
    return [
        getattr(asked, name) == names[name]
        for asked in params
        for name in sorted(type(asked).model_fields.keys() & names.keys())
        if not isinstance(getattr(asked, name), Secret)
    ]
