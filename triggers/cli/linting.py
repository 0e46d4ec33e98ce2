"""`ringfence playbook lint` and `schema`: every mistake of many playbooks at once, and what an editor needs to show them.

Asks no provider anything, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.read import Inventory

MOST_FILES = 10_000
_HIDDEN = "."


def lint(
    *paths: str,
    config: Path | None = None,
    integrations: Path | None = None,
    sandbox: bool = False,
    json: bool = False,
) -> int:
    """Check playbooks, every mistake with its line and column. Exit code 1 if there is any.

    Parameters
    ----------
    paths
        Playbooks, by file or name; of a folder, all below it.
    config
        Check the names of this configuration as well: roles, connections, protected lists.
    integrations
        Another file of integrations than the configured one.
    sandbox
        Check against the practice company's configuration.
    json
        Print one JSON object.
    """
    if not paths:
        raise place.Refused(
            "Name the playbooks to check, by file, folder or name: `ringfence playbook list` shows them."
        )
    ours = _inventory(config, integrations, sandbox=sandbox)
    results = [_checked(file, ours) for file in dict.fromkeys(file for path in paths for file in _files(path, ours))]
    good = all(result["ok"] for result in results)
    if json:
        as_json({"ok": good, "playbooks": results})
    else:
        for result in results:
            _tell(result, checks_names=ours is None)
        if len(results) > 1:
            wrong = sum(not result["ok"] for result in results)
            what = "playbooks and cases" if any(result["case"] for result in results) else "playbooks"
            line(f"{len(results)} {what}: {f'{wrong} with mistakes' if wrong else 'all ok'}.")
    return 0 if good else 1


def schema(*, out: Path | None = None) -> None:
    """Print the JSON Schema of playbooks, from which editors complete and explain keys, actions and parameters.

    Parameters
    ----------
    out
        Write it to this file instead.
    """
    import json

    from engine.registry import catalogue, registry
    from language.schema import schema_of

    text = json.dumps(schema_of(catalogue(registry())), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        line(text.rstrip("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise place.Refused(f"The schema cannot be written to {out}: {error.strerror}.") from None
    line(f"{out}: written.")


def _files(path: str, ours: Inventory | None) -> Iterator[Path]:
    folder = Path(path).expanduser()
    if not folder.is_dir():
        yield place.find_playbook(path, ours)
        return
    found = sorted(
        file
        for ending in ("*.yaml", "*.yml")
        for file in folder.rglob(ending)
        if file.is_file() and not any(part.startswith(_HIDDEN) for part in file.relative_to(folder).parts)
    )
    if not found:
        raise place.Refused(f"There is no playbook in the folder {folder}: none of its files ends in .yaml.")
    if len(found) > MOST_FILES:
        raise place.Refused(f"There are {len(found):,} YAML files below {folder}: name the folder of the playbooks.")
    yield from found


def _checked(file: Path, ours: Inventory | None) -> dict[str, Any]:
    from engine.trial.case import playbook_of
    from language import BadPlaybook

    if (playbook := playbook_of(file)) is not None:
        from triggers.cli.testing import mistakes_of

        wrong = mistakes_of(file, playbook, ours)
        return {"file": str(file), "ok": not wrong, "problems": wrong, "warnings": [], "not_checked": [], "case": True}
    try:
        checked = place.checked_playbook(file, ours)
    except BadPlaybook as bad:
        return {
            "file": str(file),
            "ok": False,
            "problems": _shown(bad.problems),
            "warnings": [],
            "not_checked": [],
            "case": False,
        }
    return {
        "file": str(file),
        "ok": True,
        "case": False,
        "problems": [],
        "warnings": _shown(checked.warnings),
        "not_checked": list(checked.unchecked),
    }


def _shown(problems: Any) -> list[dict[str, Any]]:
    return [
        {"file": p.file, "line": p.line, "column": p.column, "code": p.code, "message": p.message} for p in problems
    ]


def _tell(result: dict[str, Any], *, checks_names: bool) -> None:
    for kind, prefix in (("problems", ""), ("warnings", "warning: ")):
        for p in result[kind]:
            line(f"{p['file']}:{p['line']}:{p['column']}: {prefix}{p['message']}")
    if result["ok"]:
        line(f"{result['file']}: ok")
    if unchecked := result["not_checked"]:
        names = "1 name" if len(unchecked) == 1 else f"{len(unchecked)} names"
        how = " `--config FILE` checks them too." if checks_names else ""
        line(f"  not checked here: {names} of the inventory: {', '.join(unchecked)}.{how}")


def _inventory(config: Path | None, integrations: Path | None, *, sandbox: bool) -> Inventory | None:
    """Give what is ours where a configuration was named, or lies here; playbooks can be read without."""
    if sandbox or place.has_configuration(config):
        return place.described(config, integrations, sandbox=sandbox)
    return None
