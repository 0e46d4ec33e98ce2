"""Walks the connectors into what others need of them: systems by name, and the plain catalogue for the language."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NewType

from pydantic import BaseModel, create_model

import connectors
from connectors.core import Action, Connector, Find, Look
from engine.alert import Alert
from inventory.model import Org
from language import Catalogue, Cut, Entry, Nothing

MACROS = (
    *(
        Entry(
            name=f"isolate.{layer}", kind="macro", params=Nothing, output=Cut, layer=layer, needs_integration=True,
            doc=f"Close every foothold of the integration on the {layer} layer: above the wall what can be undone, "
            "below it all.",
        )
        for layer in ("identity", "application", "network", "data")
    ),
    Entry(
        name="preserve.usage", kind="macro", params=Nothing, output=Cut, needs_integration=True,
        doc="Keep what the integration's footholds show of their use, before anything is closed.",
    ),
)  # fmt: skip
"""What goes over all footholds of the playbook's integration, with whatever its connectors can do there."""


@dataclass(frozen=True)
class Registry:
    """Every connector, and every name that a playbook can use."""

    systems: Mapping[str, Connector]
    actions: Mapping[str, Action[Any, Any]]
    finds: Mapping[str, Find[Any, Any]]
    looks: Mapping[str, Look[Any, Any]]

    def system_of(self, name: str) -> Connector:
        """The connector that an action, find or look belongs to."""
        return self.systems[name.partition(".")[0]]


@cache
def registry() -> Registry:
    """Import every module of the connectors' room, once, and gather what they declare."""
    systems: dict[str, Connector] = {}
    for module in pkgutil.iter_modules(connectors.__path__, "connectors."):
        if module.name == "connectors.core":
            continue
        loaded = importlib.import_module(module.name)
        for value in vars(loaded).values():
            if isinstance(value, Connector):
                systems[value.name] = value
    return registry_of(systems)


def registry_of(systems: Mapping[str, Connector]) -> Registry:
    """The registry of just these connectors."""
    return Registry(
        systems,
        {name: action for system in systems.values() for name, action in system.actions.items()},
        {name: find for system in systems.values() for name, find in system.finds.items()},
        {name: look for system in systems.values() for name, look in system.looks.items()},
    )


@cache
def _item(find: Find[Any, Any]) -> type[BaseModel]:
    """What `item` holds for a find: the fields that name the thing, and those that were seen of it."""
    shown: dict[str, Any] = {}
    for model in (find.of.state, find.of.params):
        for name, info in model.model_fields.items():
            if "sealed" not in info.metadata:
                shown[name] = (Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation, ...)
    made: type[BaseModel] = create_model(f"Item_{find.name.replace('.', '_')}", **shown)
    return made


def item_of(find: Find[Any, Any], params: BaseModel, seen: BaseModel) -> BaseModel:
    """One found thing as the language sees it."""
    model = _item(find)
    fields = model.model_fields
    values = {
        name: getattr(source, name) for source in (seen, params) for name in type(source).model_fields if name in fields
    }
    return model.model_construct(**values)


def catalogue(
    found: Registry,
    names: Mapping[str, frozenset[str]] | None = None,
    alerts: Mapping[str, type[BaseModel]] | None = None,
) -> Catalogue:
    """What the language may name. `names`: roles and connections of an inventory; None: it is checked without one.

    `alerts`: the alerts of sources that say more exactly what their fields hold.
    """
    entries = {entry.name: entry for entry in MACROS}
    for name, action in found.actions.items():
        entries[name] = Entry(
            name=name, kind="message" if action.stops == "nothing" else "action", params=action.params, layer=action.layer, undoable=not action.cuts,
            families=frozenset(action.does), system=name.partition(".")[0], doc=_first(action.doc),
        )  # fmt: skip
    for name, find in found.finds.items():
        entries[name] = Entry(
            name=name, kind="find", params=find.params, item=_item(find), system=name.partition(".")[0],
            doc=_first(find.doc),
        )  # fmt: skip
    for name, look in found.looks.items():
        entries[name] = Entry(
            name=name, kind="look", params=look.params, output=look.state, system=name.partition(".")[0],
            doc=_first(look.doc),
        )  # fmt: skip
    footholds = {
        name: next(iter(system.footholds.values())) for name, system in found.systems.items() if system.footholds
    }
    return Catalogue(
        entries=entries, footholds=footholds, input_types=_ids(found), org=Org, alert=Alert, names=names,
        alerts=alerts or {},
    )  # fmt: skip


def _ids(found: Registry) -> dict[str, Any]:
    """The types of ids that an input may have: `okta.user` for what okta's looks know a user by."""
    ids: dict[str, Any] = {}
    for look in found.looks.values():
        for name, info in look.params.model_fields.items():
            if isinstance(info.annotation, NewType):
                ids[f"{look.name.partition('.')[0]}.{name}"] = info.annotation
    return ids


def _first(doc: str) -> str:
    return doc.partition("\n")[0]
