"""`ringfence connectors`: what can be reached and done, from the code itself. Connects to nothing."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line, paragraph

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
            "does": about(system),
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
        paragraph(f"{row['system']}: {row['does']}", further="    ")
        for kind in ("holds", "cuts", "messages"):
            if row[kind]:
                paragraph(f"    {kind}: {', '.join(row[kind])}", further="        ")


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
        head = {"system": system.name, "does": about(system), "credential": system.auth, "settings": settings}
        as_json(head | {"footholds": footholds, "actions": actions, "reads": reads})
        return
    if name == system.name:
        _tell_system(system)
    for action in actions:
        _tell_action(action)
    if reads:
        line("")
    for read in reads:
        paragraph(f"{read['name']} ({read['kind']}): {read['does']} Needs {read['permission']}.", further="    ")


def _tell_system(system: Connector) -> None:
    for text in told_of(system).split("\n\n"):
        paragraph(" ".join(text.split()) if text != about(system) else f"{system.name}: {text}", further="  ")
    settings = f", settings {', '.join(system.settings.model_fields)}" if system.settings.model_fields else ""
    _under("connection", f"credential {system.auth}{settings}")
    if system.rights is not None:
        _under("granted at", system.rights.where)
    apart = f", writes {system.rate.write_gap_s:g} s apart" if system.rate.write_gap_s else ""
    _under("rate", f"{system.rate.calls} calls in {system.rate.per_s:g} s, {system.rate.in_flight} in flight{apart}")
    for kind, model in system.footholds.items():
        _under("foothold", f"{kind}, named by {', '.join(model.model_fields)}")


def _tell_action(action: dict[str, Any]) -> None:
    line("")
    paragraph(f"{action['name']} ({action['kind']}, {action['layer']}): {action['does']}", further="  ")
    if action["families"]:
        _under("family", f"{', '.join(action['families'])}; stops {action['stops']} access")
    _under("undo", "yes" if action["reversible"] else f"no: {action['irreversible']}")
    if action["residual"]:
        _under("residual", action["residual"])
    if action["not_proven"]:
        _under("proof", f"none: {action['not_proven']}")
    _under("needs", action["permission"])
    _under("with", ", ".join(action["with"]))


def _under(what: str, text: str) -> None:
    paragraph(f"  {what + ':':<12}{text}", further=" " * 14)


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


def about(system: Connector) -> str:
    """Give the first line of what its own file or folder says of it."""
    return told_of(system).partition("\n")[0]


def told_of(system: Connector) -> str:
    """Give all that a connector's own file or folder says of it: what it does, what it does not, what has no API.

    Of several in one folder, those that the folder is not named after are told by what they act on.
    """
    declared = [part.fn for group in (system.actions, system.looks) for part in group.values()]
    room = ".".join(declared[0].__module__.split(".")[:2]) if declared else ""
    if room.rpartition(".")[2] != system.name and system.footholds:
        return inspect.cleandoc(next(iter(system.footholds.values())).__doc__ or "")
    return inspect.cleandoc(sys.modules[room].__doc__ or "") if room else ""
