"""The plan: what would be cut, by looks and finds only, with its hashes. It is the first observation of each step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from connectors.core import ConnectorError
from connectors.core.call import veil
from engine.acting import settled
from engine.bound import Bound
from engine.observe import InDoubt, Observation, filled, observe
from engine.state import Live
from journal.canonical import canonical, sound
from journal.event import Draft
from language import Doubt

SMALLEST_SCOPE = 500
SHOWN_TARGETS = 50


class NothingSeen(Exception):
    """Not one step could be looked at: wrong address, wrong credential. Nothing was done."""


async def plan(live: Live) -> dict[str, Observation]:
    """Look at everything that can be seen now, and journal the plan. Raises NothingSeen where no look came through."""
    seen: dict[str, Observation] = {}
    whys: dict[str, str] = {}
    done = {name: asyncio.Event() for name in live.bound}

    async def one(bound: Bound) -> None:
        try:
            for other in bound.waits:
                if other in done:
                    await done[other].wait()
            if isinstance(live.ask(bound, "if"), Doubt) or bound.step.if_ is not None:
                whys[bound.id] = f"later, if {bound.step.if_}"
                return
            seen[bound.id] = await observe(live, bound)
            if bound.action is None:
                view = live.views[bound.id]
                view.value.items, view.value.output = list(seen[bound.id].items), seen[bound.id].output
        except ConnectorError as error:
            whys[bound.id] = str(error)
        except InDoubt as error:
            whys[bound.id] = f"known later: {error}"
        finally:
            done[bound.id].set()

    await asyncio.gather(*(one(bound) for bound in live.bound.values()))
    looks = {name for name, bound in live.bound.items() if bound.action is None or bound.action.sees is not None}
    if looks and not looks & seen.keys():  # a message needs no look: it proves no address and no credential
        raise NothingSeen("\n".join(sorted(set(whys.values()))))
    await live.note(Draft("planned", _body(live, seen, whys)), *_held(live, seen))
    return seen


def _held(live: Live, seen: Mapping[str, Observation]) -> list[Draft]:
    """What was shut before we did anything: whatever opens it from here on, no recovery of ours does."""
    if live.run.opened["mode"] == "dry-run":
        return []
    return [
        settled(name, bound.action, sight, "held-already", bound.action.sees.grade.name.lower(), "")
        for name, bound in live.bound.items()
        if name in seen and bound.action is not None and bound.action.back is not None and bound.action.sees is not None
        for sight in seen[name].sights.values()
        if not sight.missing and sight.seen is not None
    ]


def _bound_of(count: int) -> int:
    """A scope's bound: room for what an attacker mints meanwhile, in steps, so that the same scope has the same hash."""
    limit = SMALLEST_SCOPE
    while limit < 2 * count:
        limit *= 2
    return limit


def _body(live: Live, seen: Mapping[str, Observation], whys: Mapping[str, str]) -> dict[str, Any]:
    steps, scope, calls = [], [], []
    for name, bound in live.bound.items():
        observed = seen.get(name)
        sights = list(observed.sights.values()) if observed else []
        missing = [sight for sight in sights if sight.missing]
        action = bound.action
        many = bound.source is not None or bound.given
        limit = _bound_of(len(sights)) if many else 1
        if action is not None:
            scope.append([name, bound.step.uses, bound.connection, _selector(live, bound), limit])
            calls += [[name, action.name, s.target, [c.digest for c in s.missing]] for s in sights]
        steps.append({
            "id": name, "uses": bound.step.uses, "kind": bound.kind, "connection": bound.connection,
            "layer": action.layer if action else "", "foothold": live.views[name].foothold or "",
            "count": len(sights) if action else len(observed.items) if observed else 0,
            "missing": len(missing), "held": len(sights) - len(missing), "at_most": limit if action else 0,
            "targets": [s.target for s in missing[:SHOWN_TARGETS]],
            "calls": [str(c) for s in missing[:SHOWN_TARGETS] for c in s.missing],
            "irreversible": action.irreversible if action else "", "residual": action.residual if action else "",
            "permission": action.permission if action else "", "why": whys.get(name, ""),
        })  # fmt: skip
    covered = {view.foothold for view in live.views.values()}
    opened = live.run.opened
    hashed = [opened["sha256"], opened["inputs"], opened["connections"], sorted(sound(calls))]
    return {
        "plan_hash": _hash({"plan": hashed}), "scope_hash": _hash({"scope": [opened["sha256"], sorted(sound(scope))]}),
        "scope": scope, "first_line": first_line(live, seen), "steps": steps,
        "not_covered": [name for name in live.needs if name not in covered],
    }  # fmt: skip


def _hash(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(sound(body))).hexdigest()


def _selector(live: Live, bound: Bound) -> str:
    """What the step is asked about, as text that is the same in every plan of the same state."""
    if live.checked.depends_on_run(bound.id) or bound.given:
        return live.checked.text_of(bound.id, "with") + live.checked.text_of(bound.id, "for_each")
    source = live.bound[bound.source] if bound.source is not None else bound
    try:
        asked = filled(live, source).model_dump(mode="json")
    except InDoubt:
        return live.checked.text_of(bound.id, "with")
    return str(sorted(veil(asked).items())) + live.checked.text_of(bound.id, "where")


def first_line(live: Live, seen: Mapping[str, Observation]) -> str:
    """Which client at which tenant, last used when and from where, how many people."""
    opened = live.run.opened
    parts = [f"{opened.get('integration_title') or opened.get('playbook')}"]
    for name, foothold in opened.get("footholds", {}).items():
        named = ", ".join(
            str(value) for key, value in foothold["names"].items() if "token" not in key and "registration" not in key
        )
        parts.append(f"{name} {named} at {foothold['at']}")
    items = [item for observed in seen.values() for item in observed.items]
    when = [(str(getattr(i, "used_at", "")), str(getattr(i, "used_from", ""))) for i in items]
    uses = [use for use in when if all(use)]
    vendor = live.integration.addresses if live.integration is not None else ()
    if strange := [use for use in uses if use[1] not in vendor]:
        parts.append(f"last used {max(strange)[0][11:19]} UTC from {max(strange)[1]}, NOT an address of the vendor")
    elif uses:
        parts.append(f"last used {max(uses)[0][11:19]} UTC from {max(uses)[1]}, the vendor")
    people = {getattr(i, "user", "") for i in items} - {""}
    if people:
        parts.append(f"{len(people)} people")
    return "; ".join(parts)
