"""Looking at everything that a playbook is about, side by side, and journaling what was seen as the plan."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from connectors.core import ConnectorError
from engine.acting import settled
from engine.bound import Bound
from engine.guardrails import CutOff, in_effect
from engine.observe import InDoubt, Observation, observe, shown
from engine.plan.body import body
from engine.plan.filing import gone_since
from engine.registry import registry
from engine.state import Live
from journal.event import Draft
from journal.replay import replay

ENDED = re.compile(r"`steps\.([a-z0-9_]+)\.ended` is not known")


class NothingSeen(Exception):
    """Not one step could be looked at: wrong address, wrong credential. Nothing was done."""


async def plan(live: Live) -> dict[str, Observation]:
    """Look at everything that can be seen now, and journal the plan. Raises NothingSeen where no look came through."""
    seen, whys = await looked(live)
    so_far = await asyncio.to_thread(_so_far, live)
    await live.note(Draft("planned", body(live, seen, whys, so_far)), *_held(live, seen), *gone_since(live, seen))
    return seen


async def looked(live: Live) -> tuple[dict[str, Observation], dict[str, str]]:
    """What is seen of each step, and of the others why not. Raises NothingSeen."""
    seen: dict[str, Observation] = {}
    whys: dict[str, str] = {}
    done = {name: asyncio.Event() for name in live.bound}

    async def one(bound: Bound) -> None:
        try:
            for other in (*bound.waits, *bound.members):
                if other in done:
                    await done[other].wait()
            if conditions := _conditions(live, bound):
                whys[bound.id] = f"later, if {' and '.join(conditions)}"
                return
            if bound.kind in {"group", "manual"}:
                return
            seen[bound.id] = await observe(live, bound)
            if bound.action is None:
                shown(live.views[bound.id], seen[bound.id])
        except ConnectorError as error:
            whys[bound.id] = str(error)
        except InDoubt as error:
            whys[bound.id] = ENDED.sub(r"when step \1 is done", f"known later: {error}")
        finally:
            done[bound.id].set()

    await asyncio.gather(*(one(bound) for bound in live.bound.values()))
    looks = {
        name for name, bound in live.bound.items()
        if bound.find is not None or bound.look is not None or (bound.action is not None and bound.action.sees is not None)
    }  # fmt: skip
    if looks and not looks & seen.keys():  # a message needs no look: it proves no address and no credential
        raise NothingSeen("\n".join(sorted(set(whys.values()))))
    return seen, whys


def _conditions(live: Live, bound: Bound) -> list[str]:
    """The `if`s that stand before a step: its own, and those of what it is a part of."""
    outer = _conditions(live, live.bound[bound.group]) if bound.group else []
    return [*outer, bound.step.if_] if bound.step.if_ is not None else outer


def _so_far(live: Live) -> CutOff:
    """What the other runs of the incident have cut off: most incidents have none, and then nothing is read."""
    if live.run.incident == f"INC-{live.run.id[2:]}":  # its own, opened with it
        return CutOff()
    others = [row.run for row in live.journal.runs() if row.incident == live.run.incident and row.run != live.run.id]
    return in_effect((replay(live.journal.events(run)) for run in others), registry().actions.get)


def _held(live: Live, seen: Mapping[str, Observation]) -> list[Draft]:
    """What was shut before we did anything: whatever opens it from here on, no recovery of ours does."""
    if live.run.opened["mode"] == "dry-run":
        return []
    return [
        settled(name, bound.action, sight, "held-already", bound.action.sees.grade.name.lower(), "")
        for name, bound in live.bound.items()
        if name in seen and bound.action is not None and bound.action.back is not None and bound.action.sees is not None
        for sight in seen[name].sights.values()
        if not sight.missing and sight.seen is not None
    ]
