"""The commands that look at a run from outside: stop, check, status."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import Terminal, who
from triggers.cli.say import as_json, line, tell
from triggers.cli.taking import chosen, open_for, recorded, surroundings

if TYPE_CHECKING:
    from inventory.read import Inventory

Config = Annotated[Path | None, Parameter(name="--config")]


def stop(run: str, /, *, json: bool = False) -> int:
    """End what a run has in flight and start nothing new; what is held stays held, and the run can be resumed."""
    from journal import Keys
    from journal.event import Private

    recorded(run)
    journal = place.open_journal(Keys.none())
    try:
        row = next(row for row in journal.runs() if row.run == run)
        if row.alive:
            journal.ask(run, "stop", Private(who()))
        elif row.latest != "ended":
            from engine.supervise import stop_gone

            asyncio.run(stop_gone(journal, run, who()))
    finally:
        journal.close()
    said = (
        "asked to stop" if row.alive else "ended before" if row.latest == "ended" else "stopped; its process was gone"
    )
    if json:
        as_json({"run": run, "stop": said})
    else:
        line(f"Run {run}: {said}.")
    return 0


def check(which: str | None = None, /, *, last: bool = False, config: Config = None, json: bool = False) -> int:
    """Look again at what a run, or all runs of an incident, closed: is it still so, now? Sends nothing.

    Parameters
    ----------
    which
        A run's id, or an incident's.
    """
    runs = (
        _of_incident(which, config) if which and which.startswith("INC-") else [chosen(which, last=last, config=config)]
    )
    told, closed = [], True
    for run_id in runs:
        found = recorded(run_id, config)
        inventory, _ = surroundings(found, config)
        results = asyncio.run(_check(found.id, inventory, found, config))
        now = all(one.closed for one in results)
        closed = closed and now
        rows = [{"step": r.step, "uses": r.uses, "count": r.count, "open": list(r.open), "why": r.why} for r in results]
        told.append({"run": run_id, "closed": now, "steps": rows})
        if json:
            continue
        if len(runs) > 1:
            line(f"Run {run_id}, {found.opened['integration'] or found.opened['playbook']}:")
        for one in results:
            state = (
                "closed" if one.closed else f"unknown: {one.why}" if one.why else f"OPEN: {', '.join(one.open[:10])}"
            )
            line(f"{one.step:<14} {one.uses:<32} {state}")
        line("Closed, as seen just now." if now else f"NOT closed. `ringfence resume {run_id}` closes it again.")
    if json:
        as_json(told[0] if len(told) == 1 else {"incident": which, "closed": closed, "runs": told})
    return 0 if closed else 2


def _of_incident(incident: str, config: Path | None) -> list[str]:
    """The runs of an incident that may have closed something, oldest first. Raises Refused where there is none."""
    from journal import Keys
    from journal.replay import replay

    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        mine = [row.run for row in journal.runs() if row.incident == incident]
        found = [run for run in reversed(mine) if replay(journal.events(run)).opened.get("mode") != "dry-run"]
    finally:
        journal.close()
    if not found:
        raise place.Refused(
            f"There is no run of an incident {incident}: `ringfence status --json` shows what there is."
        )
    return found


async def _check(run_id: str, inventory: Inventory, found: Any, config: Path | None) -> Any:
    from engine.check import check as look
    from engine.opening import reopen

    journal = open_for(found, inventory, config)
    try:
        live = await reopen(journal, inventory, run_id, Terminal(yes=False, quiet=True), look_only=True)
        try:
            return await look(live)
        finally:
            await live.hang_up()
    finally:
        journal.close()


def status(run: str | None = None, /, *, json: bool = False) -> int:
    """Say what runs, what waits for whom, and what is still open.

    Parameters
    ----------
    run
        One run in full; without it, all of them.
    """
    from journal import Keys
    from journal.replay import replay

    place.needed()
    journal = place.open_journal(Keys.none())
    try:
        if run is not None:
            if not (events := journal.events(run)):
                from journal.custody.reading import absent

                raise absent(journal, run)
            return _status_of(events, json=json)
        rows = []
        for row in journal.runs():
            found = replay(journal.events(row.run))
            rows.append({
                "run": row.run, "incident": row.incident, "word": found.word, "mode": found.opened.get("mode", ""),
                "integration": found.opened.get("integration", ""), "playbook": found.opened.get("playbook", ""),
                "opened": row.first_at, "last": row.last_at, "alive": row.alive, "locked": row.lock is not None,
            })  # fmt: skip
    finally:
        journal.close()
    if json:
        as_json({"runs": rows})
        return 0
    watched = place.is_watched()
    for one in rows:
        watch = "" if one["alive"] or not one["locked"] else _unattended(one, watched=watched)
        line(
            f"{one['run']}  {one['word']:<20} {one['integration'] or one['playbook']:<20} {one['mode']:<8} {one['opened'][:19]}{watch}"
        )
    return 0


def _unattended(one: dict[str, Any], *, watched: bool) -> str:
    """What is to be known of a run that rests and is not over."""
    if watched and one["word"] != "stopped":
        return "  waits; what it holds is watched"
    nobody = (
        "nobody watches what it holds"
        if one["word"] in {"waiting", "objected", "expired", "held", "closing"}
        else "nobody is at it"
    )
    return f"  {nobody}: `ringfence resume {one['run']}`, or `ringfence supervise`"


def _status_of(events: Any, *, json: bool) -> int:
    from journal.replay import replay
    from reports.summary import summary
    from reports.terminal import told

    found = replay(events)
    if json:
        as_json(summary(found, events=events))
    else:
        tell(told(found, events, {"journal": place.journal_shown()}))
    return 0
