"""A containment from plan to last word: every step kept side by side, the wall, the judge, the watch."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import Any

from engine import keep as keeping
from engine.bound import Bound
from engine.judge import Verdict
from engine.plan import plan
from engine.state import Around, Live
from journal.errors import JournalError
from journal.event import Draft, Private

ASKED_EVERY_S = 0.5
PROOF_WAIT_S = 3.0
"""For so long at most the wall waits for holds that were sent to be proven: a cut before its block is in force is
undone by the next refresh. It is no barrier: an admin attacker who undoes holds dies only in the cut."""


async def contain(live: Live, around: Around) -> str:
    """Carry the contain phase out, or go on with it; returns the run's word."""
    if not live.run.planned:
        await around("plan", partial(_plan, live))
    restore(live)
    wishes = asyncio.ensure_future(hear(live))
    steps = [
        asyncio.ensure_future(around(name, partial(keeping.keep, live, bound))) for name, bound in live.bound.items()
    ]
    wall = asyncio.ensure_future(_wall(live, around))
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


async def hear(live: Live) -> None:
    """`stop` from another process."""
    while not live.over.is_set():
        for wish in await asyncio.to_thread(live.journal.asked, live.run.id, live.heard):
            live.heard = wish.id
            if wish.what == "stop":
                stop(live, wish.by)
        await asyncio.sleep(ASKED_EVERY_S)


def stop(live: Live, by: str) -> None:
    """End what is in flight, start nothing new. The run can be resumed."""
    live.stopped_by = live.stopped_by or by
    live.over.set()
    live.moved.set()


def _walls(live: Live) -> list[Any]:
    return [step for step in live.checked.playbook.contain if step.kind == "approve"]


async def _wall(live: Live, around: Around) -> None:
    """Ask once each hold has been sent, not once it is proven: an admin attacker dies only in the cut."""
    walls = _walls(live)
    if not walls:
        live.wall_open.set()
        return
    wall = walls[0]
    scope = live.run.planned["scope_hash"]
    approved = live.run.approved.get(wall.id)
    if approved is not None and approved.body["scope_hash"] == scope:
        live.wall_open.set()
        return
    await around(wall.id, partial(_ask, live, wall))


async def _ask(live: Live, wall: Any) -> None:
    for bound in live.bound.values():
        if not bound.below and bound.kind == "hold" and not await live.until(live.views[bound.id].sent_once):
            return
    holds = any(bound.kind == "hold" for bound in live.bound.values())  # without one there is nothing to wait for
    loop = asyncio.get_running_loop()
    end = loop.time() + (PROOF_WAIT_S if holds else 0.0)
    while not _holds_closed(live) and (left_s := end - loop.time()) > 0 and not live.over.is_set():  # noqa: ASYNC110
        await asyncio.sleep(min(left_s, 0.02))
    try:
        await _question(live, wall)
    except JournalError as error:
        live.break_off(error)


async def _question(live: Live, wall: Any) -> None:
    scope = live.run.planned["scope_hash"]
    shown = shown_text(live)
    digest = hashlib.sha256(shown.encode()).hexdigest()
    await live.note(Draft("asked", {"wall": wall.id, "role": wall.approve, "scope_hash": scope, "shown": digest}))
    try:
        answer, by, how = await asyncio.wait_for(live.desk.ask(wall.id, wall.approve, shown), wall.within_s)
    except TimeoutError:
        answer, by, how = "nobody", "", ""
    if live.over.is_set():
        return
    body = {"wall": wall.id, "scope_hash": scope, "by": Private(by), "how": how, "shown": digest}
    if answer == "yes":
        await live.note(Draft("approved", body))
        live.wall_open.set()
        return
    if answer == "no":
        await live.note(Draft("declined", body))
    live.desk.say("Not approved: what is held stays held; nothing one-way was done.")
    live.parked = True
    live.moved.set()


def shown_text(live: Live) -> str:
    """What an approver is shown: the scope, in words, with its hash."""
    planned = live.run.planned
    lines = [planned["first_line"], f"Scope {planned['scope_hash'][:8]}: what cannot be undone"]
    for row in planned["steps"]:
        if row["kind"] == "cut":
            many = f"{row['missing']} now, at most {row['at_most']}" if row["at_most"] != 1 else "1"
            lines.append(f"  {row['id']}: {row['uses']}, {many}; to get back: {row['irreversible']}")
    return "\n".join(lines)


