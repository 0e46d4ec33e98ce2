"""`ringfence playbook`: checks, lists and shows playbooks. Asks no provider anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from triggers.cli import place, releasing, showing, skeleton, testing
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory
    from language import Problem

app = App("playbook", help="Check, list and show playbooks.")
app.command(showing.show)
app.command(testing.try_cases, name="test")
app.command(skeleton.new)
app.command(releasing.release)


@app.command
def lint(
    *names: str,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Check playbooks, every mistake with its line and column. Exit code 1 if there is any.

    Parameters
    ----------
    names
        Playbooks, by file or name.
    config
        Check roles and connections against this configuration as well.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Check against the practice company's configuration.
    json
        Print one JSON object.
    """
    from language import BadPlaybook

    if not names:
        raise place.Refused("Name the playbooks to check, by file or name: `ringfence playbook list` shows them.")
    ours = _inventory(config, integrations, sandbox=sandbox)
    files = [place.find_playbook(name, ours) for name in names]
    results: list[dict[str, Any]] = []
    for file in files:
        problems: list[Problem] = []
        unchecked: tuple[str, ...] = ()
        try:
            unchecked = place.checked_playbook(file, ours).unchecked
        except BadPlaybook as bad:
            problems = bad.problems
        results.append({"file": str(file), "ok": not problems, "problems": problems, "not_checked": list(unchecked)})
    if json:
        for result in results:
            result["problems"] = [
                {"line": p.line, "column": p.column, "code": p.code, "message": p.message} for p in result["problems"]
            ]
        as_json({"ok": all(result["ok"] for result in results), "playbooks": results})
    else:
        for result in results:
            _tell(result)
    return 0 if all(result["ok"] for result in results) else 1


def _tell(result: dict[str, Any]) -> None:
    for problem in result["problems"]:
        line(str(problem))
    if result["ok"]:
        line(f"{result['file']}: ok")
    if result["not_checked"]:
        line(f"  not checked here: {', '.join(result['not_checked'])}. `--config FILE` checks them too.")


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
