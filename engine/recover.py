"""Recovery: gives back what was clean, in reverse, and stops at the first doubt. Started by people, never by a timer."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from connectors.core import Action, ConnectorError, Params, State, Unseen
from engine.acting import settled
from engine.bound import Bound
from engine.contain import restore
from engine.hearing import hear
from engine.needs import needs_of_wall
from engine.observe import InDoubt, Sight, observe
from engine.send import send
from engine.settle import Send, Settle, Wait, next_for
from engine.state import Around, Live
from engine.tainted import asked_about, compared, stays_off
from engine.undoing import Back, Doubted, carried, closed_by_hand, hands_back, in_order, recollect, todo
from engine.walls import put
from journal.event import Draft, Private
from language import Step

UNDO_WITHIN_S = 120.0


@dataclass(frozen=True)
class Wanted:
    """Who wants a recovery, whether they approved what is printed beforehand, and what they leave as it is."""

    by: str
    yes: bool = False
    leave: frozenset[str] = frozenset()

    @property
    def why(self) -> str:
        """Why the run is taken up: stands in its lease, the first event of a recovery."""
        return "recover --yes" if self.yes else "recover"


async def recover(live: Live, around: Around, wanted: Wanted | None = None) -> str:
    """Carry the recover phase out; without `wanted`, go on with the one that was ordered."""
    restore(live)
    live.yes_scope = ""  # that was the scope of the cut
    if wanted is not None:
        body = {"phase": "recover", "by": Private(wanted.by), "yes": wanted.yes, "leave": sorted(wanted.leave)}
        await live.note(Draft("ordered", body))
    leave = frozenset(live.run.orders.get("recover", {}).get("leave", ()))
    if live.run.word != "recovering":
        await _say(live, "recovering", "")
    live.hold_open.set()
    live.wall_open.set()  # the walls of these phases are asked in their places
    wishes = asyncio.ensure_future(hear(live))
    try:
        await recollect(live)
        unknown = await compared(live)
        for step in in_order(live.checked):
            if step.kind == "approve":
                await around(step.id, partial(_approved, live, step, unknown))
            elif step.kind != "watch":
                await around(step.id, partial(carried, live, live.every[step.id], partial(_undo, live, leave)))
    except Doubted as doubt:
        live.desk.say(str(doubt))
        word = "stopped" if live.over.is_set() else live.parked or "partially-recovered"
        return await _say(live, word, str(doubt))
    finally:
        wishes.cancel()
    if why := _left(live, leave):
        return await _say(live, "partially-recovered", why)
    return await _say(live, "recovered", "")


def _left(live: Live, leave: frozenset[str]) -> str:
    """What was not given back, and what that takes; "" where all of it was."""
    backs = todo(live, "contain")
    off = sorted(stays_off(live.run) & {back.effect.id for back in backs if back.bound.id not in leave})
    left = sorted(leave & {back.bound.id for back in backs})
    parts = [f"left as they are: {', '.join(left)}"] if left else []
    if off:
        said = "; ".join(f"{name}: {live.run.tainted[name]['why']}" for name in off)
        parts.append(
            f"tainted, so left off until a person ticks it (`ringfence recover {live.run.id} --tick STEP/TARGET`): {said}"
        )
    return "; ".join(parts)


async def _say(live: Live, word: str, why: str) -> str:
    last = live.run.words[-1].body if live.run.words else {}
    await live.note(Draft("worded", {"word": word, "footholds": last.get("footholds", {}), "why": why}))
    live.tell(live.run, word)
    return word


async def _approved(live: Live, step: Step, unknown: Mapping[str, str]) -> None:
    """The wall of a phase after contain: what would be given back, by name, approved by people as any other."""
    off = stays_off(live.run)
    backs = [back for back in todo(live, "contain") if back.effect.id not in off]
    hands = closed_by_hand(live, "contain")
    if not backs and not hands:
        return
    shown = "\n".join(
        [
            "Give back what this run switched off, and was clean before:",
            *(f"  {b.effect.id}: {b.action.name}" for b in reversed(backs)),
            *(f"  {bound.id}: by hand" for bound in hands),
            *asked_about(live, backs, unknown),
        ]
    )
    scope = hashlib.sha256(shown.encode()).hexdigest()
    if step.id in live.run.approved:
        return
    body = {"wall": step.id, "scope_hash": scope, **needs_of_wall(live, step)}
    if not await put(live, body, shown, step.within_s, lambda: step.id in live.run.approved):
        stopped = "stopped before anything was given back"
        raise Doubted(stopped if live.over.is_set() else "Recovery is not approved: everything stays as it is.")


async def _undo(live: Live, leave: frozenset[str], bound: Bound) -> None:
    """Look at all of it before the first write; then give back, newest first, and of a `share` that part alone."""
    off = stays_off(live.run)
    backs = [b for b in reversed(todo(live, bound.step.undo)) if b.bound.id not in leave and b.effect.id not in off]
    if bound.step.fraction < 1:  # of the whole: what was given back before, by this line or another try of it, counts
        done = sum(1 for effect in live.run.effects.values() if effect.word == "undone")
        backs = backs[: max(math.ceil((done + len(backs)) * bound.step.fraction) - done, 0)]
    await _clean(live, backs)
    for back in backs:
        await _give_back(live, back)
    if bound.step.fraction >= 1:
        await hands_back(live, bound.step.undo, leave)


async def _clean(live: Live, backs: Sequence[Back]) -> None:
    """Refuse all of it where one would revive what is alive, or has drifted."""
    drifted = []
    for back in backs:
        if not back.effect.back:
            await _revives_nothing(live, back)
            if (difference := await _drift(live, back)) is not None:
                drifted.append(f"{back.effect.id}: {difference}")
    if drifted:
        raise Doubted(
            "Drifted: changed since we left it, so it is left alone: " + "; ".join(drifted)
            + f". Nothing was given back. Look at it; then `ringfence recover {live.run.id} --leave STEP` goes on without it."
        )  # fmt: skip


async def _revives_nothing(live: Live, back: Back) -> None:
    """Refuse an undo that would bring back to life what this action masks."""
    for masked in back.action.masks:
        steps = [b for b in live.bound.values() if b.action is masked and b.connection == back.bound.connection]
        itself = _itself(back, masked)
        if not steps and itself is None:
            raise Doubted(f"{back.effect.id}: no step of this playbook shows what it would revive ({masked.name})")
        alive = 0
        try:
            for bound in steps:
                alive += sum(1 for sight in (await observe(live, bound)).sights.values() if sight.missing)
            if itself is not None:
                alive = max(alive, await _lives(live, back, masked, itself))
        except (ConnectorError, InDoubt) as error:
            raise Doubted(f"{back.effect.id}: what it would revive cannot be looked at: {error}") from None
        if alive:
            await live.note(Draft("refused", {"effect": back.effect.id, "masks": masked.name, "alive": alive}))
            then = (
                "Resume the containment first" if steps
                else f"No step of this playbook does that: have it done at the provider now, then `ringfence recover {live.run.id}` again"
            )  # fmt: skip
            raise Doubted(
                f"{back.effect.id}: giving it back would revive {alive} that {masked.name} has not ended. {then}"
            )


def _itself(back: Back, masked: Action[Any, Any]) -> Params | None:
    """What a masked action is asked about the very thing that was shut, where no list is needed for that; else None.

    A moment that it asks for is the one at which that was seen shut: what began before then was only held down by it.
    """
    given: dict[str, object] = {}
    for name, field in masked.params.model_fields.items():
        if name in type(back.params).model_fields:
            given[name] = getattr(back.params, name)
        elif field.annotation is datetime and back.effect.settled_at:
            given[name] = datetime.fromisoformat(back.effect.settled_at)
        elif field.is_required():
            return None
    made: Params | None = masked.params.model_validate(given) if masked.sees is not None else None
    return made


async def _lives(live: Live, back: Back, masked: Action[Any, Any], itself: Params) -> int:
    """1 where what a masked action would end of this very thing is not ended yet, whoever was to end it; else 0."""
    assert masked.sees is not None
    asked = masked.sees.params(**{name: getattr(itself, name) for name in masked.sees.params.model_fields})
    seen = await masked.sees(live.links[back.bound.connection].reader, asked)
    return int(bool(masked.missing(itself, seen, f"{live.run.id}/{back.effect.id}")))


async def _look(live: Live, back: Back) -> State:
    assert back.action.sees is not None
    asked = back.action.sees.params(**{n: getattr(back.params, n) for n in back.action.sees.params.model_fields})
    try:
        seen: State = await back.action.sees(live.links[back.bound.connection].reader, asked)
    except Unseen as error:
        raise Doubted(f"{back.effect.id}: {error}") from None
    except ConnectorError as error:
        raise Doubted(f"{back.effect.id}: it cannot be looked at: {error}") from None
    return seen


async def _drift(live: Live, back: Back) -> str | None:
    """How it differs from what we left, asked once: before the first undo intent."""
    seen = await _look(live, back)
    if back.effect.after is None and not back.action.missing(back.params, seen, f"{live.run.id}/{back.effect.id}"):
        return None  # it was left gone from its listing, which says nothing of what is gone; it is still as we want it
    left = back.effect.after or {}
    differs = {
        name: value for name, value in seen.governed().items() if left.get(name) not in (value, f"sha256:{value}")
    }
    if not differs:
        return None
    difference = ", ".join(f"{name} is {value}, was left {left.get(name)}" for name, value in differs.items())
    sight = Sight(back.effect.target, back.params, seen, ())
    body = settled(back.bound.id, back.action, sight, "drifted", "seen", difference)
    await live.note(Draft("settled", {**body.body, "after": dict(left) or None}))
    return difference


async def _give_back(live: Live, back: Back) -> None:
    """Converge like any action: look, send what is missing to get back, look again."""
    loop = asyncio.get_running_loop()
    began, within_s = loop.time(), max(UNDO_WITHIN_S, 2 * back.action.settles_within_s)
    while not live.over.is_set():
        seen = await _look(live, back)
        calls = back.action.missing_back(back.params, seen, back.before)
        effect = live.run.effects[back.effect.id]
        record = replace(effect, word="", back=False) if effect.back else None
        elapsed_s = live.elapsed_s(effect.sent_n, "" if effect.adrift else effect.sent_at)
        move = next_for(record, [call.digest for call in calls], elapsed_s, back.action.settles_within_s)
        sight = Sight(back.effect.target, back.params, seen, calls)
        match move:
            case Send():
                await send(live, back.bound, back.action, sight, calls, back=True)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Settle(word, why):
                if not calls:
                    await live.note(settled(back.bound.id, back.action, sight, "undone", "seen", "", back=True))
                    return
                raise Doubted(f"{back.effect.id}: not given back ({word}): {why}")
        if loop.time() - began > within_s:
            raise Doubted(f"{back.effect.id}: not given back within {within_s:.0f} s")
    raise Doubted("stopped; what was given back so far stays given back")
