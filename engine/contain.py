"""A containment from plan to last word: every step kept side by side, the wall, the judge, the watch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from engine import by_hand
from engine import keep as keeping
from engine.bound import Bound
from engine.hearing import hear
from engine.judge import Verdict
from engine.last_look import quiet, sends_of, verified
from engine.paces import MESSAGE_WITHIN_S
from engine.plan import plan
from engine.state import Around, Live
from engine.walls import holds_closed, parked_word, stand_at_the_wall, why_parked
from journal.event import Draft, Private

PAUSE_S = 0.05
"""Between two last looks that did not come to a word."""
CLOSING_WAIT_S = 30.0
"""For so long a process stays for something that dies by itself; beyond that the run is closed in a later visit."""


async def contain(live: Live, around: Around) -> str:
    """Carry the contain phase out, or go on with it; returns the run's word."""
    if not live.run.planned:
        await around("plan", partial(_plan, live))
    restore(live)
    wishes = asyncio.ensure_future(hear(live))
    steps = [
        asyncio.ensure_future(around(name, partial(keeping.keep, live, bound))) for name, bound in live.bound.items()
    ]
    wall = asyncio.ensure_future(stand_at_the_wall(live, around))
    try:
        word = await _judge(live, wall)
    finally:
        live.over.set()
        wall.cancel()  # a question that nobody needs answered any more
        await asyncio.gather(*steps, wall, return_exceptions=True)
        wishes.cancel()
    if live.broken is not None:
        raise live.broken
    return word


async def _plan(live: Live) -> None:
    live.planned = await plan(live)


def restore(live: Live) -> None:
    """What the journal says of rotated secrets and of answers that never came, put back into the open connections."""
    for replaces, fingerprint in live.run.rotated.items():
        for link in live.links.values():
            if fingerprint in live.secrets:
                link.wire.current[replaces] = live.secrets[fingerprint]
    for replaces, waiting in live.run.awaiting.items():
        if (named := waiting.get("connection", "")) in live.links:
            live.links[named].wire.lost[replaces] = waiting["lost"]


async def _judge(live: Live, wall: asyncio.Future[Any]) -> str:
    """Judge beside the steps, until there is a last word."""
    held, contests = False, _contests(live)
    while not live.over.is_set():
        live.moved.clear()
        if _contests(live) > contests:
            contests = _contests(live)
            await _say(live, "contested", live.verdict(), "switched back on while we contain")
        if not held and not live.wall_open.is_set() and holds_closed(live):
            held = True
            await _say(live, "held", live.verdict(), "every hold is proven; nothing one-way was done")
            live.parked = live.parked or ("held" if live.hold_only else "")
        if (word := await _parked(live)) is not None:
            return word
        if wall.done() and not wall.cancelled() and (error := wall.exception()) is not None:
            live.break_off(error)
        resting = _resting(live)
        if resting and (verdict := await verified(live)) is not None:
            word = await _say(live, verdict.word, verdict, "")
            live.judged.set()
            await _messages(live)
            if (word := await _stays(live, word)) is not None:
                return word
            continue
        if resting:  # the last look itself moves things: without a pause it would look again and again at full speed
            await live.until(live.over, PAUSE_S)
        await live.until(live.moved, 1.0)
    if live.broken is not None:
        return live.run.word
    await live.note(Draft("stopped", {"by": Private(live.stopped_by)}))
    return await _say(live, "stopped", live.verdict(), "ended by a person")


async def _parked(live: Live) -> str | None:
    """The word under which the run rests for people now; None while there is something to do."""
    hands = by_hand.awaited(live)
    if hands and not live.attended and not live.parked and _resting(live, but_hands=True) and _looked_at(live, hands):
        live.parked = "waiting"
    if not live.parked:
        return None
    word = parked_word(live) if live.parked == "waiting" else live.parked
    return await _say(live, word, live.verdict(), why_parked(live, hands))


def _looked_at(live: Live, hands: Sequence[Bound]) -> bool:
    """Whether each was looked at after all else had come to rest: what a person was to do may be so by then."""
    now_s = asyncio.get_running_loop().time()
    live.rested_s = live.rested_s or now_s
    left = [bound for bound in hands if bound.step.expect and live.views[bound.id].looked_s <= live.rested_s]
    for bound in left:
        live.views[bound.id].poke.set()
    return not left


async def _stays(live: Live, word: str) -> str | None:
    """Look on after a good word, for the playbook's `watch`; None: it must be judged anew."""
    if word == "closing":
        left_s = max((live.residual_s(name) for name in live.bound), default=0.0)
        if left_s > CLOSING_WAIT_S:
            return word
        await quiet(live, left_s, sends_of(live))
        return None  # a last look at the end of what lived on
    return word if word != "contained" or await _watched(live) else None


async def _say(live: Live, word: str, verdict: Verdict, why: str) -> str:
    last = live.run.words[-1].body if live.run.words else {}
    body = {"word": word, "footholds": verdict.body(), "why": why}
    # Of a run that rests the reason counts too: when the next rung is asked, people must hear of it.
    known = ("word", "footholds", "why") if live.parked else ("word", "footholds")
    if any(last.get(name) != body[name] for name in known):
        await live.note(Draft("worded", body | ({"until": verdict.residual_until} if word == "closing" else {})))
        live.tell(live.run, word)
    return word


def _contests(live: Live) -> int:
    return sum(effect.contested for effect in live.run.effects.values())


def _resting(live: Live, *, but_hands: bool = False) -> bool:
    """Every step is closed, skipped, or past its time; what a person does is left out with `but_hands`."""
    if not live.wall_open.is_set():
        return False
    quiet_kinds = {"message", "manual", "group"} if but_hands else {"message"}
    return all(live.views[bound.id].settled.is_set() for bound in live.bound.values() if bound.kind not in quiet_kinds)


async def _messages(live: Live) -> None:
    """Messages that say the word go out once it is known; they are not waited for beyond their own time."""
    for bound in live.bound.values():
        if bound.kind == "message":
            await live.until(live.views[bound.id].settled, MESSAGE_WITHIN_S)


async def _watched(live: Live) -> bool:
    """Look on for the playbook's `watch`. False when something was switched back on: it is judged anew."""
    watch_s = max((step.watch_s or 0.0 for step in live.checked.playbook.contain if step.kind == "watch"), default=0.0)
    if await quiet(live, watch_s, sends_of(live)):
        return live.verdict().word == "contained"
    return live.over.is_set()
