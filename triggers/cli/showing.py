"""`ringfence playbook show`: what a playbook does, step by step, and as a graph. Asks no provider anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
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
    phases = described(checked)
    if json:
        from triggers.cli.graph import graph as graph_of

        drawn = graph_of(phases)
        as_json(_head(checked, file) | {"phases": phases, "graph": drawn.as_json()})
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
    line(f"File {file}, SHA-256 {checked.sha256}.")


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
        "attack": list(book.attack), "breaks": book.breaks, "does_not": book.does_not, "inputs": inputs,
        "not_checked": list(checked.unchecked),
    }  # fmt: skip


def _about(checked: Checked) -> list[str]:
    book = checked.playbook
    lines = [f"{book.id}: {book.title}", f"  breaks:   {book.breaks}", f"  does not: {book.does_not}"]
    if book.attack:
        lines.append(f"  ATT&CK:   {', '.join(book.attack)}")
    for key, given in book.inputs.items():
        has = f" that has {', '.join(given.has)}" if given.has else ""
        default = "" if given.default is None else f" (default {given.default})"
        lines.append(f"  input:    {key}, {given.type}{has}{default}")
    return lines


def _step(checked: Checked, step: Step) -> dict[str, Any]:
    """Describe a step as people think of it. `key` names it in the graph, whether or not an id was written."""
    from engine.registry import registry

    what: str = step.kind
    layer, doc = "", ""
    if step.kind == "uses":
        found = registry()
        if (action := found.actions.get(step.uses)) is not None:
            what = "message" if action.stops == "nothing" else "cut" if action.cuts else "hold"
            layer, doc = ("" if what == "message" else action.layer), action.doc
        else:
            what = "find" if step.uses in found.finds else "look"
            doc = (found.finds.get(step.uses) or found.looks[step.uses]).doc
    return {
        "key": step.id,
        "id": step.id if step.named else "",
        "what": what,
        "uses": step.uses or step.approve or step.watch or step.undo,
        "layer": layer,
        "for_each": step.for_each or "",
        "if": step.if_ or "",
        "within": step.within or "",
        "waits_for": sorted(checked.waits.get(step.id, ())),
        "below_wall": step.id in checked.below_wall,
        "does": doc.partition("\n")[0],
    }


def _as_line(step: dict[str, Any], phase: str) -> str:
    within = f" within {step['within']}" if step["within"] else ""
    match step["what"]:
        case "approve":
            below = "below this nothing can be undone" if phase == "contain" else "nothing below happens before"
            return f"  ──────── {step['uses']} approves{within}; {below} ────────"
        case "watch":
            return f"  WATCH    for {step['uses']}: what is switched on again is closed again"
        case "undo":
            return f"  UNDO     {step['uses']}: back to what was clean before"
    each = f", each of {step['for_each']}" if step["for_each"] else ""
    only = f", if {step['if']}" if step["if"] else ""
    after = f", after {', '.join(step['waits_for'])}" if step["waits_for"] else ""
    layer = f" [{step['layer']}]" if step["layer"] else ""
    return (
        f"  {step['what'].upper():<8} {step['id']:<14} {step['uses']}{layer}{each}{only}{after}{within}. {step['does']}"
    )