async def _judge(live: Live, wall: asyncio.Future[Any]) -> str:
    """Judge beside the steps, until there is a last word."""
    held, contests = False, _contests(live)
    while not live.over.is_set():
        live.moved.clear()
        if _contests(live) > contests:
            contests = _contests(live)
            await _say(live, "contested", live.verdict(), "switched back on while we contain")
        if not held and not live.wall_open.is_set() and _holds_closed(live):
            held = True
            await _say(live, "held", live.verdict(), "every hold is proven; nothing one-way was done")
        if live.parked:
            return await _say(live, "waiting", live.verdict(), "the cut waits for an approval")
        if wall.done() and (error := wall.exception()) is not None:
            live.break_off(error)
        if _resting(live) and (verdict := await _verified(live)) is not None:
            word = await _say(live, verdict.word, verdict, "")
            live.judged.set()
            await _messages(live)
            if word != "contained" or await _watched(live):
                return word
            continue
        await live.until(live.moved, 1.0)
    if live.broken is not None:
        return live.run.word
    await live.note(Draft("stopped", {"by": Private(live.stopped_by)}))
    return await _say(live, "stopped", live.verdict(), "ended by a person")


async def _say(live: Live, word: str, verdict: Verdict, why: str) -> str:
    last = live.run.words[-1].body if live.run.words else {}
    if (last.get("word"), last.get("footholds")) != (word, verdict.body()):
        await live.note(Draft("worded", {"word": word, "footholds": verdict.body(), "why": why}))
    return word


def _contests(live: Live) -> int:
    return sum(effect.contested for effect in live.run.effects.values())


def _acting(live: Live) -> list[Bound]:
    return [bound for bound in live.bound.values() if bound.kind in {"hold", "cut"}]


def _holds_closed(live: Live) -> bool:
    holds = [bound for bound in live.bound.values() if bound.kind == "hold"]
    return bool(holds) and all(live.views[bound.id].state in {"closed", "skipped"} for bound in holds)


def _resting(live: Live) -> bool:
    """Every step is closed, skipped, or past its time."""
    if not live.wall_open.is_set():
        return False
    return all(live.views[bound.id].settled.is_set() for bound in live.bound.values() if bound.kind != "message")


async def _verified(live: Live) -> Verdict | None:
    """Look at everything once more before a good word: listings first, then blocks, and nothing sent meanwhile.

    What an attacker had asked for before he was cut off may still come into force, so the last look stands at least
    the blocks' own settling time after the last cut. None: something moved, so the judge goes on.
    """
    acting = _acting(live)
    if stale := [b for b in acting if live.views[b.id].state == "closed" and live.stale(b.id)]:
        for bound in stale:
            live.views[bound.id].poke.set()
        return None
    left = {b.id for b in acting if live.views[b.id].state == "open"}
    if not all(live.views[name].gave_up for name in left):
        return None
    if (word := live.verdict().word) != "contained" and (left or word != "nothing-found"):
        return live.verdict()
    holds = [bound for bound in live.bound.values() if bound.kind == "hold"]
    cuts = {bound.id for bound in live.bound.values() if bound.kind == "cut"}
    settles_s = max((b.action.settles_within_s for b in holds if b.action is not None), default=0.0)
    last = max((e.n for e in live.run.effects.values() if e.step in cuts and e.sends), default=0)
    left_s = settles_s - live.elapsed_s(last) if last else 0.0
    sends = _sends(live)
    if left_s > 0 and not await _quiet(live, left_s, sends):
        return None
    for group in ([b for b in live.bound.values() if b.id in cuts], holds):
        for wait_s, _ in await asyncio.gather(*(_once(live, bound) for bound in group if bound.id not in left)):
            if wait_s is not None:
                return None
    verdict = live.verdict()
    return verdict if _sends(live) == sends and verdict.word in {"contained", "nothing-found"} else None


async def _once(live: Live, bound: Bound) -> tuple[float | None, bool]:
    async with live.views[bound.id].lock:
        if live.views[bound.id].state == "skipped":
            return None, False
        return await keeping.one_round(live, bound)


async def _quiet(live: Live, seconds: float, sends: int) -> bool:
    """Wait so long; False as soon as something had to be sent, or the run is over."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left_s := end - loop.time()) > 0:
        if live.over.is_set() or _sends(live) != sends:
            return False
        await asyncio.sleep(min(left_s, 0.05))
    return not live.over.is_set()


def _sends(live: Live) -> int:
    acting = {bound.id for bound in _acting(live)}
    return sum(effect.sends for effect in live.run.effects.values() if effect.step in acting)


async def _messages(live: Live) -> None:
    """Messages that say the word go out once it is known; they are not waited for beyond their own time."""
    for bound in live.bound.values():
        if bound.kind == "message":
            await live.until(live.views[bound.id].settled, keeping.MESSAGE_WITHIN_S)


async def _watched(live: Live) -> bool:
    """Look on for the playbook's `watch`. False when something was switched back on: it is judged anew."""
    watch_s = max((step.watch_s or 0.0 for step in live.checked.playbook.contain if step.kind == "watch"), default=0.0)
    if await _quiet(live, watch_s, _sends(live)):
        return live.verdict().word == "contained"
    return live.over.is_set()
