"""Looks again, now, at what a run closed. It sends nothing, and nothing is recorded."""

from __future__ import annotations

from journal.replay import Run
from triggers.house import House, Refused
from triggers.house.desk import Unattended
from triggers.slack.screens.text import NAME, listed, shown


async def look_again(house: House, run: Run) -> tuple[bool, list[str]]:
    """Whether all of it is closed as seen just now, and a line for each step. Raises Refused, NotBound, BadInventory."""
    from engine.check import check
    from engine.opening import reopen

    if run.opened.get("mode") == "dry-run" or not run.planned:
        raise Refused(f"Run {run.id} closed nothing: there is nothing to look at again.", "not-now")
    live = await reopen(house.journal, house.inventory, run.id, Unattended(house.tell), look_only=True)
    try:
        results = await check(live)
    finally:
        await live.hang_up()
    lines = []
    for one in results:
        state = (
            "closed" if one.closed else f"unknown: {shown(one.why, 160)}" if one.why else f"OPEN: {listed(one.open, 5)}"
        )
        lines.append(f"{shown(one.step, NAME)}: {state}")
    return all(one.closed for one in results), lines
