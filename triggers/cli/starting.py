"""How a run is started from the command line: everything is read and fitted before anything is opened, looked at or sent."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from triggers.cli import place, say, standing
from triggers.cli.desk import Terminal
from triggers.cli.work import TerminalWork

if TYPE_CHECKING:
    from engine.opening import Prepared
    from engine.state import Live
    from inventory.proof import Sayer
    from inventory.read import Inventory
    from journal.replay import Run
    from triggers.cli.planning import Filed

What = Literal["contain", "dry-run", "planned"]
SCOPE = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Wanted:
    """A run as it was asked for.

    Attributes:
        playbook: name or file. given: `-i` as it was written.
        incident: which one it is widened to; "" opens one. fresh: a practice company that was contained starts anew.
        hold_only: only what can be undone. join: follow a run that is at it already.
        plan_file: carry out exactly this. out: keep the plan there. every: show each target.
        since: when the attacker was first seen, as it was said.
        claim: who says that they start it: name, token as it was given, key file.
    """

    playbook: str | None
    given: tuple[str, ...]
    what: What
    sandbox: bool = False
    yes: bool = False
    scope_hash: str = ""
    reason: str = ""
    config: Path | None = None
    integrations: Path | None = None
    json: bool = False
    tokens: int | None = None
    attacker: str | None = None
    join: bool = False
    incident: str = ""
    fresh: bool = True
    hold_only: bool = False
    claim: tuple[str | None, str | None, Path | None] = (None, None, None)
    plan_file: Path | None = None
    out: Path | None = None
    every: bool = False
    since: str = ""


def start(wanted: Wanted) -> int:
    """Start a run, and carry it out to where it ends or rests; its exit code."""
    from flows import launch
    from triggers.cli.inputs import choose_integration, read_inputs
    from triggers.cli.planning import from_file, keep
    from triggers.cli.running import carry, finish

    if (wanted.playbook is None) == (wanted.plan_file is None):
        raise place.Refused(
            "Name a playbook (`ringfence playbook list` shows them), or a plan file with --plan FILE: one of the two."
        )
    live = wanted.what == "contain" and not wanted.sandbox
    need_scope(yes=wanted.yes, scope_hash=wanted.scope_hash, live=live)
    state = place.state_folder()
    if wanted.what == "contain":
        launch.warm(state)
    handshake = None
    if wanted.sandbox:
        from triggers.cli.practice import practice

        contains = wanted.what == "contain" and wanted.fresh
        handshake = practice(state, tokens=wanted.tokens, attacker=wanted.attacker, contains=contains, tell=say.line)
    inventory = place.configuration(wanted.config, wanted.integrations, sandbox=wanted.sandbox, handshake=handshake)
    filed = from_file(wanted.plan_file, inventory) if wanted.plan_file is not None else None
    file = filed.playbook if filed is not None else place.find_playbook(wanted.playbook or "", inventory)
    checked = place.checked_playbook(file, inventory)
    raw = read_inputs(wanted.given, checked)
    if filed is not None:
        filed.complete(raw)
    keys = place.open_keys(inventory, sandbox=wanted.sandbox)
    there = place.open_journal(keys, wanted.config) if place.has_journal(wanted.config) else None
    try:
        inventory = standing.with_discovered(there, inventory)
        if wanted.sandbox and filed is None:
            choose_integration(raw, checked, inventory)
        prepared = _prepared(wanted, inventory, checked, raw, file, filed)
    except BaseException:
        if there is not None:
            there.close()
        raise
    journal = there or place.open_journal(keys, wanted.config)  # what is refused makes none
    if wanted.join and (running := _at_it(journal, prepared.name)) is not None:
        journal.close()
        from triggers.cli.joining import follow

        return follow(running, wanted.config, json=wanted.json)
    desk = Terminal(yes=wanted.yes, quiet=wanted.json, every=wanted.every)
    url = str(handshake["url"]) if handshake is not None and wanted.what == "contain" else ""

    async def opening() -> Live:
        return await prepared.begin(journal, desk)

    work = TerminalWork(prepared.run, journal, desk, opening, sandbox_url=url, inventory=inventory)
    if wanted.what == "planned":
        asyncio.run(work.plan("planned"))
        return keep(work, wanted.out, json=wanted.json)
    if wanted.what != "contain":
        return finish(work, asyncio.run(work.plan(wanted.what)), None, json=wanted.json)
    return carry(work, "contain", live=not wanted.sandbox, json=wanted.json)


def _prepared(
    wanted: Wanted, inventory: Inventory, checked: Any, raw: dict[str, object], file: Path, filed: Filed | None
) -> Prepared:
    from importlib.metadata import version

    from engine.opening import Order, prepare
    from journal.clock import now
    from triggers.cli.since import first_sign

    sayer = _responder(wanted, inventory)
    mode: Any = (
        "drill" if wanted.sandbox and wanted.what == "contain" else "live" if wanted.what == "contain" else "dry-run"
    )
    return prepare(inventory, Order(
        checked, str(file), raw, mode, sayer.by, wanted.reason, version("ringfence"), wanted.yes, by_how=sayer.how,
        incident=wanted.incident, hold_only=wanted.hold_only, yes_scope=wanted.scope_hash,
        plan_file=filed.signed if filed is not None else None, since=first_sign(wanted.since, now()),
    ))  # fmt: skip


def _responder(wanted: Wanted, inventory: Inventory) -> Sayer:
    """Who starts it. In a live run, where people are configured, they must be one of these with a responder's role."""
    sayer = known(inventory, wanted.claim)
    live = wanted.what == "contain" and not wanted.sandbox
    if live and inventory.config.people and not sayer.roles & {"responder", "approver", "commander"}:
        raise place.Refused(
            f"{sayer.by} may not start a live run: say who you are with --as NAME --token @FILE, or have"
            " `accounts: [os:USER]` under your name in `people:`. Nothing was done."
        )
    return sayer


Claim = tuple[str | None, str | None, Path | None]
"""Who somebody says they are: name, token as it was given, key file."""


def known(inventory: Inventory, claim: Claim) -> Sayer:
    """Whoever the claim proves; the machine's user where it is empty. Raises Refused where it fits nobody."""
    from inventory.proof import NOBODYS
    from triggers.cli.proving import prove

    name, token, key = claim
    sayer = prove(inventory, name=name, token=token, key=key).sayer
    if sayer is None:
        raise place.Refused(NOBODYS)
    return sayer


def claimed(run: Run, claim: Claim, config: Path | None) -> Sayer:
    """The same for somebody who acts on a run: by the configuration that it was opened with."""
    from triggers.cli.taking import surroundings

    inventory, _ = surroundings(run, config)
    return known(inventory, claim)


def need_scope(*, yes: bool, scope_hash: str, live: bool) -> None:
    """Refuse to approve a live scope that nobody has looked at."""
    if scope_hash and not SCOPE.fullmatch(scope_hash):
        raise place.Refused(
            "--scope-hash: at least the first 8 letters of the scope's hash, as `ringfence plan` prints it."
        )
    if live and yes and not scope_hash and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise place.Refused(
            "--yes without a terminal approves a live scope that nobody has looked at: look at it with `ringfence plan`,"
            " and say --yes --scope-hash H. Nothing was done."
        )


def _at_it(journal: Any, integration: str | None) -> str | None:
    """The run that is at this integration now."""
    return next((row.run for row in journal.runs() if integration is not None and row.lock == integration), None)
