"""Takes up a run that is in the journal: with the configuration that it was opened with, and its own playbook text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.work import TerminalWork

if TYPE_CHECKING:
    from engine.recover import Wanted
    from engine.state import Live
    from inventory.read import Inventory
    from journal import Journal
    from journal.replay import Run
    from triggers.cli.desk import Terminal


def recorded(run_id: str, config: Path | None = None) -> Run:
    """A run as the journal has it; Refused where there is none, or no such run."""
    from journal import Keys
    from journal.replay import replay

    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        events = journal.events(run_id)
        if not events:
            from journal.custody.reading import absent

            raise absent(journal, run_id)
    finally:
        journal.close()
    return replay(events)


def surroundings(run: Run, config: Path | None) -> tuple[Inventory, str]:
    """The inventory that a run was opened with, and the sandbox's URL ("" in a live run)."""
    sandbox = run.opened["mode"] == "drill"
    where = config or Path(run.opened["config"])
    if not sandbox:
        return place.configuration(where), ""
    from triggers.cli.company import running

    if (handshake := running(place.state_folder())) is None:
        raise place.Refused(
            f"The sandbox that run {run.id} was carried out on does not run any more: what it held is gone."
        )
    return place.configuration(where, sandbox=True, handshake=handshake), str(handshake["url"])


def take_up(
    run_id: str, desk: Terminal, *, config: Path | None, wanted: Wanted | None = None, resting: bool = True, why: str = "",
    adopt: Path | None = None, reason: str = "", yes_scope: str = "",
) -> TerminalWork:  # fmt: skip
    """The work of a run that rests (unless not `resting`), lapsed, or died.

    `why`: stands in its lease. `adopt`: the file of a mended playbook, and `reason` why. `yes_scope`: what is approved.
    """
    from engine.past import Snapshots

    run = recorded(run_id, config)
    inventory, url = surroundings(run, config)
    journal = open_for(run, inventory, config)
    why = why or (wanted.why if wanted is not None else run.leased_why if run.recovers else "resumed")
    mended = None
    if adopt is not None:
        from engine.opening import Mended

        mended = Mended(place.checked_playbook(adopt, inventory), str(adopt), who(), reason)

    async def opening() -> Live:
        from engine.opening import reopen

        live = await reopen(journal, inventory, run_id, desk, why=why, resting=resting, mended=mended)
        live.yes_scope = yes_scope or live.yes_scope
        return live

    past = Snapshots(journal, inventory)
    return TerminalWork(run_id, journal, desk, opening, wanted=wanted, sandbox_url=url, inventory=inventory, past=past)


def open_for(run: Run, inventory: Inventory, config: Path | None) -> Journal:
    """The journal with the keys that this run's secrets were sealed with."""
    return place.open_journal(place.open_keys(inventory, sandbox=run.opened["mode"] == "drill"), config)


def chosen(run: str | None, *, last: bool, config: Path | None = None) -> str:
    """The run that was named, or with `last` the newest that can go on."""
    if run is None and not last:
        raise place.Refused("Name a run, or say --last (`ringfence status` lists them).")
    return run or newest(config)


def first_of(incident: str, config: Path | None = None) -> Run:
    """The first run of an incident that did something. Raises Refused where there is none."""
    from journal import Keys
    from journal.replay import replay

    place.needed(config)
    journal = place.open_journal(Keys.none(), config)
    try:
        runs = (replay(journal.events(row.run)) for row in reversed(journal.runs()) if row.incident == incident)
        found = next((run for run in runs if run.opened.get("mode") != "dry-run"), None)
    finally:
        journal.close()
    if found is None:
        raise place.Refused(
            f"There is no run of an incident {incident}: `ringfence status --json` shows what there is."
        )
    return found


def newest(config: Path | None = None) -> str:
    """The id of the newest run that can go on; Refused where there is none."""
    from journal import Keys

    if place.has_journal(config):
        journal = place.open_journal(Keys.none(), config)
        try:
            rows = journal.runs()
        finally:
            journal.close()
        for row in rows:
            if row.lock is not None or row.latest != "ended":
                return row.run
        if rows:
            return rows[0].run
    raise place.Refused("There is no run to go on with.")
