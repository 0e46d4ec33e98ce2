"""The `planned` event: everything that a responder is shown before anything happens, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from engine.guardrails import Asks, CutOff, Limits, Touch, cut_off, judge, limits_of, touch
from engine.observe import Observation
from engine.plan import first_line, left, people, timing
from engine.plan.filing import against_file
from engine.plan.reach import reach
from engine.plan.rows import rows
from engine.plan.scope import at_most, plan_hash, scope_hash, selector
from engine.state import Live
from journal.clock import now


def body(
    live: Live, seen: Mapping[str, Observation], whys: Mapping[str, str], so_far: CutOff
) -> dict[str, Any]:  # fmt: skip
    """What is planned. `so_far`: what other runs of the incident have cut off."""
    limits = limits_of(getattr(live.checked.playbook, "guardrails", None), live.config)
    planned = planned_cut_off(live, seen)
    scope = [
        [name, bound.step.uses, bound.connection, selector(live, bound), at_most(bound, _count(seen.get(name)))]
        for name, bound in live.bound.items() if bound.action is not None
    ] + [[name, "manual", "", str(bound.step.manual), 1] for name, bound in live.bound.items() if bound.kind == "manual"]  # fmt: skip
    first = first_line.told(
        live.run.opened, first_line.uses(_looked_at(seen)), people=planned.people_count, now=now(),
        vendor=live.integration.addresses if live.integration is not None else (),
    )  # fmt: skip
    uncovered = left.rows(live)
    took = timing.seconds(live, seen)
    return {
        "plan_hash": plan_hash(live, seen, limits.body()), "scope_hash": scope_hash(live, scope, limits.body()),
        "scope": scope, "first_line": first["text"], "first": first, "steps": rows(live, seen, whys),
        "not_covered": [row["id"] for row in uncovered], "uncovered": uncovered, "discovered": left.discovered(live),
        "wakes": str(getattr(live.checked.playbook, "wakes", None) or ""),
        "not_told": people.not_told(live), "not_asked": people.not_asked(live.config, planned.accounts),
        "permissions": timing.permissions(live),
        "time": {"by_connection_ms": {name: int(1000 * s) for name, s in took.items()},
                 "ms": int(1000 * max(took.values(), default=0.0))},
        "guardrails": _guardrails(limits, so_far, planned, planned_cut_off(live, seen, frozenset({"hold"}))),
        "plan_file": against_file(live, seen),
        "radius": reach(live, seen, planned.people_count),
    }  # fmt: skip


def _count(observed: Observation | None) -> int:
    return len(observed.sights) if observed is not None else 0


def _looked_at(seen: Mapping[str, Observation]) -> Sequence[BaseModel]:
    """Every item and state that was seen: they tell of uses."""
    items: list[BaseModel] = []
    for observed in seen.values():
        items += observed.items
        items += [sight.seen for sight in observed.sights.values() if sight.seen is not None]
        if observed.output is not None:
            items.append(observed.output)
    return items


def planned_cut_off(
    live: Live, seen: Mapping[str, Observation], kinds: frozenset[str] = frozenset({"hold", "cut"})
) -> CutOff:
    """Who and what this plan cuts off: every target of a hold or a cut, whether it is closed already or not."""
    touches: list[Touch] = []
    for name, observed in seen.items():
        bound = live.bound[name]
        if bound.action is None or bound.kind not in kinds:
            continue
        service = str(live.run.opened.get("integration", "")) if live.views[name].foothold else ""
        touches += [
            touch(bound.action, bound.connection, sight.params, sight.seen, service=service)
            for sight in observed.sights.values()
        ]
    return cut_off(touches, declared(live))


def declared(live: Live) -> list[str]:
    """What the integration's own footholds are named at their systems."""
    footholds = live.run.opened.get("footholds", {})
    return [str(v) for one in footholds.values() if one.get("sure", True) for v in one["names"].values()]


def _guardrails(limits: Limits, so_far: CutOff, planned: CutOff, holds: CutOff) -> dict[str, Any]:
    judged, at_once = judge(limits, so_far, planned), judge(limits, so_far, holds)
    return {
        "people_so_far": so_far.people_count, "people_planned": planned.people_count,
        "services_so_far": len(so_far.services), "services_planned": len(planned.services),
        "people": judged.people, "services": judged.services,
        "max_people": limits.max_people, "max_services": limits.max_services,
        "limits": limits.body(),
        "asks": list(judged.why) if isinstance(judged, Asks) else [],
        "asks_before_holds": list(at_once.why) if isinstance(at_once, Asks) else [],
        "needs": judged.needs if isinstance(judged, Asks) else "",
        "approvals": judged.approvals if isinstance(judged, Asks) else 0,
    }  # fmt: skip
