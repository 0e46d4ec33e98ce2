"""`ringfence connectors check`: does our credential reach what the playbooks need, and is it wider than that? Looks only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.discovering import looked_at
from triggers.cli.say import as_json, line, paragraph

if TYPE_CHECKING:
    from engine.needed import Needed
    from engine.reach import Reach
    from inventory.read import Inventory

DISCOVERY = "discovery"
"""What is shown as the user of what `integrations discover` asks for."""


def check(
    *playbooks: str,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Ask each provider whether our credential reaches what the playbooks need there, and whether it may more. Looks only.

    Needed is what these playbooks do for the integrations that they could be given, and what `integrations discover` lists.
    Exit code 0: all reach, and none is wider; 2: one does not, or may more than that, or could not be asked.

    Parameters
    ----------
    playbooks
        By name or file; without any, all that there are.
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Ask the practice company, which is started unless it runs.
    json
        Print one JSON object.
    """
    ours = looked_at(config, integrations, sandbox=sandbox)
    needed, users, left_out = _needed(ours, playbooks)
    if not needed:
        raise place.Refused("No connection here is used by these playbooks:\n" + "\n".join(map(_left, left_out)))
    troubles: dict[str, str] = {}
    found = asyncio.run(_reached(ours, needed.values(), troubles))
    told = {str(entry.to) for entry in ours.config.tell}
    idle = [name for name in ours.config.connections if name not in needed and name not in told]
    facts = [_facts(one, users[one.needed.connection]) for one in found]
    good = all(one.good for one in found)
    if json:
        as_json({"ok": good, "connections": facts, "idle": idle, "left_out": left_out})
    else:
        for one in facts:
            _tell(one)
        _beside(facts, idle, left_out)
    return 0 if good else 2


def _needed(
    ours: Inventory, named: Sequence[str]
) -> tuple[dict[str, Needed], dict[str, list[str]], list[dict[str, str]]]:
    """Connection -> what is needed there; who needs it; which playbooks do not count here, and why."""
    from engine.needed import Needed, fitting_integrations, needed_here, needs_of_discovery
    from engine.registry import registry
    from language import BadPlaybook

    found: dict[str, Needed] = {}
    users: dict[str, list[str]] = {}
    left_out = []
    files = [place.find_playbook(name, ours) for name in named] or list(place.playbooks(ours))
    for file in dict.fromkeys(files):
        try:
            checked = place.checked_playbook(file, ours)
        except BadPlaybook as bad:
            if named:
                raise
            left_out.append({"playbook": file.stem, "why": str(bad.problems[0].message)})
            continue
        fitting = fitting_integrations(checked, ours)
        needs, problems = needed_here(checked, registry(), ours, fitting)
        if fitting == {} or problems:
            why = problems[0] if problems else "no integration here has all the systems that it names"
            left_out.append({"playbook": checked.playbook.id, "why": why})
            continue
        for name, one in needs.items():
            found.setdefault(name, Needed(one.system, name)).add(one.needs.values())
            users.setdefault(name, []).append(checked.playbook.id)
    for name, entry in ours.config.connections.items():
        system = registry().systems.get(entry.system)
        if system is not None and system.surveys:
            found.setdefault(name, Needed(system, name)).add(needs_of_discovery(system))
            users.setdefault(name, []).append(DISCOVERY)
    return dict(sorted(found.items())), users, left_out


async def _reached(ours: Inventory, needed: Iterable[Needed], troubles: dict[str, str]) -> list[Reach]:
    from engine.opening import connection
    from engine.reach import Reach, reach_all
    from engine.registry import registry
    from inventory.read import BadInventory

    connections = {}
    for one in needed:
        try:
            connections[one.connection] = connection(ours, one.connection, registry())
        except BadInventory as error:  # its own secret, which the others do not wait for
            troubles[one.connection] = str(error)
    asked = await reach_all(ours, [one for one in needed if one.connection in connections], connections)
    lost = [Reach(one, trouble=troubles[one.connection]) for one in needed if one.connection in troubles]
    return sorted([*asked, *lost], key=lambda one: one.needed.connection)


