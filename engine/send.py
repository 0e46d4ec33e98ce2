"""Sending: the intent durable before the call, the outcome durable after it, what it answered sealed before the next."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from connectors.core import Action, Call, Came, Mark, State
from engine.bound import Bound
from engine.observe import Sight
from engine.state import Live, seal_of
from journal.clock import now
from journal.event import Draft
from journal.seal.keys import Seal
from journal.write.kill import at_send


async def send(
    live: Live, bound: Bound, action: Action[Any, Any], sight: Sight, calls: Sequence[Call], *, back: bool = False
) -> None:
    """Journal the intent, durably; send each call once; journal what came back."""
    link = live.links[bound.connection]
    if not live.may_send() or link.sender is None:
        return
    effect = f"{bound.id}/{sight.target}"
    before, sealed = _before(live, effect, sight.seen, back=back)
    body = {
        "effect": effect, "step": bound.id, "target": sight.target, "action": action.name, "params": sight.params.record(),
        "calls": [call.digest for call in calls], "lines": [str(call) for call in calls],
        "once": any(call.once for call in calls), "back": back, "before": before,
        "round": live.run.effects[effect].rounds + 1 if effect in live.run.effects else 1,
        "answers": [
            {"field": a.field, "replaces": a.replaces.fingerprint, "lost": a.lost, "connection": bound.connection}
            for call in calls for a in call.answers
        ],
    }  # fmt: skip
    await live.note(Draft("intended", body), sealed=sealed)
    marks = {Mark.ME: f"{live.run.id}/{effect}", Mark.RUN: live.run.id, Mark.NOW: now().isoformat()}
    for call in calls:
        at_send("before", bound.id)
        outcome = await link.sender.send(call, marks)
        at_send("after", bound.id)
        kept = [
            {"field": a.field, "replaces": a.replaces.fingerprint, "fingerprint": s.fingerprint}
            for a, s in outcome.kept
        ]
        for answer, secret in outcome.kept:
            live.secrets[secret.fingerprint] = link.wire.current[answer.replaces.fingerprint] = secret
            link.wire.lost.pop(answer.replaces.fingerprint, None)
        if outcome.came is Came.UNSURE:
            link.wire.lost.update({answer.replaces.fingerprint: answer.lost for answer in call.answers})
        answered = {
            "came": outcome.came.value, "status": outcome.status, "wait_ms": int(outcome.wait_s * 1000),
            "request_id": outcome.request_id, "why": outcome.why, "kept": kept,
        }  # fmt: skip
        await live.note(
            Draft("answered", {"effect": effect, "sends": [answered]}), sealed=[seal_of(s) for _, s in outcome.kept]
        )
        if outcome.came is not Came.OK:
            return


def _before(live: Live, effect: str, seen: State | None, *, back: bool) -> tuple[dict[str, Any] | None, list[Seal]]:
    """The state before the first intent of all; later ones may be the attacker's."""
    known = live.run.effects.get(effect)
    if seen is None or back or (known is not None and known.before is not None):
        return None, []
    clear, hidden = seen.record()
    return clear, [Seal(before_name(effect, name), value) for name, value in hidden.items()]


def before_name(effect: str, field: str) -> str:
    """Under which name a sealed field of an effect's before-state lies in the journal."""
    return f"before/{hashlib.sha256(effect.encode()).hexdigest()[:16]}/{field}"
