"""Carries one case out: the real plan, holds, wall, cuts and recovery, against what the case says is there."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.core import Secret
from engine.bound import NotBound
from engine.contain import contain
from engine.opening import Order, Prepared, prepare, reopen
from engine.plan import NothingSeen
from engine.recover import Wanted, recover
from engine.registry import registry
from engine.state import Answered, Live, Step
from engine.trial.case import Answer, BadCase, Told, texts
from engine.trial.loop import CaseClock, Loop, Stuck
from engine.trial.record import Shelf
from engine.trial.wire import Sent, Stage
from engine.trial.world import Faults, world_of
from inventory.model import Config, Integration
from inventory.read import BadInventory, Inventory
from journal.clock import clock
from journal.event import Draft
from journal.replay import RESTS, Run
from journal.store import Journal
from language import BadInput, BadPlaybook, Checked
from language.errors import Report, nearest

LONGEST_S = 6 * 3600.0
"""Seconds of the case's own time after which it has not ended."""
LOOKS_ON_S = 30.0
"""For so long of a playbook's watch a case looks on."""
NAME = "the_integration"
"""How an integration is called that a case declares without an id."""


@dataclass
class Came:
    """What came of a case.

    Attributes:
        refused: why it was refused before anything was looked at; "" where it was not.
        standings: step -> how it stood when the word was said.
        notes: what was asked for and is not in `seen`, and faults that never came to pass.
        broken: why the case itself cannot be trusted.
    """

    refused: str = ""
    word: str = ""
    why: str = ""
    run: Run = field(default_factory=Run)
    kinds: Mapping[str, str] = field(default_factory=dict)
    footholds: Mapping[str, str] = field(default_factory=dict)
    standings: Mapping[str, str] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    recovered: str = ""
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


