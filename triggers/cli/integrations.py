"""`ringfence integrations`: checks and shows what reaches us, as the two files say it. Asks no provider, opens no secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.integrations.model import FootholdEntry
    from inventory.read import Inventory

_REFERENCE = re.compile(r"(env|file|sandbox):.+")

app = App("integrations", help="Check and show the integrations and their footholds.")
app.command("triggers.cli.discovering:discover", name="discover", help="Ask every connection what reaches us; keep it.")
app.command("triggers.cli.snapshots:snapshots", name="snapshots", help="Show what discoveries kept, and check it.")
app.command("triggers.cli.radius:graph", name="graph", help="Draw what one reaches, and in which order it is revoked.")


@app.command
def lint(
    *, config: Path | None = None, integrations: Path | None = None, sandbox: bool = False, json: bool = False
) -> int:
    """Check ringfence.yaml and integrations.yaml, and that each foothold leads to a connection that can close it.

    Parameters
    ----------
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Check the practice company's.
    json
        Print one JSON object.
    """
    from inventory.read import BadInventory

    count = 0
    try:
        ours = place.described(config, integrations, sandbox=sandbox)
        count = len(ours.integrations)
        problems = _problems(ours)
    except BadInventory as bad:
        problems = str(bad).splitlines()
    if json:
        as_json({"ok": not problems, "integrations": count, "problems": problems})
        return 1 if problems else 0
    for problem in problems:
        line(problem)
    if not problems:
        line(f"{count} integrations with {sum(len(i.footholds) for i in ours.integrations.values())} footholds: ok.")
    return 1 if problems else 0


@app.command
def show(
    name: str | None = None,
    /,
    *,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> None:
    """Show the integrations, or one with its footholds and what it takes to close each.

    Parameters
    ----------
    name
        Its id; without it, all.
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Show the practice company's.
    json
        Print one JSON object.
    """
    ours = place.described(config, integrations, sandbox=sandbox)
    if name is not None:
        try:
            ours.integration(name)
        except LookupError as error:
            raise place.Refused(f"{str(error.args[0])[:1].upper()}{error.args[0][1:]}") from None
    rows = [_row(ours, each) for each in ours.integrations if name in {None, each}]
    if json:
        as_json({"integrations": rows})
        return
    for row in rows:
        critical = ", CRITICAL" if row["critical"] else ""
        line(
            f"{row['id']}: {row['title']}, by {row['vendor'] or 'an unnamed vendor'}, owned by {row['owner']}{critical}"
        )
        if name is None:
            line(f"    {len(row['footholds'])} footholds: {', '.join(each['id'] for each in row['footholds'])}")
            continue
        line(f"    comes from {', '.join(row['addresses']) or 'addresses that nobody wrote down'}")
        for each in row["footholds"]:
            at = f"at {each['at']} ({each['system']})" if each["at"] else "out of our reach: no run can close it"
            names = ", ".join(f"{key} {value}" for key, value in each["names"].items())
            line(
                f"    {each['id']}: {each['kind']} {names}, {at}; closed by {', '.join(each['needs']) or 'nothing known'}"
            )


def _row(ours: Inventory, name: str) -> dict[str, Any]:
    one = ours.integrations[name]
    head = {"id": name, "title": one.title, "vendor": one.vendor, "owner": one.owner, "critical": one.critical}
    return head | {"addresses": list(one.addresses), "footholds": [_foothold(ours, each) for each in one.footholds]}


def _foothold(ours: Inventory, entry: FootholdEntry) -> dict[str, Any]:
    from connectors.core.connector import needs_of

    connection = ours.config.connections.get(entry.at or "")
    try:
        needs = sorted(needs_of(entry.kind))
    except LookupError:
        needs = []
    system = connection.system if connection is not None else None
    head = {"id": entry.id, "kind": entry.kind, "at": entry.at, "system": system}
    return head | {"names": _names(entry, system), "needs": needs}


def _names(entry: FootholdEntry, system: str | None) -> dict[str, str]:
    """Give what names it; of a secret its reference, and never one that stands there itself."""
    hidden = _secrets(system, entry.kind)
    return {
        key: "***" if key in hidden and not _REFERENCE.match(str(value)) else str(value)
        for key, value in entry.names.items()
    }


def _secrets(system: str | None, kind: str) -> set[str]:
    from connectors.core import Secret
    from engine.registry import registry

    found = registry().systems.get(system or "")
    model = found.footholds.get(kind) if found is not None else None
    return {key for key, field in model.model_fields.items() if field.annotation is Secret} if model else set()


def _problems(ours: Inventory) -> list[str]:
    """Find what the files' own shape does not show: names that lead nowhere."""
    from engine.registry import registry
    from language.errors import nearest

    systems = registry().systems
    found = [
        f"{ours.path}: connection {name}: no connector for '{entry.system}'{nearest(entry.system, systems)}"
        for name, entry in ours.config.connections.items()
        if entry.system not in systems
    ]
    for name, connection in ours.config.connections.items():
        if connection.system in systems:
            here = f"{ours.path}: connection {name}"
            found += _unfit(here, systems[connection.system].settings, connection.settings)
    for name, one in ours.integrations.items():
        seen: set[str] = set()
        for entry in one.footholds:
            here = f"integration {name}, foothold {entry.id}"
            if entry.id in seen:
                found.append(f"{here}: this id stands twice")
            seen.add(entry.id)
            found += _foothold_problems(ours, here, entry)
    return found


def _foothold_problems(ours: Inventory, here: str, entry: FootholdEntry) -> list[str]:
    from connectors.core.connector import needs_of
    from engine.registry import registry
    from language.errors import nearest

    try:
        needs_of(entry.kind)
    except LookupError as error:
        return [f"{here}: {error.args[0]}"]
    if entry.at is None:
        return []
    connection = ours.config.connections.get(entry.at)
    if connection is None:
        return [f"{here}: no connection '{entry.at}'{nearest(entry.at, ours.config.connections)}"]
    system = registry().systems.get(connection.system)
    if system is None:
        return []
    model = system.footholds.get(entry.kind)
    if model is None:
        known = f"it has {', '.join(system.footholds)}" if system.footholds else "it has none"
        return [f"{here}: {connection.system} knows no foothold of kind '{entry.kind}'; {known}"]
    plain = [
        key
        for key in sorted(_secrets(connection.system, entry.kind) & entry.names.keys())
        if not _REFERENCE.match(str(entry.names[key]))
    ]
    said = "a secret stands here by reference only: env:NAME or file:PATH"
    return [*_unfit(here, model, entry.names), *(f"{here}: {key}: {said}" for key in plain)]


def _unfit(here: str, model: Any, given: dict[str, Any]) -> list[str]:
    """Compare names only: values may be references to secrets, which are not opened here."""
    from language.errors import nearest

    fields = model.model_fields
    unknown = [f"{here}: unknown key '{key}'{nearest(key, fields)}" for key in given if key not in fields]
    missing = [
        f"{here}: '{key}' is missing" for key, field in fields.items() if field.is_required() and key not in given
    ]
    return unknown + missing
