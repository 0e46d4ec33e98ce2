"""`expect`: asked again, with fresh looks at whatever it refers to, until it is true, and has stayed so."""

from __future__ import annotations

import asyncio

from connectors.core import ConnectorError
from engine.bound import Bound
from engine.observe import InDoubt, observe, shown
from engine.paces import PACE_S
from engine.state import Live
from engine.view import View
from language import Doubt


async def expected(live: Live, bound: Bound, view: View) -> tuple[float | None, str]:
    """Give (None, "") when a step is as expected, or has no `expect`; else seconds until it is asked again, and why."""
    expect = bound.step.expect
    if expect is None:
        return None, ""
    await _look_again(live, bound)
    answer = live.ask(bound, "expect")
    now_s = asyncio.get_running_loop().time()
    if answer is not True:
        doubt = f": {answer.why}" if isinstance(answer, Doubt) else ""
        if view.true_since_s is not None and bound.step.stays_s:  # false once is a failure: it did not stay
            view.broke = view.broke or f"{expect} was true for {now_s - view.true_since_s:.0f} s, and then not{doubt}"
            view.value.failed = True
        return PACE_S, view.broke or f"expected {expect}{doubt}"
    if view.broke:
        return PACE_S, view.broke
    view.true_since_s = now_s if view.true_since_s is None else view.true_since_s
    left_s = (bound.step.stays_s or 0.0) - (now_s - view.true_since_s)
    if left_s > 0:
        return min(max(left_s / 10, 0.25), left_s, 15.0), f"{expect} is true, and must stay so for {left_s:.0f} s more"
    return None, ""


async def _look_again(live: Live, bound: Bound) -> None:
    """Run the finds and looks that it refers to again: what they saw before is no answer about now."""
    if bound.fixed is not None or bound.sweep is not None:
        return
    for name in bound.book.refers(bound.step.id, "expect"):
        other = live.every.get(bound.prefix + name)
        if other is None or other.id == bound.id or other.action is not None or other.kind in {"manual", "group"}:
            continue
        view = live.views[other.id]
        try:
            seen = await observe(live, other)
        except (ConnectorError, InDoubt) as error:
            view.value.failed, view.state, view.why = True, "unknown", str(error)
        else:
            view.value.failed = False
            shown(view, seen)
