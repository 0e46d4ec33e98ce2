"""`ringfence connectors`: what can be reached and done, from the code itself. Connects to nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from connectors.core import Action, Connector

app = App("connectors", help="List the systems that can be reached, what can be done there, and what that takes.")
app.command(
    "triggers.cli.permissions:permissions",
    name="permissions",
    help="Print the least permissions that a playbook needs, in each provider's own format.",
)
app.command(
    "triggers.cli.reaching:check",
    name="check",
    help="Ask each provider whether our credential reaches what playbooks need, and whether it may more. Looks only.",
)
app.command(
    "triggers.cli.connector_new:new",
    name="new",
    help="Write a connector to begin with, its tests and plan cases: what is still to say is marked TODO.",
)


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List every system, and what it can do."""
    from engine.registry import registry

    rows = [
        {
            "system": system.name,
            "does": _about(system),
            "holds": [_short(a) for a in system.actions.values() if _kind(a) == "hold"],
            "cuts": [_short(a) for a in system.actions.values() if _kind(a) == "cut"],
            "messages": [_short(a) for a in system.actions.values() if _kind(a) == "message"],
            "footholds": sorted(system.footholds),
        }
        for system in sorted(registry().systems.values(), key=lambda system: system.name)
    ]
    if json:
        as_json({"connectors": rows})
        return
    for row in rows:
        line(f"{row['system']}: {row['does']}")
        for kind in ("holds", "cuts", "messages"):
            if row[kind]:
                line(f"    {kind}: {', '.join(row[kind])}")


@app.command
def show(name: str, /, *, json: bool = False) -> None:
    """Show one system: its actions with what they stop, whether they can be undone, and the permission each needs.

    Parameters
    ----------
    name
        A system, or one of its actions.
    json
        Print one JSON object.
    """
    from engine.registry import registry
    from language.errors import nearest, short

    found = registry()
    system = found.systems.get(name.partition(".")[0])
    if system is None or ("." in name and name not in found.actions):
        known = [*found.systems, *(found.actions if "." in name else ())]
        raise place.Refused(f"There is no connector '{short(name)}'{nearest(name, known)}")
    actions = [_action(a) for a in system.actions.values() if name in {system.name, a.name}]
    reads = [
        {"name": read.name, "kind": kind, "permission": read.permission, "does": read.doc.partition("\n")[0]}
        for kind, group in (("look", system.looks), ("find", system.finds), ("survey", system.surveys))
        for read in group.values()
        if name == system.name
    ]
    if json:
        footholds = {kind: sorted(model.model_fields) for kind, model in system.footholds.items()}
        settings = sorted(system.settings.model_fields)
        head = {"system": system.name, "does": _about(system), "credential": system.auth, "settings": settings}
        as_json(head | {"footholds": footholds, "actions": actions, "reads": reads})
        return
    if name == system.name:
        _tell_system(system)
    for action in actions:
        _tell_action(action)
    for read in reads:
        line(f"{read['name']} ({read['kind']}): {read['does']} Needs {read['permission']}.")


def _tell_system(system: Connector) -> None:
    line(f"{system.name}: {_about(system)}")
    settings = f", settings {', '.join(system.settings.model_fields)}" if system.settings.model_fields else ""
    line(f"  connection: credential {system.auth}{settings}")
    apart = f", writes {system.rate.write_gap_s:g} s apart" if system.rate.write_gap_s else ""
    line(
        f"  rate:       {system.rate.calls} calls in {system.rate.per_s:g} s, {system.rate.in_flight} in flight{apart}"
    )
    for kind, model in system.footholds.items():
        line(f"  foothold:   {kind}, named by {', '.join(model.model_fields)}")


def _tell_action(action: dict[str, Any]) -> None:
    line(f"{action['name']} ({action['kind']}, {action['layer']}): {action['does']}")
    if action["families"]:
        line(f"  family:     {', '.join(action['families'])}; stops {action['stops']} access")
    line("  undo:       yes" if action["reversible"] else f"  undo:       no: {action['irreversible']}")
    if action["residual"]:
        line(f"  residual:   {action['residual']}")
    if action["not_proven"]:
        line(f"  proof:      none: {action['not_proven']}")
    line(f"  needs:      {action['permission']}")
    line(f"  with:       {', '.join(action['with'])}")


def _action(action: Action[Any, Any]) -> dict[str, Any]:
    return {
        "name": action.name,
        "kind": _kind(action),
        "does": " ".join(action.doc.split()),
        "layer": action.layer,
        "families": sorted(action.does),
        "stops": action.stops,
        "reversible": action.back is not None,
        "irreversible": action.irreversible,
        "residual": action.residual,
        "residual_s": action.residual_s,
        "not_proven": action.because,
        "permission": action.permission,
        "with": list(action.params.model_fields),
    }


def _kind(action: Action[Any, Any]) -> str:
    return "message" if action.stops == "nothing" else "cut" if action.cuts else "hold"


def _short(action: Action[Any, Any]) -> str:
    return action.name.partition(".")[2]


def _about(system: Connector) -> str:
    """Give the first line of the connector's own file."""
    declared = [part.fn for group in (system.actions, system.looks) for part in group.values()]
    return (sys.modules[declared[0].__module__].__doc__ or "").strip().partition("\n")[0] if declared else ""
