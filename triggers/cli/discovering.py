"""`ringfence integrations discover`: asks every connection what of third parties there is, and says what nobody declared."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.discovered import facts, say
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.discovery.known import Known
    from inventory.read import Inventory
    from journal import Journal


def discover(
    *,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    whole: bool = False,
    adopt: bool = False,
    only: list[str] | None = None,
    json: bool = False,
) -> int:
    """Ask every connection which third-party apps, grants, keys and webhooks there are. Reads only; keeps a snapshot.

    Says what is known, what nobody declared, what is gone, and what changed since the last time. What nobody declared
    counts in every run of its integration from then on.

    Parameters
    ----------
    config
        The configuration; without it RINGFENCE_CONFIG, or ringfence.yaml here.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Ask the practice company, which is started unless it runs.
    whole
        List everything anew, where otherwise only changes are asked for.
    adopt
        Write what nobody declared into the file of integrations; what stands there is left as it is.
    only
        Adopt just this, as it is printed: practice_crm/key/k_0001. May be repeated.
    json
        Print one JSON object.
    """
    if (adopt or only) and sandbox and integrations is None:
        raise place.Refused(
            "The practice company's own file is not yours to write: name another with --integrations FILE."
        )
    inventory = looked_at(config, integrations, sandbox=sandbox)
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    try:
        told, known = asyncio.run(_discovered(journal, inventory, whole=whole))
    finally:
        journal.close()
    written = None
    if adopt or only:
        from triggers.cli.adopting import adopted

        written = adopted(inventory, known, only or [])
    if json:
        as_json({**told, "adopted": written})
    else:
        say(told, written)
    return 2 if told["not_listed"] else 0


def looked_at(config: Path | None, integrations: Path | None, *, sandbox: bool) -> Inventory:
    """Read what is ours, to look at it alone; a practice company that is only looked at has its thief asleep."""
    if not sandbox:
        return place.configuration(config, integrations, may_be_empty=True)
    from triggers.cli.practice import practice

    handshake = practice(place.state_folder(), tokens=None, attacker=None, contains=False, tell=line)
    return place.configuration(config, integrations, sandbox=True, handshake=handshake, may_be_empty=True)


async def _discovered(journal: Journal, inventory: Inventory, *, whole: bool) -> tuple[dict[str, Any], Known]:
    from connectors.core import connect
    from engine.opening import connection
    from engine.registry import registry
    from inventory.discovery.known import known, remember
    from inventory.discovery.listing import Way, discover, recorded
    from inventory.discovery.shelf import AtIt, Shelf

    systems, shelf = registry().systems, Shelf(journal.database)
    before = shelf.latest()
    ways = []
    for name, entry in inventory.config.connections.items():
        if entry.system in systems and systems[entry.system].surveys:
            reader, _, wire = connect(connection(inventory, name, registry()), writes=False)
            ways.append(Way(name, systems[entry.system], reader, wire))
    if not ways:
        raise place.Refused(
            "No connection here can list what reaches it: `ringfence connectors list` shows which could."
        )
    try:
        loop = asyncio.get_running_loop()
        began = loop.time()
        snapshot = await discover(shelf, ways, whole=whole)
        took_s = loop.time() - began
    except AtIt as error:
        raise place.Refused(str(error)) from None
    finally:
        for way in ways:
            await way.wire.close()
    await journal.record(recorded(snapshot))
    found = known(shelf, inventory, systems)
    remember(shelf, found.whose)
    return facts(shelf, snapshot, before, found, [way.name for way in ways], took_s), found
