"""The commands of an incident: plan, contain, resume, stop, check, recover, status."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import Terminal, who
from triggers.cli.say import as_json, line
from triggers.cli.taking import newest, open_for, recorded, surroundings, take_up
from triggers.cli.work import EXIT, TerminalWork

if TYPE_CHECKING:
    from engine.state import Live
    from inventory.read import Inventory

Inputs = Annotated[tuple[str, ...], Parameter(name=["--input", "-i"], negative=())]
Config = Annotated[Path | None, Parameter(name="--config")]


def contain(
    playbook: str,
    /,
    *,
    input: Inputs = (),  # noqa: A002  # what the option is called
    sandbox: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    reason: str = "",
    config: Config = None,
    integrations: Path | None = None,
    json: bool = False,
) -> int:
    """Carry out a playbook: hold at once, ask at the wall, cut, sweep until nothing is left.

    Parameters
    ----------
    playbook
        A playbook's name (`ringfence playbook list`) or file.
    input
        -i NAME=VALUE, @FILE, env:VARIABLE or - for standard input; secrets never as a value.
    sandbox
        Against the practice company, started if it does not run.
    yes
        Approve the printed scope.
    dry_run
        Look only: show what would be done.
    reason
        Why, for the record.
    """
    return _start(
        playbook, input, "dry-run" if dry_run else "contain",
        sandbox=sandbox, yes=yes, reason=reason, config=config, integrations=integrations, json=json,
    )  # fmt: skip


def plan(
    playbook: str,
    /,
    *,
    input: Inputs = (),  # noqa: A002
    sandbox: bool = False,
    config: Config = None,
    integrations: Path | None = None,
    json: bool = False,
) -> int:
    """Look, and show every call that a playbook would send now. Sends none."""
    return _start(
        playbook, input, "planned", sandbox=sandbox, yes=False, reason="", config=config, integrations=integrations,
        json=json,
    )  # fmt: skip


def _start(
    playbook: str, given: tuple[str, ...], what: Literal["contain", "dry-run", "planned"], *, sandbox: bool, yes: bool,
    reason: str, config: Path | None, integrations: Path | None, json: bool,
) -> int:  # fmt: skip
    from flows import launch
    from triggers.cli.inputs import choose_integration, read_inputs

    state = place.state_folder()
    if what == "contain":
        launch.warm(state)
    handshake = None
    if sandbox:
        from triggers.cli.company import ensure

        handshake = ensure(state)
    inventory = place.configuration(config, integrations, sandbox=sandbox, handshake=handshake)
    file = place.find_playbook(playbook, inventory)
    checked = place.checked_playbook(file, inventory)
    raw = read_inputs(given, checked)
    if sandbox:
        choose_integration(raw, checked, inventory)
    from importlib.metadata import version

    from engine.opening import Order, prepare

    mode: Any = "drill" if sandbox and what == "contain" else "live" if what == "contain" else "dry-run"
    prepared = prepare(inventory, Order(checked, str(file), raw, mode, who(), reason, version("ringfence")))
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox))
    desk = Terminal(yes=yes, quiet=json)
    url = str(handshake["url"]) if handshake is not None and what == "contain" else ""

    async def opening() -> Live:
        return await prepared.begin(journal, desk)

    work = TerminalWork(prepared.run, journal, desk, opening, sandbox_url=url)
    if what != "contain":
        return _finish(work, asyncio.run(work.plan(what)), None, json=json)
    return _carry(work, "contain", live=not sandbox, json=json)


def _carry(work: TerminalWork, what: Literal["contain", "recover"], *, live: bool, json: bool) -> int:
    from flows import launch

    def tell(sentence: str) -> None:
        work.desk.say(sentence)

    outcome = asyncio.run(launch.carry_out(work, what, state=place.state_folder(), live=live, tell=tell))
    code = _finish(work, outcome.word, outcome.page, json=json)
    launch.leave(code)


def _finish(work: TerminalWork, word: str, page: str | None, *, json: bool) -> int:
    """Say how it went: the summary a person reads, or one JSON object as the last line."""
    from reports.summary import summary
    from reports.terminal import told

    assert work.live is not None
    events = work.journal.events(work.run)
    run = work.live.run
    report = str(work.report) if work.report is not None else None
    after = work.calls.get("after_command")
    if json:
        as_json(summary(run, events=events, attacker_calls_after=after, report=report))
    else:
        _tell(
            told(run, events, {"attacker": work.calls, "report": report, "journal": place.journal_url(), "page": page})
        )
    work.journal.close()
    return EXIT.get(word, 2)


def _tell(said: Any) -> None:
    import sys

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(said)
        return
    for one in said.lines():
        line(one)


def resume(
    run: str | None = None, /, *, last: bool = False, yes: bool = False, config: Config = None, json: bool = False
) -> int:
    """Go on with a run that was stopped, waits, or whose process died.

    Parameters
    ----------
    run
        Its id, as the command printed it.
    last
        The newest run that can go on.
    yes
        Approve the printed scope where an approval is still missing.
    """
    if run is None and not last:
        raise place.Refused("Name a run, or say --last (`ringfence status` lists them).")
    run_id = run or newest()
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id)
    words = [event.body["word"] for event in found.words]
    recovers = "recovering" in words
    work = take_up(run_id, Terminal(yes=yes, quiet=json), config=config)
    return _carry(work, "recover" if recovers else "contain", live=found.opened["mode"] == "live", json=json)


def recover(
    run: str | None = None,
    /,
    *,
    last: bool = False,
    yes: bool = False,
    leave: Annotated[tuple[str, ...], Parameter(name="--leave", negative=())] = (),
    config: Config = None,
    json: bool = False,
) -> int:
    """Give back what a run switched off and was clean before. Stops at the first doubt; changes nothing that drifted.

    Parameters
    ----------
    run
        Its id.
    yes
        Approve what is printed.
    leave
        A step to leave as it is, such as one that drifted.
    """
    if run is None and not last:
        raise place.Refused("Name a run, or say --last (`ringfence status` lists them).")
    run_id = run or newest()
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id)
    if not found.opened["text"] or found.opened["mode"] == "dry-run":
        raise place.Refused(f"Run {run_id} only looked: there is nothing to give back.")
    if found.word in {"running", "held", "contested"} or not found.planned:
        raise place.Refused(f"Run {run_id} is not through: resume it first (`ringfence resume {run_id}`).")
    work = take_up(run_id, Terminal(yes=yes, quiet=json), config=config, leave=frozenset(leave))
    return _carry(work, "recover", live=found.opened["mode"] == "live", json=json)


def stop(run: str, /, *, json: bool = False) -> int:
    """End what a run has in flight and start nothing new; what is held stays held, and the run can be resumed."""
    from journal import Keys

    recorded(run)
    journal = place.open_journal(Keys.none())
    try:
        row = next(row for row in journal.runs() if row.run == run)
        if row.alive:
            journal.ask(run, "stop", who())
        elif row.latest != "ended":
            asyncio.run(_stop_dead(journal, run))
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


async def _stop_dead(journal: Any, run: str) -> None:
    from journal.event import Draft

    lease, _ = await journal.take(run, why="stop")
    word = {"word": "stopped", "footholds": {}, "why": f"stopped by {who()}; its process was gone"}
    await journal.append(lease, [Draft("stopped", {"by": who()}), Draft("worded", word)])
    await journal.release(lease, unlock=False)


def check(run: str | None = None, /, *, last: bool = False, config: Config = None, json: bool = False) -> int:
    """Look again at what a run closed: is it still so, now? Sends nothing.

    Parameters
    ----------
    run
        Its id.
    """
    if run is None and not last:
        raise place.Refused("Name a run, or say --last (`ringfence status` lists them).")
    run_id = run or newest()
    found = recorded(run_id)
    inventory, _ = surroundings(found, config)
    results = asyncio.run(_check(found.id, inventory, found))
    closed = all(one.closed for one in results)
    if json:
        rows = [{"step": r.step, "uses": r.uses, "count": r.count, "open": list(r.open), "why": r.why} for r in results]
        as_json({"run": run_id, "closed": closed, "steps": rows})
        return 0 if closed else 2
    for one in results:
        state = "closed" if one.closed else f"unknown: {one.why}" if one.why else f"OPEN: {', '.join(one.open[:10])}"
        line(f"{one.step:<14} {one.uses:<32} {state}")
    line("Closed, as seen just now." if closed else f"NOT closed. `ringfence resume {run_id}` closes it again.")
    return 0 if closed else 2


async def _check(run_id: str, inventory: Inventory, found: Any) -> Any:
    from engine.check import check as look
    from engine.opening import reopen

    journal = open_for(found, inventory)
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

    if not place.has_journal():
        raise place.Refused(f"There is no journal in {place.state_path()}: no run was ever opened here.")
    journal = place.open_journal(Keys.none())
    try:
        if run is not None:
            return _status_of(journal.events(run), run, json=json)
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
    for one in rows:
        watch = "" if one["alive"] or not one["locked"] else f"  nobody is at it: `ringfence resume {one['run']}`"
        line(
            f"{one['run']}  {one['word']:<20} {one['integration'] or one['playbook']:<20} {one['mode']:<8} {one['opened'][:19]}{watch}"
        )
    return 0


def _status_of(events: Any, run: str, *, json: bool) -> int:
    from reports.summary import summary
    from reports.terminal import told

    from journal.errors import UnknownRun
    from journal.replay import replay

    if not events:
        raise UnknownRun(run)
    found = replay(events)
    if json:
        as_json(summary(found, events=events))
    else:
        _tell(told(found, events, {"journal": place.journal_url()}))
    return 0
