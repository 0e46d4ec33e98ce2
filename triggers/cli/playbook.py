"""`ringfence playbook`: checks, lists and shows playbooks. Asks no provider anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory

app = App("playbook", help="Check, try, draw, release, import and export playbooks.")
app.command(
    "triggers.cli.cacao:import_", name="import", help="Make a playbook of a CACAO 2.0 file, and say what was lost."
)
app.command("triggers.cli.cacao:export", name="export", help="Write a playbook as CACAO 2.0, and say what was lost.")
app.command("triggers.cli.linting:lint", name="lint", help="Check playbooks, every mistake with its line and column.")
app.command("triggers.cli.testing:try_cases", name="test", help="Try the cases of playbooks, without any provider.")
app.command("triggers.cli.showing:show", name="show", help="Say what a playbook does, step by step, or draw it.")
app.command("triggers.cli.skeleton:new", name="new", help="Write the skeleton of a playbook, and a first case of it.")
app.command(
    "triggers.cli.releasing:release", name="release", help="Sign a playbook: only released ones start by themselves."
)
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
    from triggers.cli import releasing

    ours = _inventory(config, None, sandbox=False)
    rows: list[dict[str, Any]] = []
    names: set[str] = set()
    for file in place.playbooks(ours):
        row: dict[str, Any] = {"name": file.stem, "file": str(file), "hidden": file.stem in names, "ok": True}
        try:
            checked = place.checked_playbook(file, ours)
            row["title"] = checked.playbook.title
            row |= releasing.as_row(releasing.stands(checked, file, ours))
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
        if row.get("released") or row.get("changed"):
            line(f"{'':<32} {row['release']}")


def _inventory(config: Path | None, integrations: Path | None, *, sandbox: bool) -> Inventory | None:
    """Give what is ours where a configuration was named, or lies here; playbooks can be read without."""
    if sandbox or place.has_configuration(config):
        return place.described(config, integrations, sandbox=sandbox)
    return None
