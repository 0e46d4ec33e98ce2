"""What of an inventory a playbook is given: the integration that was named, its footholds' fields, their secrets read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from connectors.core import Secret, needs_of
from engine.found import acted_on, fields_of_found, set_aside
from engine.registry import registry
from inventory.integrations.model import FootholdEntry, Integration
from inventory.read import BadInventory, Inventory
from language import BadInput, Checked

CANARY = re.compile(r"\binputs\.[a-z][a-z0-9_]*\.canary\b")


def asks_for_canary(checked: Checked) -> bool:
    """Whether the playbook, or one that it uses, tries the integration's canary. Where none does it is not read."""
    return CANARY.search(checked.source) is not None or any(asks_for_canary(sub) for sub in checked.subs.values())


def integration_of(
    checked: Checked, raw: Mapping[str, object], inventory: Inventory
) -> tuple[str | None, Integration | None]:
    """The integration that was named, by its id: none where the playbook takes none, or more than one. Raises BadInput."""
    wanted = [name for name, given in checked.playbook.inputs.items() if given.type == "integration"]
    if len(wanted) != 1 or not isinstance(raw.get(wanted[0]), str):
        return None, None
    name = str(raw[wanted[0]])
    try:
        return name, inventory.integration(name)
    except LookupError as error:
        raise BadInput([f"{wanted[0]}: {error}"]) from None


def given_by(
    inventory: Inventory, pool: dict[str, Secret], *, declared_only: bool = False, canary: bool = False
) -> Callable[[str], Mapping[str, object]]:
    """An integration as playbooks see it: per system, the fields of its foothold there, secrets read by reference.

    A declared foothold comes first; where none is declared at a system, one that was found there and is surely its own.
    `canary`: the integration's canary is asked for. One that cannot be read is none: it must not keep the night waiting. Nor
    is one that is a connection's own credential: it would be shown to who is asked, and its death would say nothing.
    """

    def given(name: str) -> Mapping[str, object]:
        whole = inventory.integration(name)
        integration = acted_on(whole, set_aside(inventory, whole, declared_only=declared_only))
        shown: dict[str, object] = {
            "id": name, "title": integration.title, "owner": integration.owner, "vendor": integration.vendor,
            "addresses": list(integration.addresses),
            "footholds": [{"id": e.id, "kind": e.kind, "system": _system(inventory, e), "at": e.at} for e in integration.footholds],
        }  # fmt: skip
        if canary and integration.canary is not None and not _owner(inventory, integration.canary):
            with suppress(BadInventory):
                secret = Secret(inventory.resolve(integration.canary))
                shown["canary"] = pool[secret.fingerprint] = secret
        for entry in integration.footholds:
            system, fields = _foothold(inventory, entry, pool)
            if system and fields is not None:
                # Of several at one system the first is meant: the others are in no step, and the plan and the word say so.
                shown.setdefault(system, fields)
        return shown

    return given


def _system(inventory: Inventory, entry: FootholdEntry) -> str | None:
    connection = inventory.config.connections.get(entry.at or "")
    return connection.system if connection is not None else None


def _foothold(
    inventory: Inventory, entry: FootholdEntry, pool: dict[str, Secret]
) -> tuple[str, dict[str, object] | None]:
    try:
        needs_of(entry.kind)
    except LookupError as error:
        raise LookupError(f"foothold {entry.id}: {error}") from None
    if entry.at is None:
        return "", None
    if entry.at not in inventory.config.connections:
        raise LookupError(f"foothold {entry.id}: no connection '{entry.at}' in {inventory.path.name}")
    system = inventory.config.connections[entry.at].system
    if entry.found:
        return fields_of_found(inventory, entry)
    connector = registry().systems.get(system)
    model = connector.footholds.get(entry.kind) if connector is not None else None
    if model is None:
        return system, None
    fields: dict[str, object] = dict(entry.names)
    for name, field in model.model_fields.items():
        if field.annotation is Secret and isinstance(fields.get(name), str):
            reference = str(fields[name])
            if (owner := _owner(inventory, reference)) not in {"", entry.at}:
                raise LookupError(
                    f"foothold {entry.id}: {name}: this is the credential of {owner}, and {entry.at} would see it"
                )
            secret = Secret(inventory.resolve(reference))
            fields[name] = pool[secret.fingerprint] = secret
    try:
        model.model_validate(fields)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise LookupError(f"foothold {entry.id} at {entry.at}: {said}") from None
    return system, fields


def _owner(inventory: Inventory, reference: str) -> str:
    """The connection whose own credential a reference is; "" for nobody's. No other system may be shown it."""
    return next((name for name, one in inventory.config.connections.items() if one.secret == reference), "")


def fields_of(inventory: Inventory, pool: dict[str, Secret]) -> Callable[[FootholdEntry], Mapping[str, Any]]:
    """Give the reader of a foothold's fields; what it reads of secrets goes into the pool."""
    return lambda entry: _foothold(inventory, entry, pool)[1] or {}
