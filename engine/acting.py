"""One round of a step: what a fresh look shows, what follows from it for each target, what is sent, how the step stands then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.core import Action, ConnectorError, Impossible, NotAllowed, Unexpected
from engine.bound import Bound
from engine.evidence import preserve
from engine.expecting import expected
from engine.observe import InDoubt, Observation, Sight, holds, observe, planned, shown, side_by_side
from engine.paces import PACE_S, SLOW_S
from engine.plan_file import permitted
from engine.send import send
from engine.settle import Move, Send, Settle, Wait, next_for, next_unproven
from engine.state import Live
from engine.view import View
from journal.errors import JournalError
from journal.event import Draft
from journal.replay import Effect

HARD = (NotAllowed, Impossible, Unexpected)


async def one_round(live: Live, bound: Bound) -> tuple[float | None, bool]:
    """Observe, decide, send once. Returns (seconds until the next round, None when nothing is left; hard failure)."""
    view = live.views[bound.id]
    view.looked_s = asyncio.get_running_loop().time()
    view.came = await _round(live, bound, view)
    return view.came


async def _round(live: Live, bound: Bound, view: View) -> tuple[float | None, bool]:
    try:
        seen = planned(live, bound) or await observe(live, bound)
        wait_s = await _act(live, bound, view, seen)
    except ConnectorError as error:
        await failed(live, bound, view, error.code, str(error))
        return PACE_S, isinstance(error, HARD)
    except InDoubt as error:
        await failed(live, bound, view, "in-doubt", str(error))
        return PACE_S, False
    except JournalError:
        raise
    except Exception as error:  # noqa: BLE001  # a connector's own fault makes its foothold unknown and stops nobody else
        await failed(live, bound, view, "fault", f"{type(error).__name__} in {bound.step.uses}: a fault of ours")
        return PACE_S, True
    view.value.failed = False
    live.moved.set()
    return wait_s, view.outside


async def failed(live: Live, bound: Bound, view: View, code: str, why: str) -> None:
    """Note that a step could not be looked at, or had a fault: its foothold is unknown, and nobody else stops."""
    view.value.failed, view.value.open = True, True
    changed = (view.state, view.why) != ("unknown", why)
    view.state, view.why = "unknown", why
    view.sent_once.set()
    if changed:
        live.desk.say(f"{bound.id}: {why}")
        await live.note(Draft("step", {"step": bound.id, "state": "failed", "why": f"{code}: {why}"}))
    live.moved.set()


async def _act(live: Live, bound: Bound, view: View, seen: Observation) -> float | None:
    if bound.action is None:
        shown(view, seen)
        view.value.failed = False
        view.sent_once.set()
        if bound.preserves:
            await preserve(live, bound, seen)
        return await closed(live, bound, view)
    moves = _moves(live, bound, seen)
    drafts = _settlements(live, bound, bound.action, seen, moves)
    if bound.many:
        still = sum(1 for sight in seen.sights.values() if sight.missing)
        body = {"step": bound.id, "after": seen.after, "count": len(seen.sights), "open": still}
        known = live.run.listings.get(bound.id)
        if drafts or known is None or (known.after, known.count, known.open) != (seen.after, len(seen.sights), still):
            drafts.insert(0, Draft("listed", body))
    drafts += _contested(live, bound, moves)
    if drafts:
        await live.note(*drafts)
    view.requests = seen.requests
    view.found = max(view.found, _found(live, bound, seen))
    sends, sent = [seen.sights[target] for target, move in moves.items() if isinstance(move, Send)], 0
    if sends:
        view.state, view.why = "open", f"{len(sends)} of {len(seen.sights)} still open"
        sent = await _send_all(live, bound, bound.action, sends)
    else:
        view.sent_once.set()
    waits = [move.seconds for move in moves.values() if isinstance(move, Wait)]
    view.outside = view.outside and bool(sends) and not waits
    at_once = 0.0 if sent and live.may_send() else PACE_S  # what may not be sent must not become a hot loop
    return await _stand(live, bound, view, moves, at_once if sends else min(waits) if waits else None)


def _found(live: Live, bound: Bound, seen: Observation) -> int:
    """How many there ever were. Of a given list only what this run saw alive counts: a token that introspects as
    inactive may be dead, or hidden from our credential, and a list without one live token proves neither.
    """  # noqa: D205
    if not bound.given:
        return max(len(seen.sights), live.run.seen_counts.get(bound.id, 0))
    sent = {effect.target for effect in live.run.of_step(bound.id) if effect.sends}
    return len(sent | {target for target, sight in seen.sights.items() if sight.missing})


def _moves(live: Live, bound: Bound, seen: Observation) -> dict[str, Move]:
    assert bound.action is not None
    moves: dict[str, Move] = {}
    for target, sight in seen.sights.items():
        effect = live.run.effects.get(f"{bound.id}/{target}")
        elapsed_s = (
            live.elapsed_s(effect.sent_n, "" if effect.adrift else effect.sent_at) if effect and effect.sent_at else 0.0
        )
        if bound.action.sees is None:
            moves[target] = next_unproven(effect, elapsed_s)
        else:
            digests = [call.digest for call in sight.missing]
            moves[target] = next_for(effect, digests, elapsed_s, bound.action.settles_within_s)
    return moves


def _settlements(
    live: Live, bound: Bound, action: Action[Any, Any], seen: Observation, moves: dict[str, Move]
) -> list[Draft]:
    drafts = []
    grade = action.sees.grade.name.lower() if action.sees is not None else "said"
    for target, move in moves.items():
        effect = live.run.effects.get(f"{bound.id}/{target}")
        if isinstance(move, Settle) and (effect is None or (effect.word, effect.back) != (move.word, False)):
            proof = grade if move.word in {"effective", "held-already"} else "said"
            drafts.append(settled(bound.id, action, seen.sights[target], move.word, proof, move.why))
    if bound.listed:  # ended without an error, so all pages came: what is not in it is gone
        for effect in live.run.of_step(bound.id):
            if effect.target not in seen.sights and effect.sends and not effect.closed:
                body = _body(bound.id, effect.action, effect.target, effect.params, "effective", grade, "")
                drafts.append(Draft("settled", {**body, "after": None}))
    return drafts


def settled(
    step: str, action: Action[Any, Any], sight: Sight, word: str, grade: str, why: str, *, back: bool = False
) -> Draft:
    """The event that says how one effect came out; what it left is kept where an undo will ask for it."""
    body = _body(step, action.name, sight.target, sight.params.record(), word, grade, why)
    after = sight.seen.record()[0] if sight.seen is not None and not action.cuts and action.sees is not None else None
    return Draft("settled", {**body, "after": after, "back": back})


def _body(step: str, action: str, target: str, params: Any, word: str, grade: str, why: str) -> dict[str, Any]:
    return {
        "effect": f"{step}/{target}", "step": step, "action": action, "target": target, "params": params,
        "word": word, "grade": grade, "why": why, "back": False,
    }  # fmt: skip


def _contested(live: Live, bound: Bound, moves: dict[str, Move]) -> list[Draft]:
    drafts = []
    for target, move in moves.items():
        if isinstance(move, Send) and move.contested:
            effect: Effect = live.run.effects[f"{bound.id}/{target}"]
            live.desk.say(f"CONTESTED: {bound.step.uses} on {target} was switched back on; closing it again")
            drafts.append(Draft("contested", {"effect": effect.id, "times": effect.contested + 1}))
    return drafts


async def _stand(live: Live, bound: Bound, view: View, moves: dict[str, Move], wait_s: float | None) -> float | None:
    effects = live.run.of_step(bound.id)
    view.value.effective = sum(1 for effect in effects if effect.closed)
    left = [target for target in moves if not live.run.effects[f"{bound.id}/{target}"].closed] if wait_s is None else []
    if wait_s is not None or left:
        effect = live.run.effects.get(f"{bound.id}/{left[0]}") if left else None
        view.state, view.value.open = "open", True
        view.why = f"{effect.target}: {effect.word}, {effect.why}" if effect is not None else view.why or "on its way"
        return wait_s if wait_s is not None or bound.kind == "message" else SLOW_S
    return await closed(live, bound, view)


async def closed(live: Live, bound: Bound, view: View) -> float | None:
    """Closed, unless its `expect` says otherwise: then seconds until it is asked again."""
    wait_s, why = await expected(live, bound, view)
    if wait_s is not None:
        view.state, view.value.open, view.why = "open", True, why
        return wait_s
    if view.state != "closed":
        view.state, view.why, view.value.open = "closed", "", False
        live.moved.set()
    return None


def at_most(planned: Mapping[str, Any], step: str) -> int:
    """How many targets the approved scope lets a step have; 0: no bound is recorded."""
    return next((int(row["at_most"]) for row in planned.get("steps", ()) if row["id"] == step), 0)


async def _outside(live: Live, bound: Bound, why: str) -> None:
    """What a plan file that is carried out does not have stays as it is, and is said."""
    view = live.views[bound.id]
    if live.run.steps.get(bound.id, {}).get("why") != why:
        live.desk.say(f"{bound.id}: {why}")
        await live.note(Draft("step", {"step": bound.id, "state": "open", "why": why}))
    view.state, view.why, view.value.open = "open", why, True
    view.sent_once.set()


async def _send_all(live: Live, bound: Bound, action: Action[Any, Any], sends: Sequence[Sight]) -> int:
    """How many were sent. The first item of all goes alone; the rest follow side by side once it is proven, or was
    looked at with the rest in the next round.
    """  # noqa: D205
    tried = [effect for effect in live.run.of_step(bound.id) if effect.sends]
    sends, outside = permitted(
        live.allowed, bound.id, sends, cut=bound.one_way, sends={e.target: e.sends for e in tried}
    )
    live.views[bound.id].outside = bool(outside) and not sends
    if outside:
        await _outside(live, bound, outside)
    limit = at_most(live.run.planned, bound.id)
    room = max(limit - len(tried), 0) if limit else len(sends)
    known = {effect.target for effect in tried}
    allowed = [s for s in sends if s.target in known] + [s for s in sends if s.target not in known][:room]
    if len(allowed) < len(sends):
        live.views[bound.id].why = f"{len(sends) - len(allowed)} more than the approved scope of {limit}"
        live.views[bound.id].sent_once.set()
    rest = allowed
    if not tried and len(allowed) > 1:
        await send(live, bound, action, allowed[0], allowed[0].missing)
        if not await holds(live, bound, action, allowed[0]):
            return 1
        rest = allowed[1:]
    at_once = 2 * live.links[bound.connection].wire.connection.connector.rate.in_flight
    await side_by_side(at_once, rest, lambda sight: send(live, bound, action, sight, sight.missing))
    if len(allowed) == len(sends):
        live.views[bound.id].sent_once.set()
    return len(allowed)
