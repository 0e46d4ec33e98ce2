"""What recovery would give back that is not as it was before the attacker came: it stays off until a person ticks it.

The before-state of a run is what the run saw when it came, and the attacker came earlier: an allow-list that he had opened
would be opened again. So each is compared with the last snapshot before the first sign of him.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connectors.core.model import key_of
from engine.past import Past, PastState
from engine.since import earliest
from engine.state import Live
from engine.undoing import Back, todo
from journal.canonical import sound
from journal.event import Draft
from journal.run import Run

SHOWN = 120
"""Letters of a value that are shown: it may be the attacker's."""
NOT_LISTED = "no survey lists such things"
NO_SNAPSHOT = "no discovery is kept here"


def stays_off(run: Run) -> frozenset[str]:
    """The effects that are tainted, and that nobody ticked."""
    return frozenset(run.tainted) - frozenset(run.ticked)


async def compared(live: Live) -> dict[str, str]:
    """Journal what is tainted, once; give why nothing shows of the others whether they were clean: effect -> why.

    What was found to be tainted stays so until it is ticked, whatever becomes of the snapshots.
    """
    known = await asyncio.to_thread(partial(earliest, live.journal, live.run.incident, beside=live.run.id))
    live.since = min(live.since, known) if known is not None else live.since
    fresh = [b for b in todo(live, "contain") if b.action.sees is not None and b.effect.id not in live.run.tainted]
    found = await asyncio.to_thread(_looked_up, live.past, fresh, live.since)
    unknown: dict[str, str] = {}
    drafts = []
    for back in fresh:
        then = found[back.effect.id]
        if then is not None and (why := _differs(back, then)):
            drafts.append(Draft("tainted", {
                "effect": back.effect.id, "step": back.effect.step, "target": back.effect.target, "why": why,
                "snapshot": then.snapshot, "snapshot_at": then.at,
            }))  # fmt: skip
        elif why := _nothing_shows(back, then):
            unknown[back.effect.id] = why
    if drafts:
        await live.note(*drafts)
    for name in sorted(stays_off(live.run)):
        live.desk.say(f"TAINTED, so it stays off: {name}: {live.run.tainted[name]['why']}")
    return unknown


def _nothing_shows(back: Back, then: PastState | None) -> str:
    """Why a snapshot does not tell all of how a thing was; "" where it does."""
    if then is None:
        return NOT_LISTED
    if then.why_not or then.governed is None:
        return then.why_not
    silent = [name for name in back.before.governed() if name not in then.governed]
    return f"snapshot {then.snapshot} does not say {', '.join(silent)}" if silent else ""


def _looked_up(past: Past | None, backs: Sequence[Back], before: datetime) -> dict[str, PastState | None]:
    return {
        back.effect.id: PastState(why_not=NO_SNAPSHOT) if past is None else _then(past, back, before) for back in backs
    }


def _then(past: Past, back: Back, before: datetime) -> PastState | None:
    look = back.action.sees
    assert look is not None
    asked = look.params(**{name: getattr(back.params, name) for name in look.params.model_fields})
    return past.state_of(back.bound.connection, look.name, key_of(asked, look.identifies), before)


def _differs(back: Back, then: PastState) -> str:
    """How what we saw when we came is not what the snapshot has; "" where it is, or where that does not tell."""
    if then.why_not:
        return ""
    where = f"snapshot {then.snapshot} of {then.at[:16].replace('T', ' ')} UTC"
    if then.governed is None:
        return f"it is not in {where}: it came after that"
    came: Mapping[str, Any] = sound(back.before.governed())
    was: Mapping[str, Any] = sound(dict(then.governed))
    changed = [name for name in sorted(came) if name in was and came[name] != was[name]]
    said = ", ".join(f"{name} was {_shown(was[name])} and had become {_shown(came[name])}" for name in changed)
    return f"in {where} {said} when we came" if said else ""


def _shown(value: Any) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))[:SHOWN]


def asked_about(live: Live, backs: Sequence[Back], unknown: Mapping[str, str]) -> list[str]:
    """What an approver must know of it, below what would be given back: a line each."""
    run, lines = live.run, []
    off = sorted(stays_off(run) & {back.effect.id for back in todo(live, "contain")})
    if off:
        lines.append("TAINTED, changed before this run came; left off until a person ticks it (recover --tick):")
        lines += [f"  {name}: {run.tainted[name]['why']}" for name in off]
    if ticked := [back.effect.id for back in backs if back.effect.id in run.ticked]:
        lines.append("Given back although it was changed before this run came, as a person ticked it:")
        lines += [f"  {name}: {run.tainted[name]['why']}" for name in ticked]
    silent: dict[str, list[str]] = {}
    for back in backs:
        if why := unknown.get(back.effect.id):
            silent.setdefault(why, []).append(back.effect.id)
    before = live.since.astimezone(UTC)
    for why, names in silent.items():
        lines.append(
            f"Nothing shows what was clean before {before:%Y-%m-%d %H:%M} UTC ({why}):"
            " these stand on the before-state of this run alone:"
        )
        lines += [f"  {name}" for name in names]
    return lines
