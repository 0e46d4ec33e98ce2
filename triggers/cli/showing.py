"""`ringfence playbook show`: what a playbook does, step by step, and as a graph. Asks no provider anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place, releasing
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from language import Checked, Step


def show(
    name: str,
    /,
    *,
    graph: bool = False,
    mermaid: bool = False,
    config: Path | None = None,
    json: bool = False,
) -> None:
    """Say what a playbook does, step by step: what can be undone, what cannot, and what waits for what.

    Parameters
    ----------
    name
        Its name or file.
    graph
        Draw what waits for what, in plain lines.
    mermaid
        Give the same as the text of a Mermaid flowchart.
    config
        Check it against this configuration.
    json
        Print one JSON object.
    """
    inventory = place.described(config) if place.has_configuration(config) else None
    file = place.find_playbook(name, inventory)
    checked = place.checked_playbook(file, inventory)
    phases, stands = described(checked), releasing.stands(checked, file, inventory)
    if json:
        from triggers.cli.graph import graph as graph_of

        drawn = graph_of(phases)
        as_json(_head(checked, file) | releasing.as_row(stands) | {"phases": phases, "graph": drawn.as_json()})
        return
    if graph or mermaid:
        from triggers.cli import graph as graphs

        drawn = graphs.graph(phases)
        for text in graphs.mermaid(drawn) if mermaid else graphs.terminal(drawn):
            line(text)
        return
    for text in _about(checked):
        line(text)
    for phase, steps in phases.items():
        line(f"{phase}:")
        for step in steps:
            line(_as_line(step, phase))
            for inner in step["steps"]:
                line(f"  {_as_line(inner, phase)}")
    line(f"File {file}, SHA-256 {checked.sha256}.")
    line(f"Released: {releasing.as_line(stands)}.")


def described(checked: Checked) -> dict[str, list[dict[str, Any]]]:
    """Give the steps of each phase that has any, as people think of them."""
    from language.model import PHASES

    found = {phase: [_step(checked, step) for step in checked.playbook.phase(phase)] for phase in PHASES}
    return {phase: steps for phase, steps in found.items() if steps}


def _head(checked: Checked, file: Path) -> dict[str, Any]:
    book = checked.playbook
    inputs = {key: given.model_dump(mode="json") for key, given in book.inputs.items()}
    return {
        "playbook": book.id, "file": str(file), "sha256": checked.sha256, "title": book.title,
        "attack": list(book.attack), "defend": list(book.defend), "breaks": book.breaks, "does_not": book.does_not,
        "wakes": book.wakes or "", "inputs": inputs, "guardrails": book.guardrails.model_dump(mode="json"),
        "triggers": [one.model_dump(mode="json", by_alias=True) for one in book.triggers],
        "expires": book.expires or "", "uses": sorted(checked.subs), "not_checked": list(checked.unchecked),
    }  # fmt: skip


def _about(checked: Checked) -> list[str]:
    book = checked.playbook
    lines = [f"{book.id}: {book.title}"]
    rails = book.guardrails
    bounds = [f"at most {rails.max_people} people"] if rails.max_people is not None else []
    bounds += [f"at most {rails.max_services} services"] if rails.max_services is not None else []
    bounds += [f"never unasked: {', '.join(rails.protected)}"] if rails.protected else []
    for name, said in (
        ("breaks", book.breaks), ("does not", book.does_not), ("wakes", book.wakes or ""),
        ("ATT&CK", ", ".join(book.attack)), ("D3FEND", ", ".join(book.defend)), ("bounds", "; ".join(bounds)),
        ("expires", f"after {book.expires} people are asked whether its holds stay" if book.expires else ""),
    ):  # fmt: skip
        if said:
            lines.append(f"  {name + ':':<9} {said}")
    for key, given in book.inputs.items():
        has = f" that has {', '.join(given.has)}" if given.has else ""
        default = "" if given.default is None else f" (default {given.default})"
        lines.append(f"  input:    {key}, {given.type}{has}{default}")
    for one in book.triggers:
        auto = "starts what can be undone" if one.mode == "auto" else "proposes it"
        lines.append(f"  alert:    {one.alert} {auto}, when {one.when}")
    return lines


def _step(checked: Checked, step: Step) -> dict[str, Any]:
    """Describe a step as people think of it. `key` names it in the graph, whether or not an id was written."""
    what, layer, doc = _what(checked, step)
    return {
        "key": step.id,
        "id": step.id if step.named else "",
        "what": what,
        "uses": step.uses or step.approve or step.watch or step.undo or " ".join((step.manual or "").split()),
        "layer": layer,
        "for_each": step.for_each or "",
        "if": step.if_ or "",
        "expect": step.expect or "",
        "stays": step.stays or "",
        "within": step.within or "",
        "people": step.people if step.kind == "approve" else 0,
        "share": step.share or "",
        "undo_by": step.undo_by or "",
        "waits_for": sorted(checked.waits.get(step.id, ())),
        "below_wall": step.id in checked.below_wall,
        "does": doc.partition("\n")[0],
        "steps": _inside(checked, step),
    }


def _inside(checked: Checked, step: Step) -> list[dict[str, Any]]:
    """The lines of the playbook that a step uses, as it carries them out: without its walls and watches."""
    sub = checked.subs.get(step.id)
    lines = sub.playbook.contain if sub is not None else ()
    return [_step(sub, one) for one in lines if sub is not None and one.kind not in {"approve", "watch"}]


def _what(checked: Checked, step: Step) -> tuple[str, str, str]:
    """What a step is to a responder, its layer, and what it does."""
    if step.kind == "manual":
        said = f"undone by: {step.undo_by}" if step.undo_by else "cannot be undone"
        closes = f"{', '.join(step.closes)}; " if step.closes else ""
        return "manual", step.layer or "", closes + said
    entry = checked.entry(step.id) if step.kind == "uses" else None
    if entry is None:
        return step.kind, "", ""
    if entry.kind == "macro" and entry.layer is None:  # it keeps what was there, and closes nothing
        return "find", "", entry.doc
    if entry.kind == "macro":
        return ("cut" if step.id in checked.below_wall else "hold"), entry.layer or "", entry.doc
    if entry.kind != "action":
        return entry.kind, "", entry.doc
    if is_message(entry.name):
        return "message", "", entry.doc
    return ("hold" if entry.undoable else "cut"), entry.layer or "", entry.doc


def is_message(name: str) -> bool:
    """Whether an action only tells people."""
    from engine.registry import registry

    action = registry().actions.get(name)
    return action is not None and action.stops == "nothing"


def _as_line(step: dict[str, Any], phase: str) -> str:
    within = f" within {step['within']}" if step["within"] else ""
    match step["what"]:
        case "approve":
            below = "below this nothing can be undone" if phase == "contain" else "nothing below happens before"
            many = f" ({step['people']} people)" if step["people"] > 1 else ""
            return f"  ──────── {step['uses']} approves{many}{within}; {below} ────────"
        case "watch":
            return f"  WATCH    for {step['uses']}: what is switched on again is closed again"
        case "undo":
            first = f", {step['share']} of it first" if step["share"] else ""
            after = f", after {', '.join(step['waits_for'])}" if step["waits_for"] else ""
            return f"  UNDO     {step['uses']}: back to what was clean before{first}{after}"
    each = f", each of {step['for_each']}" if step["for_each"] else ""
    only = f", if {step['if']}" if step["if"] else ""
    until = f", until {step['expect']}" if step["expect"] else ""
    until += f" and that for {step['stays']}" if step["stays"] else ""
    after = f", after {', '.join(step['waits_for'])}" if step["waits_for"] else ""
    layer = f" [{step['layer']}]" if step["layer"] else ""
    more = f"{layer}{each}{only}{until}{after}{within}. {step['does']}"
    return f"  {step['what'].upper():<8} {step['id']:<14} {step['uses']}{more}"
