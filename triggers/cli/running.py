"""The commands that carry a run out: contain, hold, widen, resume, recover."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.desk import Terminal
from triggers.cli.proving import As, Given
from triggers.cli.say import as_json, tell
from triggers.cli.starting import Wanted, claimed, need_scope, start
from triggers.cli.taking import chosen, recorded, take_up
from triggers.cli.work import EXIT, TerminalWork

Inputs = Annotated[tuple[str, ...], Parameter(name=["--input", "-i"], negative=())]
Attacker = Literal["plain", "admin", "none"]
Config = Annotated[Path | None, Parameter(name="--config")]


def contain(
    playbook: str | None = None,
    /,
    *,
    plan: Path | None = None,
    input: Inputs = (),  # noqa: A002  # what the option is called
    sandbox: bool = False,
    tokens: int | None = None,
    attacker: Attacker | None = None,
    yes: bool = False,
    scope_hash: str = "",
    dry_run: bool = False,
    join: bool = False,
    here: bool = False,
    reason: str = "",
    since: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
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
        Approve the printed scope. A live run without a terminal wants --scope-hash beside it.
    scope_hash
        The scope that was looked at (`ringfence plan`), or its first letters, at least 8: --yes approves no other.
    dry_run
        Look only: show what would be done.
    join
        Where a run is at this integration already, follow that one.
    here
        Carry it out in this process, even where `ringfence serve` runs and would.
    reason
        Why, for the record.
    since
        When the attacker was first seen: 2026-11-24T01:40:00Z, or how long ago (90m, 2h, 3d). Without it, from now on.
    as_
        Who you are, by the name that `people:` gives you. Wants --token or --key beside it, but in the practice company.
    token
        Your own token: @FILE, env:VARIABLE or - for standard input.
    key
        Your own private key's file.
    """
    return start(Wanted(
        playbook, input, "dry-run" if dry_run else "contain", sandbox=sandbox, yes=yes, scope_hash=scope_hash,
        reason=reason, config=config, integrations=integrations, json=json, tokens=tokens, attacker=attacker, join=join, here=here,
        claim=(as_, token, key), plan_file=plan, since=since,
    ))  # fmt: skip


def hold(
    playbook: str,
    /,
    *,
    input: Inputs = (),  # noqa: A002
    sandbox: bool = False,
    reason: str = "",
    since: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    config: Config = None,
    integrations: Path | None = None,
    json: bool = False,
) -> int:
    """Carry out only what can be undone, and rest: `ringfence resume` goes on to the wall and the cut.

    Parameters
    ----------
    playbook
        A playbook's name or file.
    since
        When the attacker was first seen, as `contain` takes it.
    """
    return start(Wanted(
        playbook, input, "contain", sandbox=sandbox, reason=reason, config=config, integrations=integrations, json=json,
        hold_only=True, claim=(as_, token, key), since=since,
    ))  # fmt: skip


def widen(
    incident: str,
    /,
    *,
    integration: str,
    playbook: str = "",
    input: Inputs = (),  # noqa: A002
    reason: str = "",
    since: str = "",
    yes: bool = False,
    scope_hash: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    config: Config = None,
    integrations: Path | None = None,
    json: bool = False,
) -> int:
    """Contain one more integration within an incident: a run of its own, whose targets lose every say in all of it.

    Parameters
    ----------
    incident
        Its id.
    integration
        The integration that the attacker reaches as well.
    playbook
        Another playbook than that of the incident's first run.
    since
        When the attacker was first seen there; the incident keeps its earliest.
    """
    from triggers.cli.taking import first_of

    first = first_of(incident, config)
    return start(Wanted(
        playbook or first.opened["file"], (f"integration={integration}", *input), "contain",
        sandbox=first.opened["mode"] == "drill", yes=yes, scope_hash=scope_hash,
        reason=reason, config=config or Path(first.opened["config"]), integrations=integrations, json=json, incident=incident,
        claim=(as_, token, key), fresh=False, since=since,
    ))  # fmt: skip


