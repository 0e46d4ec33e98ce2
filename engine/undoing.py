"""The steps of eradicate and recover: in their order, one after the other, and none after one that is not as expected."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.core import Action, ConnectorError, Params, Secret, State
from engine import by_hand
from engine.acting import one_round
from engine.bound import Bound
from engine.expecting import expected
from engine.observe import InDoubt, observe, shown
from engine.paces import BY_HAND_WITHIN_S, DEFAULT_WITHIN_S, PACE_S
from engine.send import before_name
from engine.state import Live
from journal.clock import now
from journal.replay import Effect
from language import Checked, Doubt, Step


class Doubted(Exception):
    """Why recovery stops here: nothing more is given back until a person has looked."""


@dataclass(frozen=True)
class Back:
    """One effect to be given back."""

    bound: Bound
    action: Action[Any, Any]
    effect: Effect
    params: Params
    before: State


def in_order(checked: Checked) -> list[Step]:
    """The lines of eradicate and recover, each after those that it waits for, else as they stand in the file."""
    left = [*checked.playbook.phase("eradicate"), *checked.playbook.phase("recover")]
    done = {step.id for step in checked.playbook.contain}
    found: list[Step] = []
    while left:
        step = next(step for step in left if checked.waits.get(step.id, frozenset()) <= done)
        found.append(step)
        done.add(step.id)
        left.remove(step)
    return found


async def recollect(live: Live) -> None:
    """Let the steps of contain be seen again as the record has them; what they found is found again."""
    for name, bound in live.bound.items():
        view, effects = live.views[name], live.run.of_step(name)
        view.passed = live.run.steps.get(name, {}).get("state") != "skipped"
        view.value.skipped = not view.passed
        view.value.effective = sum(1 for effect in effects if effect.closed)
        view.value.open = view.passed and not (effects and all(e.closed or e.word == "undone" for e in effects))
        view.sent_once.set()
        if bound.action is None and bound.kind in {"find", "look"} and view.passed:
            try:
                shown(view, await observe(live, bound))
                view.value.open = False
            except (ConnectorError, InDoubt):
                view.value.failed = True


async def carried(live: Live, bound: Bound, undo: Callable[[Bound], Awaitable[None]]) -> None:
    """Carry one line out. Raises Doubted where it does not come out as it is to."""
    view = live.views[bound.id]
    answer = live.ask(bound, "if")
    if isinstance(answer, Doubt):
        raise Doubted(f"{bound.id}: its `if` is in doubt: {answer.why}")
    if not answer:
        view.state, view.value.open, view.value.skipped, view.passed = "skipped", False, True, False
        return
    view.passed = True
    if bound.kind == "group":
        for member in bound.members:
            await carried(live, live.every[member], undo)
    elif bound.kind == "manual":
        await _hand(live, bound)
    elif bound.kind == "undo":
        await undo(bound)
        view.state, view.value.open = "closed", False
        await _as_expected(live, bound)
    else:
        await _used(live, bound)
    view.value.ended = now()


async def _used(live: Live, bound: Bound) -> None:
    view, loop = live.views[bound.id], asyncio.get_running_loop()
    began, within_s = loop.time(), bound.step.within_s or DEFAULT_WITHIN_S
    while not live.over.is_set():
        wait_s, hard = await one_round(live, bound)
        if wait_s is None:
            return
        late = loop.time() - began > within_s and view.true_since_s is None
        if hard or late or view.broke or (view.value.failed and late):
            raise Doubted(f"{bound.id}: {view.why or 'not closed in its time'}")
        await live.until(live.over, max(wait_s, 0.05))
    raise Doubted("stopped; what was given back so far stays given back")


async def _as_expected(live: Live, bound: Bound) -> None:
    """Wait until the line's `expect` holds, and has held."""
    view, loop = live.views[bound.id], asyncio.get_running_loop()
    began, within_s = loop.time(), bound.step.within_s or DEFAULT_WITHIN_S
    while not live.over.is_set():
        wait_s, why = await expected(live, bound, view)
        if wait_s is None:
            return
        if view.broke or (loop.time() - began > within_s and view.true_since_s is None):
            raise Doubted(f"{bound.id}: {why}")
        await live.until(live.over, max(wait_s, 0.05))
    raise Doubted("stopped; what was given back so far stays given back")


