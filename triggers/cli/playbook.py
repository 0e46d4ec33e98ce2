"""`ringfence playbook`: checks, lists and shows playbooks. Asks no provider anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory
    from language import Checked, Step

app = App("playbook", help="Check, list and show playbooks.")
app.command("triggers.cli.cacao:import_", name="import", help="Make a playbook of ours of one of CACAO 2.0.")
app.command("triggers.cli.cacao:export", name="export", help="Write a playbook as one of CACAO 2.0.")
app.command("triggers.cli.linting:lint", name="lint", help="Check playbooks, every mistake with its line and column.")
app.command("triggers.cli.linting:schema", name="schema", help="Print the JSON Schema of playbooks, for editors.")


@app.command(name="list")
def list_(*, config: Path | None = None, json: bool = False) -> None:
    """List the playbooks there are, the nearest first.

    Parameters
    ----------
    config
        Look in the folders of this configuration as well.
    json
        Print one JSON object.
    """
    from language import BadPlaybook

    ours = _inventory(config, None, sandbox=False)
    rows: list[dict[str, Any]] = []
    names: set[str] = set()
    for file in place.playbooks(ours):
        row: dict[str, Any] = {"name": file.stem, "file": str(file), "hidden": file.stem in names, "ok": True}
        try:
            row["title"] = place.checked_playbook(file, ours).playbook.title
        except BadPlaybook as bad:
            row |= {"ok": False, "title": f"does not pass `ringfence playbook lint`: {len(bad.problems)} problems"}
        names.add(file.stem)
        rows.append(row)
    if json:
        as_json({"playbooks": rows})
        return
    if not rows:
        line("There are no playbooks here.")
    for row in rows:
        hidden = "  (by file only: an earlier one has this name)" if row["hidden"] else ""
        line(f"{row['name']:<32} {row['title']}{hidden}")


@app.command
def show(name: str, /, *, config: Path | None = None, json: bool = False) -> None:
    """Say what a playbook does, step by step: what can be undone, what cannot, and what waits for what.

    Parameters
    ----------
    name
        Its name or file.
    config
        Check it against this configuration.
    json
        Print one JSON object.
    """
    ours = _inventory(config, None, sandbox=False)
    file = place.find_playbook(name, ours)
    checked = place.checked_playbook(file, ours)
    book = checked.playbook
    phases = {
        phase: [_step(checked, step) for step in steps]
        for phase, steps in (("contain", book.contain), ("recover", book.recover))
        if steps
    }
    if json:
        inputs = {key: given.model_dump(mode="json") for key, given in book.inputs.items()}
        head = {"playbook": book.id, "file": str(file), "sha256": checked.sha256, "title": book.title}
        more = {"attack": list(book.attack), "breaks": book.breaks, "does_not": book.does_not, "inputs": inputs}
        as_json(head | more | {"phases": phases, "not_checked": list(checked.unchecked)})
        return
    line(f"{book.id}: {book.title}")
    line(f"  breaks:   {book.breaks}")
    line(f"  does not: {book.does_not}")
    if book.attack:
        line(f"  ATT&CK:   {', '.join(book.attack)}")
    for key, given in book.inputs.items():
        has = f" that has {', '.join(given.has)}" if given.has else ""
        default = "" if given.default is None else f" (default {given.default})"
        line(f"  input:    {key}, {given.type}{has}{default}")
    for phase, steps in phases.items():
        line(f"{phase}:")
        for step in steps:
            line(_as_line(step, phase))
    line(f"File {file}, SHA-256 {checked.sha256}.")


def _step(checked: Checked, step: Step) -> dict[str, Any]:
    """Describe a step as people think of it."""
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


def _inventory(config: Path | None, integrations: Path | None, *, sandbox: bool) -> Inventory | None:
    """Give what is ours where a configuration was named, or lies here; playbooks can be read without."""
    if sandbox or place.has_configuration(config):
        return place.described(config, integrations, sandbox=sandbox)
    return None
