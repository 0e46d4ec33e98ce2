"""A plan's steps, each as one row of data: what is seen, what is wanted, the calls, what cannot be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.core import NoState
from engine.bound import Bound
from engine.observe import Observation, Sight
from engine.plan.scope import at_most, differs
from engine.plan.words import counted, seen_in_words, wanted_in_words
from engine.state import Live

SHOWN_TARGETS = 50
"""Targets of a step whose state and calls stand in the record; a plan file has all of them."""


def rows(live: Live, seen: Mapping[str, Observation], whys: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row a step, in the playbook's order."""
    alive = _alive(live, seen)
    return [
        _row(live, bound, seen.get(name), whys.get(name, ""), alive)
        for name, bound in live.bound.items()
        if bound.kind != "group"
    ]


def _alive(live: Live, seen: Mapping[str, Observation]) -> dict[str, int]:
    """Foothold -> by how many live things an attacker is still in, until the cut of it ends them."""
    found: dict[str, int] = defaultdict(int)
    for name, observed in seen.items():
        bound = live.bound[name]
        if bound.action is not None and bound.kind == "cut" and bound.action.stops == "live":
            found[live.views[name].foothold or ""] += sum(1 for sight in observed.sights.values() if sight.missing)
    return dict(found)


def _row(live: Live, bound: Bound, observed: Observation | None, why: str, alive: Mapping[str, int]) -> dict[str, Any]:
    action = bound.action
    sights = list(observed.sights.values()) if observed is not None else []
    missing = [sight for sight in sights if sight.missing]
    foothold = live.views[bound.id].foothold or ""
    return {
        "id": bound.id, "uses": bound.step.uses or bound.step.manual or "", "kind": bound.kind, "connection": bound.connection,
        "layer": bound.layer, "foothold": foothold, "below": bound.below,
        "count": len(sights) if action else len(observed.items) if observed else 0,
        "missing": len(missing), "held": len(sights) - len(missing), "at_most": at_most(bound, len(sights)),
        "targets": [s.target for s in missing[:SHOWN_TARGETS]],
        "calls": [str(c) for s in missing[:SHOWN_TARGETS] for c in s.missing],
        "shown": [_shown(sight) for sight in missing[:SHOWN_TARGETS]],
        "held_targets": [s.target for s in sights if not s.missing][:SHOWN_TARGETS],
        "seen": counted(seen_in_words(s.seen) for s in sights) if action and action.sees else "",
        "wanted": _asked(live, bound) if bound.kind == "manual" else _wanted(bound, sights),
        "within_s": int(bound.step.within_s or 0), "later": _later(bound, observed),
        "stops": action.stops if action else "",
        "still_in": alive.get(foothold, 0) if action and bound.kind == "hold" and action.stops == "new" else 0,
        "irreversible": action.irreversible if action else _by_hand(live, bound), "residual": action.residual if action else "",
        "residual_s": action.residual_s if action else 0,
        "permission": action.permission if action else "", "why": why,
    }  # fmt: skip


def _asked(live: Live, bound: Bound) -> str:
    """What a person is to do, as far as it is known by now."""
    said = bound.book.text(bound.step.id, live.values(bound))
    return said if isinstance(said, str) else bound.step.manual or ""


def _by_hand(live: Live, bound: Bound) -> str:
    """What it takes to undo what a person does."""
    if bound.kind != "manual":
        return ""
    said = bound.book.text(bound.step.id, live.values(bound), "undo_by")
    return (said if isinstance(said, str) else bound.step.undo_by) or "no way back is written"


def _shown(sight: Sight) -> dict[str, Any]:
    return {"target": sight.target, "seen": _seen(sight), "calls": [str(call) for call in sight.missing]}


def _seen(sight: Sight) -> str:
    return "" if isinstance(sight.seen, NoState) else seen_in_words(sight.seen)


def _wanted(bound: Bound, sights: Sequence[Sight]) -> str:
    if bound.action is None:
        return ""
    if bound.kind == "message" and differs(bound):
        return _message(bound)
    wishes = {wanted_in_words(bound.action, sight.params) for sight in sights}
    return wishes.pop() if len(wishes) == 1 else wanted_in_words(bound.action, None)


def _message(bound: Bound) -> str:
    """What is said, with a word for what only the end of the run tells."""
    text = str(bound.step.with_.get("text") or "")
    for written, word in (("run.word", "its word"), ("run.id", "its id"), ("inputs.integration.id", "its name")):
        text = text.replace(f"${{{written}}}", f"({word})")
    return f"Tell the owner: {text}" if text else "Tell people"


def _later(bound: Bound, observed: Observation | None) -> str:
    """What is known only later, as it is approved now: `at most 1 target, if steps.tokens.open`."""
    if bound.action is None:
        return ""
    many = at_most(bound, 0)
    targets = f"at most {many} target{'' if many == 1 else 's'}"
    if observed is None and bound.step.if_ is not None:
        return f"{targets}, if {bound.step.if_}"
    if differs(bound):
        return f"{targets}, with {', '.join(f'{name} {value}' for name, value in bound.step.with_.items())}"
    return ""