async def _hand(live: Live, bound: Bound, *, back: bool = False) -> None:
    """What a person does. Where nobody sits before this process, the run rests until it is said to be done."""
    key = by_hand.said_key(bound, back=back)
    text = await by_hand.ask(live, bound, back=back)
    loop = asyncio.get_running_loop()
    end = loop.time() + (bound.step.within_s or BY_HAND_WITHIN_S)
    while key not in live.run.attested and loop.time() < end and not live.over.is_set():
        if not live.attended:
            live.parked = "waiting"
            raise Doubted(f"{bound.id} waits for a person: {text}")
        await live.until(live.moved, PACE_S)
        live.moved.clear()
    if key not in live.run.attested:
        raise Doubted(f"{bound.id}: nobody said that it is done: {text}")
    if not back:
        await _as_expected(live, bound)
        live.views[bound.id].state, live.views[bound.id].value.open = "closed", False
    word, grade = ("undone", "attested") if back else ("effective", "seen" if bound.step.expect else "attested")
    await live.note(by_hand.settled(bound, word, grade, back=back))


def closed_by_hand(live: Live, what: str) -> list[Bound]:
    """What a person closed by hand and can open again, newest first."""
    found = []
    for name in reversed(list(live.bound)):
        bound = live.bound[name]
        effect = live.run.effects.get(f"{name}/{by_hand.TARGET}")
        closed = bound.kind == "manual" and bound.step.undo_by and effect is not None and effect.closed
        if closed and _within(bound, what):
            found.append(bound)
    return found


async def hands_back(live: Live, what: str, leave: frozenset[str]) -> None:
    """What a person closed by hand, a person opens again."""
    for bound in closed_by_hand(live, what):
        if bound.id not in leave:
            await _hand(live, bound, back=True)


def _within(bound: Bound, what: str) -> bool:
    """Whether `undo: WHAT` is about a step: its whole phase, itself, or the line that it is a part of."""
    return what in {bound.phase, bound.id} or bound.id.startswith(f"{what}.")


def todo(live: Live, what: str) -> list[Back]:
    """What this run closed itself and can give back, in the order in which it was closed."""
    backs = []
    sealed: dict[str, bytes] | None = None
    for effect in live.run.effects.values():
        bound = live.bound.get(effect.step)
        action = bound.action if bound is not None else None
        if bound is None or action is None or action.back is None or not _within(bound, what):
            continue
        if effect.held or effect.sends == 0 or effect.word == "undone" or effect.before is None:
            continue  # held already before we came (who opened it meanwhile was not one of us), or given back already
        hidden: dict[str, bytes] = {}
        for field, value in effect.before.items():
            if isinstance(value, str) and value.startswith("sha256:") and field in action.state.sealed_fields():
                sealed = live.journal.unseal(live.run.id) if sealed is None else sealed
                hidden[field] = sealed[before_name(effect.id, field)]
        before = action.state.restore({k: v for k, v in effect.before.items() if k not in hidden}, hidden)
        backs.append(Back(bound, action, effect, _params(live, action, effect.params), before))
    return backs


def _params(live: Live, action: Action[Any, Any], recorded: Mapping[str, Any]) -> Params:
    clear = dict(recorded)
    for name, field in action.params.model_fields.items():
        if field.annotation is Secret:
            clear[name] = live.secrets[str(recorded[name]).removeprefix("secret:")]
        elif isinstance(clear[name], list):
            clear[name] = tuple(clear[name])
    made: Params = action.params.model_validate(clear)
    return made
