"""`ringfence connectors permissions`: the least that our credentials must be allowed for a playbook, ready to paste.

Connects to nothing, and reads no secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import as_json, line, paragraph

if TYPE_CHECKING:
    from engine.needed import Needed
    from inventory.read import Inventory
    from language import Checked


def permissions(
    playbook: str,
    /,
    *,
    integration: str = "",
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> None:
    """Print the least permissions that a playbook needs, by system, in each provider's own format.

    Parameters
    ----------
    playbook
        Its name or file.
    integration
        For this integration alone; without it, for all that the playbook could be given.
    config
        The configuration whose integrations and connections count; without one here, any integration with the systems
        that the playbook names.
    integrations
        Another file of integrations than the configured one.
    sandbox
        The practice company's.
    json
        Print one JSON object.
    """
    ours = (
        place.described(config, integrations, sandbox=sandbox) if sandbox or place.has_configuration(config) else None
    )
    checked = place.checked_playbook(place.find_playbook(playbook, ours), ours)
    needed, about, notes = _needed(checked, ours, integration)
    systems = [_system(one) for one in needed.values()]
    if json:
        as_json({"playbook": checked.playbook.id, "about": about, "systems": systems, "notes": notes})
        return
    line(f"{checked.playbook.id}: {checked.playbook.title}")
    paragraph(f"The least that it needs, for {about}. No more than this should be granted.")
    for one in systems:
        _tell(one)
    for note in notes:
        line("")
        paragraph(f"Note: {note}")


def _needed(checked: Checked, ours: Inventory | None, integration: str) -> tuple[Mapping[str, Needed], str, list[str]]:
    """What is needed by connection or system, for whom, and what must be said beside it."""
    from engine.needed import fitting_integrations, needed_anywhere, needed_here, uses_macros
    from engine.registry import registry

    notes = []
    if ours is not None:
        fitting = fitting_integrations(checked, ours)
        if integration:
            fitting = {integration: _named(ours, integration, fitting)}
        if fitting is None or fitting:
            needed, problems = needed_here(checked, registry(), ours, fitting)
            whom = (
                f"{', '.join(fitting)} as {ours.path.name} has it"
                if fitting
                else f"the connections of {ours.path.name}"
            )
            return needed, whom, [f"it does not fit here as it is: {problem}" for problem in problems]
        notes.append(f"no integration of {ours.path.name} has all the systems that it names")
    elif integration:
        raise place.Refused("There is no configuration here that has integrations: name one with --config FILE.")
    systems = sorted({system for given in checked.playbook.inputs.values() for system in given.has})
    if uses_macros(checked):
        where = f"at {', '.join(systems)}" if systems else "at any system"
        notes.append(
            f"isolate.* and preserve.* act on whatever footholds the integration has; counted is every kind {where}. "
            "With --config FILE it is just those that your integrations have"
        )
    whom = f"any integration with {' and '.join(systems)}" if systems else "any integration"
    return needed_anywhere(checked, registry()), whom, notes


def _named(ours: Inventory, name: str, fitting: Mapping[str, Any] | None) -> Any:
    if fitting is None:
        raise place.Refused("This playbook takes no integration: leave --integration out.")
    try:
        found = ours.integration(name)
    except LookupError as error:
        raise place.Refused(f"There is {error}.") from None
    if name not in fitting:
        others = f": those are {', '.join(fitting)}" if fitting else ""
        raise place.Refused(f"'{name}' has not all the systems that this playbook names{others}.")
    return found


def _system(needed: Needed) -> dict[str, Any]:
    """One system's part, as it is printed with --json."""
    from connectors.core.rights import least_of

    rights, names = needed.system.rights, needed.names
    least = least_of(rights, names)
    return {
        "system": needed.system.name,
        "connection": needed.connection,
        "called": rights.called if rights is not None and names else "",
        "where": rights.where if rights is not None and names else "",
        "permissions": [{"name": one, "for": whose(one, names, needed)} for one in least],
        "paste": rights.paste(least) if rights is not None and least else "",
        "other": [{"needs": sentence, "for": for_} for sentence, for_ in needed.sentences.items()],
        "uses": [
            {"name": need.name, "writes": need.writes, "permission": need.permission}
            for need in sorted(needed.needs.values(), key=lambda need: need.name)
        ],
    }


def whose(least: str, names: Mapping[str, Sequence[str]], needed: Needed) -> list[str]:
    """What a permission that is granted is for: what asks for it, or for one that it covers."""
    rights = needed.system.rights
    assert rights is not None
    return sorted({use for name, uses in names.items() if rights.covers(least, name) for use in uses})


def _tell(system: Mapping[str, Any]) -> None:
    line("")
    title = (
        system["system"]
        if system["connection"] in {"", system["system"]}
        else f"{system['connection']} ({system['system']})"
    )
    line(f"{title}: {system['called'] or 'it has no permissions to grant'}")
    if system["where"]:
        paragraph(f"grant at: {system['where']}", indent="  ")
    for one in system["permissions"]:
        told = ", ".join(short.partition(".")[2] for short in one["for"]) or "every use"
        paragraph(f"{one['name']}: {told}", indent="  ", further="      ")
    for one in system["other"]:
        told = ", ".join(short.partition(".")[2] for short in one["for"])
        paragraph(f"{one['needs']}: {told}", indent="  ", further="      ")
    if system["paste"]:
        line("  to paste:")
        for text in system["paste"].split("\n"):
            line(f"    {text}")