def _facts(found: Reach, users: Sequence[str]) -> dict[str, Any]:
    from connectors.core.rights import least_of

    tried = [
        {"name": one.name, "on": one.on, "came": one.came, "refused": one.refused, "odd": one.odd}
        for one in found.tried
    ]
    return {
        "connection": found.needed.connection,
        "system": found.needed.system.name,
        "ok": found.good,
        "used_by": list(users),
        "told_by": found.held.by,
        "not_told": found.held.why,
        "may": sorted(found.held.names) if found.held.names is not None else None,
        "needs": list(least_of(found.needed.system.rights, found.needed.names)),
        "missing": [
            {"name": name, "for": found.needed.names.get(name, []), "why": found.why_missing(name)}
            for name in found.missing
        ],
        "wider": [*found.wider, *([found.held.wide] if found.held.wide else [])],
        "shared_with": list(found.shared),
        "unproven": list(found.unproven),
        "tried": tried,
        "trouble": found.trouble,
    }


def _tell(one: dict[str, Any]) -> None:
    title = one["connection"] if one["connection"] == one["system"] else f"{one['connection']} ({one['system']})"
    line(f"{title}: {_verdict(one)}")
    wide = {"indent": "    ", "further": "        "}
    if one["trouble"]:
        paragraph(one["trouble"], **wide)
    for lack in one["missing"]:
        uses = ", ".join(use.partition(".")[2] for use in lack["for"])
        paragraph(f"missing  {lack['name']}{f', for {uses}' if uses else ''}: {lack['why']}", **wide)
    for name in one["wider"]:
        paragraph(f"too wide {name}", **wide)
    for name in one["shared_with"]:
        paragraph(f"shared   the same secret is configured for {name}, at another host: its provider sees it", **wide)
    if one["may"] is not None:
        paragraph(
            f"told     by {one['told_by']}: {_count(one['needs'], 'permission')} needed, {len(one['may'])} held", **wide
        )
    if one["not_told"]:
        paragraph(f"not told {one['not_told']}", **wide)
    good = [t["name"].partition(".")[2] for t in one["tried"] if not t["came"]]
    if good:
        paragraph(f"looked   {', '.join(dict.fromkeys(good))}", **wide)
    for t in one["tried"]:
        if t["came"] and not t["refused"]:
            paragraph(f"unclear  {t['name'].partition('.')[2]} of {t['on']}: {t['came']}", **wide)
    if one["unproven"]:
        paragraph(f"unproven {', '.join(one['unproven'])}: the provider does not tell, and no look shows it", **wide)


def _verdict(one: dict[str, Any]) -> str:
    if one["trouble"]:
        return "COULD NOT BE ASKED"
    said = ["DOES NOT REACH all that is needed"] if one["missing"] else []
    said += ["MAY MORE than is needed"] if one["wider"] else []
    said += ["IS SHARED with another system"] if one["shared_with"] else []
    said += ["ANSWERS what nobody here knows"] if any(tried["odd"] for tried in one["tried"]) else []
    if said:
        return ", and ".join(said)
    if one["may"] is not None:
        return "reaches what is needed, and no more"
    good = any(not tried["came"] for tried in one["tried"])
    return "reaches what was looked at; more cannot be told" if good else "cannot be told"


def _beside(facts: Sequence[dict[str, Any]], idle: Sequence[str], left_out: Sequence[dict[str, str]]) -> None:
    users = sorted({user for one in facts for user in one["used_by"]})
    line("")
    paragraph(f"Needed is what these do here: {', '.join(users)}.")
    if left_out:
        paragraph(f"Not counted, as they do not fit here: {', '.join(sorted(one['playbook'] for one in left_out))}.")
    for name in idle:
        paragraph(f"{name} is used by none of them: its credential could be taken away.")
    bad = [one["connection"] for one in facts if not one["ok"]]
    if bad:
        said = "`ringfence connectors permissions PLAYBOOK` prints what to grant, and no more."
        paragraph(f"Not as it should be: {', '.join(bad)}. {said}")
    else:
        untold = [one["connection"] for one in facts if one["may"] is None]
        rest = f"; what {', '.join(untold)} may is told by nobody" if untold else ""
        paragraph(f"As far as anybody tells, each reaches what is needed and no more{rest}.")


def _left(one: dict[str, str]) -> str:
    return f"{one['playbook']}: {one['why']}"


def _count(of: Sequence[str], what: str) -> str:
    return f"{len(of)} {what}{'' if len(of) == 1 else 's'}"
