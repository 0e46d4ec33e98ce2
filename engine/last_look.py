"""The last look before a good word: at everything once more, listings first, and nothing sent meanwhile."""

from __future__ import annotations

import asyncio

from engine.acting import one_round
from engine.bound import Bound
from engine.judge import Verdict
from engine.state import Live

GOOD = frozenset({"contained", "closing"})


async def verified(live: Live) -> Verdict | None:
    """Look at everything once more before a good word: listings first, then blocks, and nothing sent meanwhile.

    What an attacker had asked for before he was cut off may still come into force, so the last look stands at least
    the blocks' own settling time after the last cut. None: something moved, so the judge goes on.
    """
    acting = [bound for bound in live.bound.values() if bound.acts]
    if stale := [b for b in acting if live.views[b.id].state == "closed" and live.stale(b.id)]:
        for bound in stale:
            live.views[bound.id].poke.set()
        return None
    left = {b.id for b in acting if live.views[b.id].state in {"open", "unknown"}}
    if not all(live.views[name].gave_up for name in left):
        return None
    if (word := live.verdict().word) not in GOOD and (left or word != "nothing-found"):
        return live.verdict()
    holds = [bound for bound in live.bound.values() if bound.kind == "hold"]
    cuts = {bound.id for bound in live.bound.values() if bound.kind == "cut"}
    settles_s = max((b.action.settles_within_s for b in holds if b.action is not None), default=0.0)
    last = max((e.n for e in live.run.effects.values() if e.step in cuts and e.sends), default=0)
    left_s = settles_s - live.elapsed_s(last) if last else 0.0
    sends = sends_of(live)
    if left_s > 0 and not await quiet(live, left_s, sends):
        return None
    for group in ([b for b in live.bound.values() if b.id in cuts], holds):
        for wait_s, _ in await asyncio.gather(*(_once(live, one) for one in group if one.id not in left)):
            if wait_s is not None:
                return None
    verdict = live.verdict()
    return verdict if sends_of(live) == sends and verdict.word in GOOD | {"nothing-found"} else None


async def _once(live: Live, bound: Bound) -> tuple[float | None, bool]:
    async with live.views[bound.id].lock:
        if live.views[bound.id].state == "skipped":
            return None, False
        return await one_round(live, bound)


async def quiet(live: Live, seconds: float, sends: int) -> bool:
    """Wait so long; False as soon as something had to be sent, or the run is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left_s := end - loop.time()) > 0:
        if live.over.is_set() or sends_of(live) != sends:
            return False
        await asyncio.sleep(min(left_s, 0.05))
    return not live.over.is_set()


def sends_of(live: Live) -> int:
    """How many sends there were so far: while this stays the same, nothing was switched back on."""
    acting = {bound.id for bound in live.bound.values() if bound.acts}
    return sum(effect.sends for effect in live.run.effects.values() if effect.step in acting)
