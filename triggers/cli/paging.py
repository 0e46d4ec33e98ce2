"""`ringfence page`: a link that opens one run on somebody's phone, once; and what proves people there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory
    from inventory.ways import PageEntry
    from journal import Journal
    from journal.replay import Run

Config = Annotated[Path | None, Parameter(name="--config")]


def page(
    run: str | None = None, /, *, as_: Annotated[str, Parameter(name="--as")], last: bool = False,
    wall: str | None = None, config: Config = None, json: bool = False,
) -> int:  # fmt: skip
    """Print a link that opens a run on a person's phone, once. It decides nothing: they prove themselves there.

    Send it to nobody but them, and by no channel that rides on what was breached. It is in the record that it was made,
    and when it was opened.

    Parameters
    ----------
    run
        Its id.
    as_
        Whose phone: their name in `people:`.
    last
        The newest run that can go on.
    wall
        Which question, where there is more than one.
    """
    from triggers.cli.taking import chosen, open_for, recorded, surroundings

    found = recorded(chosen(run, last=last, config=config), config)
    inventory, _ = surroundings(found, config)
    entry = entry_of(inventory, sandbox=found.opened["mode"] == "drill")
    journal = open_for(found, inventory, config)
    try:
        path = asyncio.run(_given(journal, inventory, entry, found, as_, wall))
    finally:
        journal.close()
    url = f"{entry.url}{path}"
    if json:
        as_json({"run": found.id, "person": as_, "url": url, "minutes": entry.link})
    else:
        line(url)
        line(f"For {inventory.config.people[as_].name} alone; opens run {found.id} once, within {entry.link} minutes.")
    return 0


def entry_of(inventory: Inventory, *, sandbox: bool) -> PageEntry:
    """Where the page is. Raises Refused where there is none."""
    from triggers.page import giving

    entry = giving.entry_of(inventory, place.state_path(), sandbox=sandbox)
    if entry is None and sandbox:
        raise place.Refused("The practice company's page is served by `ringfence serve --sandbox`, which does not run.")
    if entry is None:
        raise place.Refused(
            f"{inventory.path} has no page: say under which address phones reach it, as in"
            ' `page: {url: "https://page.acme.example"}`; docs/page.md shows all of it.'
        )
    return entry


async def _given(
    journal: Journal, inventory: Inventory, entry: PageEntry, run: Run, person: str, wall: str | None
) -> str:
    from triggers.page.giving import Barred, give
    from triggers.page.links import Links
    from triggers.page.shelf import Shelf
    from triggers.page.where import key_of

    links = Links(Shelf(journal.database, journal.id), key_of(inventory, place.state_folder(), entry))
    try:
        return await give(links, journal, inventory, run, person, minutes=entry.link, wall=wall or "", by=who())
    except Barred as barred:
        raise place.Refused(str(barred)) from None
