"""Footholds that discovery found: which of them a run may act on, and what is said of those that it leaves alone.

What the provider itself ties to an integration is acted on like what is declared. What is only likely counts in the word
and is touched by no run: its name may be the attacker's, or another team's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import Secret
from connectors.core.model import is_url_path
from engine.judge import FootholdState
from engine.registry import registry
from inventory.integrations.model import FootholdEntry, Integration
from inventory.read import Inventory

OLD = timedelta(days=7)
"""From this age on a plan says of a snapshot that it is old."""

Aside = Mapping[str, tuple[FootholdState, str]]
"""Footholds that no run touches: id -> how each counts, and why."""

ADOPT = "adopt it (`ringfence integrations discover --adopt`)"


def set_aside(inventory: Inventory, integration: Integration | None, *, declared_only: bool = False) -> Aside:
    """The found footholds that no step may act on.

    `declared_only`: nobody started this run, so that it touches what people declared and nothing else.
    """
    entries = integration.footholds if integration is not None else ()
    said = {entry.id: _aside(inventory, entry, declared_only=declared_only) for entry in entries if entry.found}
    return {name: why for name, why in said.items() if why is not None}


def acted_on(integration: Integration, aside: Aside) -> Integration:
    """The integration with only those footholds that steps may act on: what is declared comes first."""
    left = [entry for entry in integration.footholds if entry.id not in aside]
    return integration.model_copy(update={"footholds": tuple(sorted(left, key=lambda entry: bool(entry.found)))})


def fields_of_found(inventory: Inventory, entry: FootholdEntry) -> tuple[str, dict[str, object]]:
    """A found foothold's system and the fields that name it there.

    Only plain names: a provider's text is never taken for a reference to a secret of ours, nor for a path.
    """
    system = inventory.config.connections[entry.at or ""].system
    model = registry().systems[system].footholds[entry.kind]
    kept = {n: v for n, v in entry.names.items() if n in model.model_fields and not _ours(model.model_fields[n])}
    return system, kept


def _aside(inventory: Inventory, entry: FootholdEntry, *, declared_only: bool) -> tuple[FootholdState, str] | None:
    if not entry.sure:
        return "unknown", (
            f"found, not sure to be this integration's: {entry.found}. No run touches it: {ADOPT},"
            " or say in integrations.yaml whose it is"
        )  # fmt: skip
    if declared_only:
        return "open", f"found, not declared: {entry.found}. An alert started this run, which acts on what is declared"
    if why := _unfit(inventory, entry):
        return "open", f"found, not declared: {entry.found}. {why}"
    return None


def _unfit(inventory: Inventory, entry: FootholdEntry) -> str:
    """Why no step can be given a found foothold; "" where one can."""
    connection = inventory.config.connections.get(entry.at or "")
    connector = registry().systems.get(connection.system) if connection is not None else None
    if connection is None or connector is None:
        return f"No connection of ours reaches it{f' ({entry.at} is none)' if entry.at else ''}"
    model = connector.footholds.get(entry.kind)
    if model is None:
        return f"Nothing here acts on a {entry.kind} at {connection.system}: close it by hand"
    _, fields = fields_of_found(inventory, entry)
    missing = [n for n, info in model.model_fields.items() if info.is_required() and n not in fields]
    if missing:
        named = " and ".join(name.replace("_", " ") for name in missing)
        return f"Its {named} {'is' if len(missing) == 1 else 'are'} not in the inventory: {ADOPT}"
    try:
        model.model_validate(fields)
    except ValueError:
        return f"What {entry.at} calls it is no name that {connection.system} takes: {ADOPT}"
    return ""


def _ours(info: Any) -> bool:
    """Whether a field can only come from people of ours: a secret, or a path that is taken as it stands."""
    return info.annotation is Secret or is_url_path(info)


def of_discovery(inventory: Inventory) -> dict[str, Any]:
    """What a run's record says of the discovery that it stands on."""
    snapshot = inventory.snapshot
    if snapshot is None:
        return {"source": inventory.discovered}
    return {
        "source": inventory.discovered, "snapshot": snapshot.number, "digest": snapshot.digest,
        "begun_at": snapshot.begun_at.astimezone(UTC).isoformat(), "not_listed": dict(snapshot.not_listed),
    }  # fmt: skip


def told(discovered: Mapping[str, Any], at: datetime) -> list[str]:
    """What must be said of a discovery before people rely on it: a sentence each. `discovered`: as it was recorded."""
    if not discovered.get("snapshot"):
        return ["Nobody has looked for other ways in: `ringfence integrations discover`"]
    age = at - datetime.fromisoformat(str(discovered["begun_at"]))
    said = []
    if age > OLD:
        said.append(f"Other ways in were last looked for {age.days} days ago: `ringfence integrations discover`")
    said += [
        f"{name} could not be listed, so nothing is known of other ways in there: {why}"
        for name, why in sorted(discovered.get("not_listed", {}).items())
    ]
    return said