class _Desk:
    """The people of a case."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.said: list[str] = []

    async def ask(self, wall: str, role: str, shown: str) -> tuple[Answered, str, str]:
        """Answer as the case says."""
        answers: dict[Answer, Answered] = {"given": "yes", "declined": "no", "nobody": "nobody"}
        return answers[self.answer], f"case:{role}", f"the case answers for {wall}, {len(shown)} characters shown"

    def changed(self, run: Run) -> None:
        """Nobody draws."""

    def say(self, line: str) -> None:
        """Keep what a responder would read."""
        self.said.append(line)


async def _around(_: str, doing: Step) -> None:
    await doing()


def carry_out(told: Told, checked: Checked, file: str, shelf: Shelf) -> Came:
    """Try one case. Raises BadCase where it names what is not there."""
    report = Report(str(told.file))
    world = world_of(told, registry(), report)
    inventory, raw = _ours(told, checked, report)
    _known(told, checked, report)
    try:
        report.settle()
    except BadPlaybook as bad:
        raise BadCase(str(bad)) from None
    assert inventory is not None
    stage = Stage(told, world, Faults(told.case.faults))
    order = Order(checked, file, raw, "live", "case:responder", told.case.title)
    loop = Loop()
    context = contextvars.copy_context()
    context.run(clock.set, CaseClock(loop))
    came = Came()
    try:
        asyncio.set_event_loop(loop)
        task = loop.create_task(_tried(came, stage, inventory, order, shelf), context=context)
        loop.run_until_complete(task)
    except TimeoutError:
        came.broken.append(f"it has not ended after {LONGEST_S / 3600:.0f} hours of its own time")
    except Stuck as stuck:
        came.broken.append(str(stuck))
    finally:
        came.seconds = loop.time()
        _end(loop)
    came.sent = stage.sent
    came.broken += dict.fromkeys(stage.broken)
    came.notes = [*world.missed]
    came.notes += [f"{told.at('faults', n)}: this fault never came to pass" for n in stage.faults.unused()]
    return came


def _end(loop: Loop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    try:
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
    except (Stuck, RuntimeError):
        pass
    asyncio.set_event_loop(None)
    loop.close()


async def _tried(came: Came, stage: Stage, inventory: Inventory, order: Order, shelf: Shelf) -> None:
    try:
        prepared = prepare(inventory, order, opener=stage.open)
    except (NotBound, BadInput, BadInventory) as error:
        came.refused = str(error)
        return
    with shelf.journal() as journal:
        async with asyncio.timeout(LONGEST_S):
            await _contained(came, stage, prepared, journal)
            if stage.told.case.recover is not None and came.word not in RESTS:
                await _recovered(came, stage, inventory, journal)


async def _contained(came: Came, stage: Stage, prepared: Prepared, journal: Journal) -> None:
    desk = _Desk(stage.told.case.approve)
    stage.live = live = await prepared.begin(journal, desk)
    came.said, came.run = desk.said, live.run
    came.kinds = {name: bound.kind for name, bound in live.bound.items()}
    watched = asyncio.ensure_future(_cut_short(live))
    try:
        came.word = await contain(live, _around)
        came.standings = {standing.step: standing.state for standing in live.standings()}
        last = live.run.words[-1].body if live.run.words else {}
        came.why = str(last.get("why", ""))
        came.footholds = {name: str(said["state"]) for name, said in last.get("footholds", {}).items()}
        await live.finish(Draft("ended", {"word": came.word}), unlock=came.word not in RESTS)
    except NothingSeen as error:
        came.word, came.why = "refused", str(error)
        await live.finish(Draft("worded", {"word": "refused", "footholds": {}, "why": str(error)}), unlock=True)
    finally:
        watched.cancel()
        await live.hang_up()


async def _cut_short(live: Live) -> None:
    """Nobody wants a case to look on for the 24 hours that a playbook watches."""
    await live.judged.wait()
    await asyncio.sleep(LOOKS_ON_S)
    live.over.set()


async def _recovered(came: Came, stage: Stage, inventory: Inventory, journal: Journal) -> None:
    desk = _Desk(stage.told.case.recover or "nobody")
    wanted = Wanted("case:responder")
    stage.live = live = await reopen(journal, inventory, came.run.id, desk, why=wanted.why, opener=stage.open)
    try:
        came.recovered = await recover(live, _around, wanted)
        came.said += desk.said
        await live.finish(Draft("ended", {"word": came.recovered}), unlock=came.recovered not in RESTS)
    finally:
        await live.hang_up()


def _ours(told: Told, checked: Checked, report: Report) -> tuple[Inventory | None, dict[str, object]]:
    """The inventory of a case, and its inputs as a trigger would give them."""
    raw: dict[str, object] = {}
    integrations = dict(told.integrations)
    for name, value in told.case.given.items():
        wanted = checked.playbook.inputs.get(name)
        kind = wanted.type if wanted is not None else "text"
        if kind == "integration" and isinstance(value, dict):
            id_ = str(value.get("id", NAME))
            try:
                fields = {key: part for key, part in value.items() if key != "id"}
                integrations[id_] = Integration.model_validate(fields)
            except ValidationError as error:
                for one in error.errors(include_url=False, include_input=False):
                    said = f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
                    report.add("given", told.place("given", name, *one["loc"]), said)
            raw[name] = id_
        elif kind.endswith("secret"):
            found = [Secret(text) for text in texts(value) if text]
            raw[name] = found if kind.startswith("list of") else found[0] if found else ""
        else:
            raw[name] = texts(value) if isinstance(value, list) else str(value)
    connections = _connections(told, checked, integrations, report)
    try:
        config = Config.model_validate({"connections": connections})
    except ValidationError as error:
        report.add("connections", told.place("connections"), str(error.errors()[0]["msg"]))
        return None, raw
    return Inventory(told.file, config, integrations, lambda name: f"made up for {name}", lambda url: url), raw


def _connections(
    told: Told, checked: Checked, integrations: Mapping[str, Integration], report: Report
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, said in told.case.connections.items():
        entry = {"system": said} if isinstance(said, str) else dict(said)
        if (system := str(entry.get("system", ""))) not in registry().systems:
            hint = nearest(system, registry().systems)
            report.add("connections", told.place("connections", name), f"no system '{system}'{hint}")
        found[name] = {"url": f"http://{name.replace('_', '-')}.case", **entry}
    there = {str(entry["system"]) for entry in found.values() if "system" in entry}
    named = {e.at for one in integrations.values() for e in one.footholds if e.at} & registry().systems.keys()
    used = {step.uses.partition(".")[0] for step in checked.playbook.steps if step.uses} & registry().systems.keys()
    for system in sorted((used | named) - there - found.keys()):
        found[system] = {"system": system, "url": f"http://{system.replace('_', '-')}.case"}
    return found or {"nothing": {"system": "notify", "url": "http://nothing.case"}}


def _known(told: Told, checked: Checked, report: Report) -> None:
    """Everything in a case that names a step, an action or a connection must name one."""
    steps, expect, all_ = {step.id for step in checked.playbook.steps}, told.case.expect, registry()
    for key in ("plan", "sends", "steps"):
        for name in getattr(expect, key):
            _step(name, told.place("expect", key, name), steps, report)
    for key in ("later", "order"):
        for at, name in enumerate(getattr(expect, key) or ()):
            _step(name, told.place("expect", key, at), steps, report)
    for key in ("sent", "given_back"):
        for at, row in enumerate(getattr(expect, key) or ()):
            for name in row:
                _step(name, told.place("expect", key, at), steps, report)
    known = {*all_.actions, *all_.looks, *all_.finds, *all_.systems, *told.case.connections, *steps}
    for at, fault in enumerate(told.case.faults):
        if fault.at not in known:
            where = told.place("faults", at, "at")
            report.add("fault", where, f"no step, action, look, find or connection '{fault.at}'{nearest(fault.at, known)}")
        if fault.false and fault.at in {*all_.looks, *all_.finds}:
            report.add("fault", told.place("faults", at, "answers"), "a look does nothing, so it cannot be answered falsely")
    for name in told.case.after:
        if name not in all_.actions and name not in steps:
            hint = nearest(name, {*all_.actions, *steps})
            report.add("after", told.place("after", name), f"no step or action '{name}'{hint}")


def _step(name: str, place: Any, steps: set[str], report: Report) -> None:
    if name not in steps:
        report.add("step", place, f"this playbook has no step '{name}'{nearest(name, steps)}")
