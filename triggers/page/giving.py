"""Gives out a link to somebody, where one may be given out, and records that it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.approvals import targets_of
from engine.approvals.question import target_among
from engine.approvals.saying import targets_beside
from engine.telling import Give
from inventory.read import BadInventory, Inventory
from inventory.ways import PageEntry
from journal.errors import JournalError
from journal.event import Draft, Private
from journal.replay import Run
from journal.store import Journal
from language.errors import nearest
from triggers.page.links import Links, Opens
from triggers.page.shelf import Shelf
from triggers.page.where import key_of, page_of

MOST_OPEN = 10
"""Links of one person that may be good at one time."""


class Barred(Exception):
    """Why nobody is given a link, and what to do."""


async def give(
    links: Links,
    journal: Journal,
    inventory: Inventory,
    run: Run,
    person: str,
    *,
    minutes: int,
    wall: str = "",
    by: str,
) -> str:
    """Make a link for somebody; its path. Raises Barred: nobody we know, or among what the incident acts on.

    `by`: who has it made, as the record names them.
    """
    people = inventory.config.people
    if person not in people:
        raise Barred(f"There is no person '{person[:40]}' in {inventory.path.name}{nearest(person, people)}.")
    if run.opened.get("mode") == "dry-run":
        raise Barred(f"Run {run.id} only looked: it asks nobody.")
    targets = targets_of(run) | await asyncio.to_thread(targets_beside, journal, run)
    if account := target_among(people[person].accounts, targets):
        raise Barred(
            f"{people[person].name} gets no link: {account} is among what incident {run.incident} acts on, and whoever"
            " holds it may read what they are sent."
        )
    if await asyncio.to_thread(links.open_of, person) >= MOST_OPEN:
        raise Barred(f"{people[person].name} has {MOST_OPEN} links that are good: let them open one, or be over.")
    path = await asyncio.to_thread(links.make, Opens(person, run.id, wall, "decide"), minutes)
    body = {
        "whom": Private(f"person:{person}"), "did": "given", "purpose": "decide", "until": f"{minutes} min",
        "by": Private(by),
    }  # fmt: skip
    await journal.say(run.id, [Draft("linked", body)])
    return path


def entry_of(inventory: Inventory, state: Path, *, sandbox: bool) -> PageEntry | None:
    """Where the page is: as configured; of the practice company, where its service listens now; None: nowhere."""
    from triggers.serve.handshake import found

    serving = found(state) if sandbox and inventory.config.page is None else None
    return page_of(inventory, serving.url if serving is not None and serving.sandbox else "")


def giver(journal: Journal, inventory: Inventory, state: Path, *, sandbox: bool) -> Give | None:
    """What makes links for whoever is told that a run waits for them; None where there is no page."""
    entry = entry_of(inventory, state, sandbox=sandbox)
    if entry is None:
        return None

    async def made(run: Run, person: str) -> str:
        try:
            links = Links(Shelf(journal.database, journal.id), key_of(inventory, state, entry))
            return entry.url + await give(links, journal, inventory, run, person, minutes=entry.link, by="ringfence")
        except (Barred, BadInventory, JournalError):
            return ""

    return made
