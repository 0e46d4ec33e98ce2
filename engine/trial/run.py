"""Carries one case out: the real plan, holds, wall, cuts and recovery, against what the case says is there."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.bound import NotBound
from engine.contain import contain
from engine.opening import Order, prepare, reopen
from engine.plan import NothingSeen
from engine.recover import Wanted, recover
from engine.registry import registry
from engine.state import Live, Step
from engine.trial.case import BadCase, Told
from engine.trial.loop import CaseClock, Loop, Stuck
from engine.trial.names import known, ours
from engine.trial.people import Desk, work
from engine.trial.record import Shelf
from engine.trial.wire import Sent, Stage
from engine.trial.world import Faults, World, world_of
from inventory.read import BadInventory, Inventory
from journal.clock import clock, now
from journal.event import Draft
from journal.replay import RESTS, Run
from journal.store import Journal
from language import BadInput, BadPlaybook, Checked
from language.errors import Report

LONGEST_S = 6 * 3600.0
"""Seconds of the case's own time after which it has not ended."""
LOOKS_ON_S = 30.0
"""For so long of a playbook's watch a case looks on."""


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


async def _around(_: str, doing: Step) -> None:
    await doing()


def fitted(told: Told, checked: Checked) -> tuple[World, Inventory, dict[str, object]]:
    """Fit a case to its playbook: its world, inventory and inputs. Raises BadCase where it names what is not there."""
    report = Report(str(told.file))
    world = world_of(told, registry(), report)
    inventory, raw = ours(told, checked, report)
    known(told, checked, report)
    try:
        report.settle()
    except BadPlaybook as bad:
        raise BadCase(str(bad)) from None
    assert inventory is not None
    return world, inventory, raw


def carry_out(told: Told, checked: Checked, file: str, shelf: Shelf) -> Came:
    """Try one case. Raises BadCase as `fitted` does."""
    world, inventory, raw = fitted(told, checked)
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
    except Exception as error:  # noqa: BLE001  a fault of ours in one case must not keep the others from being tried
        came.broken.append(_fault(error))
    finally:
        came.seconds = loop.time()
        _end(loop)
    came.sent = stage.sent
    came.broken += dict.fromkeys(stage.broken)
    came.notes = [*world.missed]
    if not came.refused:
        came.broken += [f"{told.at('faults', n)}: this fault never came to pass" for n in stage.faults.unused()]
    return came


def _fault(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(error).__name__} in {where}: a fault of ours, or something that the engine cannot carry out yet"


def _end(loop: Loop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    with contextlib.suppress(Stuck, RuntimeError):
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()


async def _tried(came: Came, stage: Stage, inventory: Inventory, order: Order, shelf: Shelf) -> None:
    try:
        prepared = prepare(inventory, order, opener=stage.open)
    except (NotBound, BadInput, BadInventory) as error:
        came.refused = str(error)
        return
    with shelf.journal() as journal:
        desk = Desk(stage, stage.told.case.approve)
        async with asyncio.timeout(LONGEST_S):
            await _contained(came, stage, desk, await prepared.begin(journal, desk))
        if stage.told.case.recover is None:
            return
        if came.word == "closing":
            await _died(came)
            async with asyncio.timeout(LONGEST_S):
                live = await reopen(journal, inventory, came.run.id, desk, opener=stage.open)
                await _contained(came, stage, desk, live)
        if came.word not in RESTS:
            async with asyncio.timeout(LONGEST_S):
                await _recovered(came, stage, inventory, journal)


async def _died(came: Came) -> None:
    """Wait for what dies by itself, as whoever visits the run then does."""
    until = datetime.fromisoformat(str(came.run.words[-1].body["until"]))
    await asyncio.sleep(max((until - now()).total_seconds(), 0.0) + LOOKS_ON_S)


async def _contained(came: Came, stage: Stage, desk: Desk, live: Live) -> None:
    stage.live = live
    came.said, came.run = desk.said, live.run
    came.kinds = {name: bound.kind for name, bound in live.bound.items()}
    beside = [asyncio.ensure_future(_cut_short(live)), asyncio.ensure_future(work(stage, live))]
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
        for one in beside:
            one.cancel()
        await live.hang_up()


async def _cut_short(live: Live) -> None:
    """Nobody wants a case to look on for the 24 hours that a playbook watches."""
    await live.judged.wait()
    await asyncio.sleep(LOOKS_ON_S)
    live.over.set()


async def _recovered(came: Came, stage: Stage, inventory: Inventory, journal: Journal) -> None:
    desk = Desk(stage, stage.told.case.recover or "nobody")
    wanted = Wanted("case:responder")
    stage.live = live = await reopen(journal, inventory, came.run.id, desk, why=wanted.why, opener=stage.open)
    hands = asyncio.ensure_future(work(stage, live))
    try:
        came.recovered = await recover(live, _around, wanted)
        came.said += desk.said
        await live.finish(Draft("ended", {"word": came.recovered}), unlock=came.recovered not in RESTS)
    finally:
        hands.cancel()
        await live.hang_up()
