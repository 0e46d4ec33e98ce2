"""`recover --tick`: a person has something given back that was changed before the run came."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from triggers.cli import place
from triggers.cli.say import line

if TYPE_CHECKING:
    from journal.replay import Run
    from triggers.cli.starting import Claim


def tick(run: Run, whats: tuple[str, ...], reason: str, claim: Claim, config: Path | None, *, quiet: bool) -> None:
    """Record each tick, or that it does not count and why. Raises Refused."""
    from engine.words_of_people import ticked
    from triggers.cli.attesting import taken
    from triggers.cli.starting import known
    from triggers.cli.taking import open_for, surroundings

    if not reason.strip():
        raise place.Refused("--tick wants --reason: say how you know that it is clean. It stands in the record.")
    inventory, _ = surroundings(run, config)
    sayer = known(inventory, claim)
    journal = open_for(run, inventory, config)
    draft = partial(ticked, people=bool(inventory.config.people))

    async def saying() -> list[str]:
        try:
            said = []
            for what in dict.fromkeys(whats):
                event = await taken(journal, run, draft, what, sayer, reason)
                said += event.body["effects"]
            return said
        finally:
            await journal.aclose()

    effects = asyncio.run(saying())
    if not quiet:
        line(f"Recorded: {sayer.name or sayer.by} ticked {', '.join(effects)}: given back although tainted.")
