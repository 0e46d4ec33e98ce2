"""What the expressions of a playbook see of a run: its steps as they stand, each playbook its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from engine.bound import Bound
from journal.clock import now
from language import Cut, Doubt, Incident, Nothing, RunInfo, StepValue, Values

if TYPE_CHECKING:
    from engine.state import Live


def values(live: Live, bound: Bound | None = None) -> Values:
    """What is seen from one step: of the playbook, or of the sub-playbook that it stands in."""
    opened = live.run.opened
    prefix = bound.prefix if bound is not None else ""
    group = live.every[bound.group] if bound is not None and bound.group else None
    inner = group is not None and group.sub is not None
    names = [name for name in live.views if name.startswith(prefix) and "." not in name[len(prefix) :]]
    return Values(
        inputs=_inner_inputs(live, group) if group is not None and inner else live.inputs,
        incident=Incident(
            id=live.run.incident, since=live.since, reason=str(opened.get("reason") or "") or None,
            severity=str(opened.get("severity") or "") or None, commander=str(opened.get("commander") or "") or None,
        ),
        run=RunInfo(id=live.run.id, now=now(), word=live.run.word),
        steps={name[len(prefix):]: value(live, name) for name in names},
        org=live.config.org if live.config is not None else Nothing(),
        secrets=live.secrets,
    )  # fmt: skip


def _inner_inputs(live: Live, group: Bound) -> BaseModel:
    assert group.sub is not None
    inputs = group.book.sub_inputs(group.step.id, values(live, group))
    # In doubt there are no inputs: every path through them is a doubt then, as for anything that is not known.
    return group.sub.inputs_type.model_construct(None) if isinstance(inputs, Doubt) else inputs


def value(live: Live, name: str) -> StepValue:
    """A step as other steps see it; a group is as open as the most open of its parts."""
    view, bound = live.views[name], live.every.get(name)
    if bound is None or bound.kind != "group" or view.state == "skipped":
        return view.value
    parts = [value(live, member) for member in bound.members]
    left = [part for part in parts if not part.skipped]
    known = bound.sub is None and all(live.views[member].sent_once.is_set() for member in bound.members)
    return StepValue(
        open=any(part.open for part in left) or not (parts or bound.is_macro), failed=any(part.failed for part in left),
        effective=sum(part.effective for part in parts), output=_cut(live, bound) if known else None,
        ended=view.value.ended,
    )  # fmt: skip


def _cut(live: Live, macro: Bound) -> Cut:
    """What a macro reached: its footholds, and whom it named there."""
    footholds = {live.every[member].foothold or "" for member in macro.members} - {""}
    named: set[str] = set()
    for member in macro.members:
        bound = live.every[member]
        fixed = bound.fixed if bound.fixed is not None else bound.sweep[1] if bound.sweep is not None else {}
        named |= set(_people(fixed.items()))
        for item in live.views[member].value.items:
            named |= set(_people((name, getattr(item, name, "")) for name in type(item).model_fields))
    return Cut(principals=sorted(named), footholds=sorted(footholds))


def _people(fields: Iterable[tuple[str, Any]]) -> list[str]:
    return [str(value) for name, value in fields if name in {"user", "client", "principal", "login"} and value]
