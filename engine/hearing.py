"""What people say to a run from other processes: a stop, an approval, their word that something is done by hand."""

from __future__ import annotations

import asyncio

from engine.state import Live
from journal.replay import catch_up

ASKED_EVERY_S = 0.5


async def hear(live: Live) -> None:
    """Listen until the run is over."""
    while not live.over.is_set():
        await listen(live)
        await asyncio.sleep(ASKED_EVERY_S)


async def listen(live: Live) -> None:
    """Take in what was said since the last time."""
    for wish in await asyncio.to_thread(live.journal.asked, live.run.id, live.heard):
        live.heard = wish.id
        if wish.what == "stop":
            stop(live, wish.by)
    said = catch_up(live.run, await asyncio.to_thread(live.journal.events, live.run.id, live.run.n))
    if said:
        live.moved.set()
        for view in live.views.values():
            view.poke.set()


def stop(live: Live, by: str) -> None:
    """End what is in flight, start nothing new. The run can be resumed."""
    live.stopped_by = live.stopped_by or by
    live.over.set()
    live.moved.set()
