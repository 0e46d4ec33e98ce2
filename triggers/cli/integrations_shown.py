"""`ringfence integrations show`: what reaches us, as it is declared, and what of ours closes each way in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.integrations.model import FootholdEntry, Integration
    from inventory.read import Inventory

_LAYERS = ("identity", "application", "network", "data")


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
        Another file or folder of integrations than the configured one.
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
        own = [{"kind": one.kind, "at": one.at, "why": one.why, "names": _shown(ours, one.at, one.kind, one.names)}
               for one in ours.ours]  # fmt: skip
        as_json({"integrations": rows, "ours": own})
        return
    for row in rows:
        critical = ", CRITICAL" if row["critical"] else ""
        line(
            f"{row['id']}: {row['title']}, by {row['vendor'] or 'an unnamed vendor'}, owned by {row['owner']}{critical}"
        )
        if name is None:
            line(f"    {len(row['footholds'])} footholds: {', '.join(each['id'] for each in row['footholds'])}")
            continue
        _tell(row)
        for each in row["footholds"]:
            _tell_foothold(each)


def _tell(row: dict[str, Any]) -> None:
    nobody = "NOBODY WROTE DOWN how its vendor's security people are reached"
    line(f"    {'vendor reached at ' + row['security'] if row['security'] else nobody}")
    for what, said in (
        ("is for", row["purpose"]),
        ("reads", ", ".join(row["data"])),
        ("needed by", ", ".join(row["needed_by"])),
        ("serves", "; ".join(row["serves"])),
        ("without it", row["without"]),
        ("canary", row["canary"]),
        ("written at", row["where"]),
    ):
        if said:
            line(f"    {what}: {said}")
    line(f"    comes from {', '.join(row['addresses']) or 'addresses that nobody wrote down'}")


def _tell_foothold(each: dict[str, Any]) -> None:
    at = f"at {each['at']} ({each['system']})" if each["at"] else "out of our reach: no run can close it"
    names = ", ".join(f"{key} {value}" for key, value in each["names"].items())
    line(f"    {each['id']}: {each['kind']} {names}, {at}; closed by {', '.join(each['needs'])}")
    if each["known_as"]:
        line(f"        alerts may call it {', '.join(each['known_as'])}")
    if each["found"]:
        line(f"        {'discovered' if each['sure'] else 'perhaps'}: {each['found']}")
    for one in each["closed_by"]:
        listed = ", each that is listed" if one["listed"] else ""
        line(f"        {one['what']} {one['action']}: {', '.join(one['does'])}{listed}")
    if each["open"]:
        line(f"        NO ACTION OF OURS: {', '.join(each['open'])}")


def _row(ours: Inventory, name: str) -> dict[str, Any]:
    one = ours.integrations[name]
    shown = one.model_dump(mode="json", exclude={"footholds"})
    return {
        "id": name,
        **shown,
        "where": ours.where(name),
        "footholds": [_foothold(ours, one, e) for e in one.footholds],
    }


def _foothold(ours: Inventory, one: Integration, entry: FootholdEntry) -> dict[str, Any]:
    from connectors.core import needs_of
    from connectors.core.fitting import fitting
    from connectors.core.model import FAMILIES
    from engine.registry import registry

    connection = ours.config.connections.get(entry.at or "")
    system = registry().systems.get(connection.system) if connection is not None else None
    needs = needs_of(entry.kind)
    asked = {"addresses": one.addresses, **entry.names}
    known = system is not None and entry.kind in system.footholds
    fits = (
        [fit for layer in _LAYERS for fit in fitting(system, entry.kind, asked, layer, below=True)]
        if known and system
        else []
    )
    does = [[family for family in FAMILIES if family in fit.action.does & needs] for fit in fits]
    closed = [
        {
            "action": fit.action.name,
            "what": "cut" if fit.action.cuts else "hold",
            "listed": fit.sweep is not None,
            "does": d,
        }
        for fit, d in sorted(zip(fits, does, strict=True), key=lambda each: each[0].action.cuts)
    ]
    covered = {family for each in does for family in each}
    head = {"id": entry.id, "kind": entry.kind, "at": entry.at, "system": connection.system if connection else None}
    return head | {
        "names": _shown(ours, entry.at, entry.kind, entry.names), "known_as": list(entry.known_as),
        "found": entry.found, "sure": entry.sure,
        "needs": sorted(needs), "closed_by": closed, "open": [family for family in FAMILIES if family in needs - covered],
    }  # fmt: skip


def _shown(ours: Inventory, at: str | None, kind: str, names: dict[str, Any]) -> dict[str, str]:
    """Give what names it; of a secret its reference, and never one that stands there itself."""
    from engine.registry import registry
    from inventory.integrations.fit import secret_keys
    from inventory.part import is_reference

    connection = ours.config.connections.get(at or "")
    hidden = secret_keys(registry().systems.get(connection.system if connection else ""), kind)
    return {
        key: "***" if key in hidden and not is_reference(str(value)) else str(value) for key, value in names.items()
    }
