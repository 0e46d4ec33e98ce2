"""One step, kept: observe, decide, send once, and again for ever. Hold, cut, sweep, watch and resume are this one loop."""

from __future__ import annotations

import asyncio
import math

from engine.acting import failed, one_round
from engine.bound import Bound
from engine.by_hand import by_hand
from engine.paces import AGAIN_S, DEFAULT_WITHIN_S, MESSAGE_WITHIN_S, PACE_S, SLOW_S, SLOWEST_S
from engine.state import Live
from engine.view import View
from engine.walls import PROOF_WAIT_S
from journal.clock import now
from journal.errors import JournalError
from journal.event import Draft
from language import Doubt


async def keep(live: Live, bound: Bound) -> None:
    """Carry one step out and go on looking until the run is over."""
    view = live.views[bound.id]
    try:
        view.passed = await _may_begin(live, bound, view)
        view.begun.set()
        if view.state == "skipped" and (bound.group or bound.step.if_ is not None):
            view.passed = await _asked_again(live, bound, view)
        if view.passed and bound.kind == "group":
            await _group(live, bound, view)
        elif view.passed and bound.kind == "manual":
            await by_hand(live, bound, view)
        elif view.passed:
            await _loop(live, bound, view)
    except JournalError as error:
        live.break_off(error)
    except Exception as error:  # noqa: BLE001  # a fault of ours makes its foothold unknown and stops nobody else
        what = bound.step.uses or bound.kind
        await failed(live, bound, view, "fault", f"{type(error).__name__} in {what}: a fault of ours")
    finally:
        view.begun.set()
        view.sent_once.set()
        view.settled.set()
        view.value.ended = view.value.ended or now()
        live.moved.set()


async def _group(live: Live, bound: Bound, view: View) -> None:
    """A macro, or another playbook: its parts are kept side by side with it; it has come to rest when all of them have."""
    for member in bound.members:
        if not await live.until(live.views[member].settled):
            return
    view.state = "open" if live.values(bound).steps[bound.step.id].open else "closed"


async def _may_begin(live: Live, bound: Bound, view: View) -> bool:
    if bound.group:
        group = live.views[bound.group]
        if not await live.until(group.begun):
            return False
        if group.state == "skipped":
            return await _skip(live, bound, view, f"{bound.group} is skipped")
        if not group.passed:
            view.state, view.why = group.state, group.why
            return False
    if not await live.until(live.wall_open if bound.below else live.hold_open):
        return False
    for other in bound.waits:
        if other not in live.views:
            continue
        view_of = live.views[other]  # a sweep lists for itself: its find need only have tried once
        if not await live.until(view_of.sent_once if other == bound.source else view_of.settled):
            return False
    await _blocked(live, bound)
    if bound.kind == "message" and bound.depends_on_run and not await live.until(live.judged):
        return False
    answer = live.ask(bound, "if")
    if isinstance(answer, Doubt):
        state = "waiting" if bound.one_way else "open"
        await live.note(Draft("step", {"step": bound.id, "state": state, "why": f"in doubt: {answer.why}"}))
        if bound.one_way:
            view.state, view.why = "open", f"parked, as its `if` is in doubt: {answer.why}"
            return False
    elif not answer:
        return await _skip(live, bound, view, "its `if` is false")
    return True


async def _blocked(live: Live, bound: Bound) -> None:
    """Let a foothold's blocks go first, until each is proven or for a moment: a block that fails stops no cut.

    One that has not begun by then waits for something else, as the next layer does.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + PROOF_WAIT_S
    for view in [live.views[name] for name in bound.blocks]:
        proven = await live.until(view.settled, max(end - loop.time(), 0.0))
        if not proven and view.begun.is_set():
            await live.until(view.sent_once, DEFAULT_WITHIN_S)


async def _asked_again(live: Live, bound: Bound, view: View) -> bool:
    """A step that its `if` left out is the next layer: when what it waited for gives up later, after all, it begins."""
    view.sent_once.set()
    view.settled.set()
    live.moved.set()
    while not live.over.is_set():
        await live.until(live.over, AGAIN_S)
        waited = [live.views[other] for other in bound.waits if other in live.views]
        due = live.views[bound.group].passed if bound.group else any(one.gave_up for one in waited)
        if due and live.ask(bound, "if") is True and not live.over.is_set():
            view.state, view.why, view.value.skipped, view.value.open = "open", "its `if` is true now", False, True
            view.settled.clear()
            await live.note(Draft("step", {"step": bound.id, "state": "open", "why": "its `if` became true"}))
            return True
    return False


async def _skip(live: Live, bound: Bound, view: View, why: str) -> bool:
    view.state, view.value.open, view.value.skipped = "skipped", False, True
    await live.note(Draft("step", {"step": bound.id, "state": "skipped", "why": why}))
    return False


def _within_s(bound: Bound) -> float:
    """After so many seconds a step counts as open: where it does not say, not before its provider can show what it did."""
    if bound.step.within_s:
        return bound.step.within_s
    if bound.kind == "message":
        return MESSAGE_WITHIN_S
    settles_s = bound.action.settles_within_s if bound.action is not None else 0.0
    return max(DEFAULT_WITHIN_S, settles_s + DEFAULT_WITHIN_S / 2)


async def _loop(live: Live, bound: Bound, view: View) -> None:
    within_s = _within_s(bound)
    loop = asyncio.get_running_loop()
    began, failures, quiet, since_s = loop.time(), 0, 0, math.inf
    while not live.over.is_set():
        async with view.lock:  # the judge may have looked while this waited: once is enough
            wait_s, hard = view.came if view.looked_s >= since_s else await one_round(live, bound)
        failures = failures + 1 if view.value.failed else 0
        # What is true must stay so, which takes longer than `within`.
        late = loop.time() - began > within_s and view.true_since_s is None
        if wait_s is None or hard or late or view.broke:
            view.gave_up = wait_s is not None
            view.settled.set()
            view.value.ended = view.value.ended or now()
            live.moved.set()
            if bound.action is None or bound.kind == "message":
                return
        if quiet and wait_s is not None:  # closed before, and switched back on: its time begins anew
            began, view.gave_up = loop.time(), False
        quiet = quiet + 1 if wait_s is None else 0
        pause_s = _pace_s(live, bound, quiet) if wait_s is None else SLOW_S if hard else wait_s
        if failures:
            pause_s = max(pause_s, min(0.5 * 2**failures, SLOW_S))
        view.poke.clear()
        since_s = loop.time()
        if await live.until(view.poke, pause_s):
            since_s = loop.time()


def _pace_s(live: Live, bound: Bound, quiet: int) -> float:
    """How long to leave a closed step alone: longer as it stays so, and never over a quarter of the provider's rate."""
    rate = live.links[bound.connection].wire.connection.connector.rate
    cost_s = 4 * live.views[bound.id].requests * rate.per_s / rate.calls
    return max(cost_s, min(PACE_S * 1.5 ** (quiet - 1), SLOWEST_S))
