"""A plan that was looked at, made into a plan file; and what a run that carries one out says of the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bound import Bound
from engine.observe import Observation, Sight
from engine.plan.scope import at_most, differs
from engine.plan_file import Book, FiledEffect, FiledStep, PlanFile, permitted
from engine.state import Live
from journal.clock import now
from journal.event import Draft


def filed(live: Live, seen: Mapping[str, Observation]) -> PlanFile:
    """The plan that this run looked at, with every target. Secrets stand in it as fingerprints."""
    opened, planned = live.run.opened, live.run.planned
    limits = planned["guardrails"]["limits"]
    return PlanFile(
        made_at=now(), run=live.run.id, ringfence=opened["version"],
        playbook=Book(id=opened["playbook"], title=opened["title"], file=opened["file"], sha256=opened["sha256"],
                      text=opened["text"], subs=dict(opened.get("subs", {}))),
        inputs=dict(opened["inputs"]), secret_inputs=tuple(opened["secret_inputs"]), integration=opened["integration"],
        declared=dict(opened["declared"]), connections={n: dict(one) for n, one in opened["connections"].items()},
        guardrails=dict(limits), steps=tuple(_step(live, bound, seen.get(name)) for name, bound in live.bound.items() if bound.action),
        plan_hash=planned["plan_hash"], scope_hash=planned["scope_hash"],
    )  # fmt: skip


def _step(live: Live, bound: Bound, observed: Observation | None) -> FiledStep:
    row = next(row for row in live.run.planned["steps"] if row["id"] == bound.id)
    later = str(row["later"] or (row["why"] if observed is None else ""))
    sights = observed.sights.values() if observed is not None and not differs(bound) else ()
    return FiledStep(
        id=bound.id, uses=bound.step.uses, kind=bound.kind, connection=bound.connection, later=later,
        at_most=at_most(bound, len(observed.sights) if observed is not None else 0),
        effects=tuple(_effect(sight) for sight in sorted(sights, key=lambda sight: sight.target)),
    )  # fmt: skip


def _effect(sight: Sight) -> FiledEffect:
    return FiledEffect(
        target=sight.target, params=sight.params.record(), calls=tuple(call.digest for call in sight.missing),
        lines=tuple(str(call) for call in sight.missing),
    )  # fmt: skip


def against_file(live: Live, seen: Mapping[str, Observation]) -> dict[str, Any]:
    """How what is seen now differs from the file that the run carries out; empty where it carries out none."""
    if live.allowed is None:
        return {}
    opened = live.run.opened["plan_file"]
    outside, gone = {}, {}
    for name, observed in seen.items():
        bound = live.bound[name]
        if bound.action is None:
            continue
        missing = [sight for sight in observed.sights.values() if sight.missing]
        _, said = permitted(live.allowed, name, missing, cut=bound.one_way, sends={})
        if said:
            outside[name] = said
        if bound.listed and (left := live.allowed.gone(name, observed.sights)):
            gone[name] = len(left)
    return {"sha256": opened["sha256"], "made_at": opened["made_at"], "outside": outside, "gone": gone}


def gone_since(live: Live, seen: Mapping[str, Observation]) -> list[Draft]:
    """The file's targets that a whole fresh listing does not have any more: held already, by whoever ended them."""
    drafts = []
    for name, observed in seen.items():
        bound = live.bound[name]
        if live.allowed is None or bound.action is None or not bound.listed or bound.action.sees is None:
            continue
        for target in live.allowed.gone(name, observed.sights):
            params = live.allowed.params.get(name, {}).get(target, {})
            grade = bound.action.sees.grade.name.lower()
            drafts.append(settled_gone(name, bound.action.name, target, params, grade))
    return drafts


def settled_gone(step: str, action: str, target: str, params: Mapping[str, Any], grade: str) -> Draft:
    """The event for one that is gone."""
    body = {
        "effect": f"{step}/{target}", "step": step, "action": action, "target": target, "params": dict(params),
        "word": "held-already", "grade": grade, "why": "in the plan file, and gone by now", "back": False, "after": None,
    }  # fmt: skip
    return Draft("settled", body)