def carry(work: TerminalWork, what: Literal["contain", "recover"], *, live: bool, json: bool) -> int:
    """Carry a run out, with Prefect beside it, say how it went, and end this process with its exit code."""
    from flows import launch

    def tell(sentence: str) -> None:
        work.desk.say(sentence)

    outcome = asyncio.run(launch.carry_out(work, what, state=place.state_folder(), live=live, tell=tell))
    code = finish(work, outcome.word, outcome.page, json=json)
    launch.leave(code)


def finish(work: TerminalWork, word: str, page: str | None, *, json: bool) -> int:
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
    run: str | None = None, /, *, last: bool = False, yes: bool = False, scope_hash: str = "", gone: bool = False,
    visit: bool = False, adopt: Annotated[Path | None, Parameter(name="--with")] = None, reason: str = "",
    config: Config = None, json: bool = False,
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
    scope_hash
        The scope that --yes approves, and no other.
    gone
        Only if its process is gone: `ringfence supervise` takes runs up so.
    visit
        Look, close again what was switched back on, and let it rest as before: `ringfence supervise` does so.
    adopt
        A mended playbook in the place of the one that it was opened with. What it does beyond what was approved is
        asked anew.
    reason
        Why another playbook, for the record.
    """
    run_id = chosen(run, last=last, config=config)
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id, config)
    asks = found.opened["mode"] == "live" and not (found.recovers or found.approved or found.approved_beforehand)
    need_scope(yes=yes, scope_hash=scope_hash, live=asks)
    looks_in = visit and not found.left  # what was let go is gone on with as it was ordered
    desk = Terminal(yes=yes or (found.approved_beforehand and not looks_in), quiet=json)
    work = take_up(
        run_id, desk, config=config, resting=not gone, why="visit" if visit else "", adopt=adopt, reason=reason,
        yes_scope=scope_hash,
    )  # fmt: skip
    return carry(work, "recover" if found.recovers else "contain", live=found.opened["mode"] == "live", json=json)


def recover(
    run: str | None = None,
    /,
    *,
    last: bool = False,
    yes: bool = False,
    leave: Annotated[tuple[str, ...], Parameter(name="--leave", negative=())] = (),
    tick: Annotated[tuple[str, ...], Parameter(name="--tick", negative=())] = (),
    reason: str = "",
    as_: As = None,
    token: Given = None,
    key: Path | None = None,
    config: Config = None,
    json: bool = False,
) -> int:
    """Give back what a run switched off and was clean before. Stops at the first doubt; changes nothing that drifted.

    What was changed before the run came, by the last snapshot before the attacker, stays off until a person ticks it.

    Parameters
    ----------
    run
        Its id.
    yes
        Approve what is printed.
    leave
        A step to leave as it is, such as one that drifted.
    tick
        Something tainted, as STEP or STEP/TARGET, to be given back all the same: a commander says so, with --reason.
    reason
        How you know that what is ticked is clean, for the record; sealed like a name.
    as_, token, key
        Who you are: your name in `people:`, your token (@FILE, env:VARIABLE, -), your private key's file.
    """
    run_id = chosen(run, last=last, config=config)
    from flows import launch

    launch.warm(place.state_folder())
    found = recorded(run_id, config)
    if not found.opened["text"] or found.opened["mode"] == "dry-run":
        raise place.Refused(f"Run {run_id} only looked: there is nothing to give back.")
    if found.word in {"running", "held", "contested"} or not found.planned:
        raise place.Refused(f"Run {run_id} is not through: resume it first (`ringfence resume {run_id}`).")
    from engine.recover import Wanted as Wish
    from triggers.cli.ticking import tick as ticked

    if tick:
        ticked(found, tick, reason, (as_, token, key), config, quiet=json)
    wanted = Wish(claimed(found, (as_, token, key), config).by, yes, frozenset(leave))
    work = take_up(run_id, Terminal(yes=yes, quiet=json), config=config, wanted=wanted)
    return carry(work, "recover", live=found.opened["mode"] == "live", json=json)
