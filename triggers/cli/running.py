"""The commands that carry a run out: plan, contain, resume, recover."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from triggers.cli import place, say
from triggers.cli.desk import Terminal, who
from triggers.cli.say import as_json, tell
from triggers.cli.taking import chosen, recorded, take_up
from triggers.cli.work import EXIT, TerminalWork

if TYPE_CHECKING:
    from engine.state import Live

Inputs = Annotated[tuple[str, ...], Parameter(name=["--input", "-i"], negative=())]
Attacker = Literal["plain", "admin", "none"]
Config = Annotated[Path | None, Parameter(name="--config")]


def contain(
    playbook: str = "",
    /,
    *,
    plan: Path | None = None,
    input: Inputs = (),  # noqa: A002  # what the option is called
    sandbox: bool = False,
    tokens: int | None = None,
    attacker: Attacker | None = None,
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
    plan
        Carry out exactly this file, made by `ringfence plan ... --out FILE`; secrets are given again.
    input
        -i NAME=VALUE, @FILE, env:VARIABLE or - for standard input; secrets never as a value.
    sandbox
        Against the practice company, started if it does not run.
    tokens, attacker
        Of the practice company, as in `ringfence sandbox up`.
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
        tokens=tokens, attacker=attacker, plan=plan,
    )  # fmt: skip


def _start(
    playbook: str, given: tuple[str, ...], what: Literal["contain", "dry-run"], *, sandbox: bool, yes: bool,
    reason: str, config: Path | None, integrations: Path | None, json: bool, tokens: int | None = None,
    attacker: Attacker | None = None, plan: Path | None = None,
) -> int:  # fmt: skip
    from flows import launch
    from triggers.cli.inputs import choose_integration, read_inputs
    from triggers.cli.planning import from_file

    place.one_of(playbook, plan)
    state = place.state_folder()
    if what == "contain":
        launch.warm(state)
    handshake = None
    if sandbox:
        from triggers.cli.practice import practice

        handshake = practice(state, tokens=tokens, attacker=attacker, contains=what == "contain", tell=say.line)
    inventory = place.configuration(config, integrations, sandbox=sandbox, handshake=handshake)
    filed = from_file(plan, inventory) if plan is not None else None
    file = filed.playbook if filed is not None else place.find_playbook(playbook, inventory)
    checked = place.checked_playbook(file, inventory)
    raw = read_inputs(given, checked)
    if filed is not None:
        filed.complete(raw)
    elif sandbox:
        choose_integration(raw, checked, inventory)
    from importlib.metadata import version

    from engine.opening import Order, prepare

    mode: Any = "drill" if sandbox and what == "contain" else "live" if what == "contain" else "dry-run"
    prepared = prepare(
        inventory,
        Order(checked, str(file), raw, mode, who(), reason, version("ringfence"), yes, filed.signed if filed else None),
    )
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    desk = Terminal(yes=yes, quiet=json)
    url = str(handshake["url"]) if handshake is not None and what == "contain" else ""

    async def opening() -> Live:
        return await prepared.begin(journal, desk)

    work = TerminalWork(prepared.run, journal, desk, opening, sandbox_url=url, inventory=inventory)
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
        extras = {
            "attacker": work.calls, "report": report, "journal": work.journal.url, "page": page, "key": work.key,
        }  # fmt: skip
        tell(told(run, events, extras))
    work.journal.close()
    return EXIT.get(word, 2)


def resume(
    run: str | None = None, /, *, last: bool = False, yes: bool = False, gone: bool = False, config: Config = None,
    json: bool = False,
) -> int:  # fmt: skip
    """Go on with a run that was stopped, waits, or whose process died.

    Parameters
    ----------
    run
        Its id, as the command printed it.
    last
        The newest run that can go on.
    yes
        Approve the printed scope where an approval is still missing.
    gone
        Only if its process is gone: `ringfence supervise` takes runs up so.
    """
    run_id = chosen(run, last=last, config=config)
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id, config)
    work = take_up(run_id, Terminal(yes=yes or found.approved_beforehand, quiet=json), config=config, resting=not gone)
    return _carry(work, "recover" if found.recovers else "contain", live=found.opened["mode"] == "live", json=json)


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
    run_id = chosen(run, last=last, config=config)
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id, config)
    if not found.opened["text"] or found.opened["mode"] == "dry-run":
        raise place.Refused(f"Run {run_id} only looked: there is nothing to give back.")
    if found.word in {"running", "held", "contested"} or not found.planned:
        raise place.Refused(f"Run {run_id} is not through: resume it first (`ringfence resume {run_id}`).")
    from engine.recover import Wanted

    wanted = Wanted(who(), yes, frozenset(leave))
    work = take_up(run_id, Terminal(yes=yes, quiet=json), config=config, wanted=wanted)
    return _carry(work, "recover", live=found.opened["mode"] == "live", json=json)
