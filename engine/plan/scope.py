"""The two hashes of a plan. Same state, same hash; times, ids of the run and ungoverned fields are outside both.

The plan hash is over the very calls: any governed thing that changed changes it. The scope hash is over actions x
selectors x bounds, what an approver approves: an attacker who mints a token a second cannot change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.core.call import veil
from engine.bound import Bound
from engine.observe import InDoubt, Observation, Sight, filled
from engine.state import Live
from journal.canonical import canonical, sound

BOUNDS = (500, 5_000, 50_000, 500_000)
"""How many targets a scope leaves room for: in few steps, so that minting does not move it from one to the next."""


def bound_for(count: int) -> int:
    """The smallest bound that leaves room for as many again as there are."""
    return next((bound for bound in BOUNDS if bound >= 2 * count), 2 * count)


def at_most(bound: Bound, count: int) -> int:
    """How many targets an approval of this step covers; 0 for what acts on nothing."""
    if bound.action is None:
        return 0
    return bound_for(count) if bound.many else 1


def differs(bound: Bound) -> bool:
    """Whether a value of the step is another one in each run, so that hashes take its text."""
    return bound.depends_on_run or any(
        name in written for written in _written(bound) for name in ("incident.id", "incident.since")
    )


def _written(bound: Bound) -> list[str]:
    return [bound.text_of(key) for key in ("with", "for_each", "where", "if")]


def calls_of(bound: Bound, sight: Sight) -> tuple[Any, ...]:
    """The calls that are missing, with nothing of this run in them: what they create is named after no run."""
    if bound.action is None or sight.seen is None or not sight.missing:
        return ()
    return bound.action.missing(sight.params, sight.seen, f"<run>/{bound.id}/{sight.target}")


def plan_hash(live: Live, seen: Mapping[str, Observation], limits: Mapping[str, Any]) -> str:
    """Over playbook, inputs, connections, guardrails and the sorted (step, action, target, governed state, calls)."""
    calls: list[list[Any]] = []
    for name, bound in live.bound.items():
        if bound.action is None:
            continue
        if name not in seen or differs(bound):
            calls.append([name, bound.action.name, "later", _written(bound)])
            continue
        calls += [
            [
                name,
                bound.action.name,
                sight.target,
                _governed(sight),
                [call.digest for call in calls_of(bound, sight)],
            ]
            for sight in seen[name].sights.values()
        ]
    return digest({"plan": [*_given(live, limits), _of_rows(calls)]})


def scope_hash(live: Live, scope: Sequence[Sequence[Any]], limits: Mapping[str, Any]) -> str:
    """Over playbook, inputs, connections, guardrails and the sorted (step, action, connection, selector, bound)."""
    return digest({"scope": [*_given(live, limits), _of_rows(scope)]})


def _given(live: Live, limits: Mapping[str, Any]) -> list[Any]:
    opened = live.run.opened
    return [opened["sha256"], opened.get("subs", {}), opened["inputs"], opened["connections"], dict(limits)]


def selector(live: Live, bound: Bound) -> str:
    """What the step is asked about, as text that is the same in every plan of the same state."""
    if bound.given or differs(bound):
        return "".join(_written(bound))
    if bound.sweep is not None:
        return str(sorted((name, str(value)) for name, value in bound.sweep[1].items()))
    source = live.bound[bound.source] if bound.source is not None else bound
    try:
        asked = filled(live, source).model_dump(mode="json")
    except InDoubt:
        return bound.text_of("with")
    return str(sorted(veil(asked).items())) + bound.text_of("where")


def _governed(sight: Sight) -> dict[str, Any] | None:
    return None if sight.seen is None else sight.seen.governed()


def _of_rows(rows: Iterable[Sequence[Any]]) -> str:
    """One hash of many rows in any order: an event's limit of length is no limit here."""
    spelled = sorted(canonical(sound({"row": list(row)})) for row in rows)
    return hashlib.sha256(b"\n".join(spelled)).hexdigest()


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256, hex, over canonical JSON."""
    return hashlib.sha256(canonical(sound(body))).hexdigest()
