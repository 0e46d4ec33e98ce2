"""`ringfence integrations`: checks and shows what reaches us, as the two files say it. Asks no provider, opens no secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.integrations.model import FootholdEntry
    from inventory.read import Inventory

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
    from engine.registry import registry
    from inventory.integrations.fit import unfit
    from inventory.integrations.source import footholds_of, integrations_of
    from inventory.read import examine

    file = config or (place.COMPANY if sandbox else place.config_path())
    found = examine(file, integrations=integrations)
    problems = [*found.problems, *unfit(found.source, found.listed.sources, registry().systems)]
    problems = sorted(dict.fromkeys(problems), key=lambda p: (p.file != str(file.resolve()), p.file, p.line, p.column))
    listed = list(integrations_of(found.listed.sources))
    if json:
        places = [
            {"file": p.file, "line": p.line, "column": p.column, "code": p.code, "message": p.message} for p in problems
        ]
        said = {"ok": not problems, "integrations": len(listed), "problems": list(map(str, problems)), "places": places}
        as_json(said)
        return 1 if problems else 0
    for problem in problems:
        line(str(problem))
    if not problems:
        line(f"{len(listed)} integrations with {sum(len(list(footholds_of(one))) for one in listed)} footholds: ok.")
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
    from engine.registry import registry
    from inventory.integrations.fit import secret_keys
    from inventory.part import is_reference

    hidden = secret_keys(registry().systems.get(system or ""), entry.kind)
    return {
        key: "***" if key in hidden and not is_reference(str(value)) else str(value)
        for key, value in entry.names.items()
    }
