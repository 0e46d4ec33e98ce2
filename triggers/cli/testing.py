"""`ringfence playbook test`: carries out the cases beside playbooks. No provider, no sandbox, no network."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggers.cli import place
from triggers.cli.say import as_json, line
from triggers.cli.shelf import nearest

if TYPE_CHECKING:
    from engine.trial.compare import Difference
    from engine.trial.record import Shelf
    from inventory.read import Inventory
    from language import Checked

_PLACE = re.compile(r"(.*?):(\d+):(\d+): (.*)")


@dataclass
class Tried:
    """How one case came out: nothing in `wrong` means that all was as expected."""

    playbook: str
    file: Path
    title: str = ""
    differences: list[Difference] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    word: str = ""
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything came as it was expected."""
        return not self.differences and not self.wrong

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "playbook": self.playbook, "case": self.file.stem, "file": str(self.file), "title": self.title,
            "passed": self.passed, "word": self.word, "took_ms": round(self.took_s * 1000), "problems": self.wrong,
            "differences": [
                {"at": d.at, "what": d.what, "expected": list(d.expected), "got": list(d.got)} for d in self.differences
            ],
            "notes": self.notes,
        }  # fmt: skip


def try_cases(
    *names: str,
    config: Path | None = None,
    require_cases: bool = False,
    json: bool = False,
) -> int:
    """Carry out the cases of playbooks, without any provider. Exit code 1 if one does not come out as expected.

    Parameters
    ----------
    names
        Playbooks by name, file or folder; without any, all that `ringfence playbook list` shows.
    config
        Look in the folders of this configuration as well, and check against it.
    require_cases
        Fail where a playbook has no cases.
    json
        Print one JSON object.
    """
    from engine.trial.record import shelf

    inventory = place.described(config) if place.has_configuration(config) else None
    tried: list[Tried] = []
    without: list[str] = []
    with shelf() as at:
        for file in wanted(names, inventory):
            found = _playbook(file, inventory, at, quiet=json)
            tried += found
            if not found:
                without.append(file.stem)
                if not json:
                    line(f"{file.stem}: no cases. They belong in {file.parent / 'cases' / file.stem}{'/'}")
    failed = [one for one in tried if not one.passed]
    ok = not failed and not (require_cases and without)
    if json:
        as_json({"ok": ok, "cases": [one.as_json() for one in tried], "without_cases": without})
    else:
        lacking = f", {len(without)} playbooks without cases" if without else ""
        took = sum(one.took_s for one in tried)
        line(f"{len(tried) - len(failed)} of {len(tried)} cases as expected{lacking}, in {took:.1f} s.")
    return 0 if ok else 1


def wanted(names: tuple[str, ...], inventory: Inventory | None) -> list[Path]:
    """Give the files of the playbooks that are named. Raises Refused."""
    if not names:
        return nearest(inventory)
    files: dict[Path, None] = {}
    for name in names:
        folder = Path(name).expanduser()
        if folder.is_dir():
            found = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
            if not found:
                raise place.Refused(f"There is no playbook in the folder {folder}.")
            files |= dict.fromkeys(found)
        else:
            files[place.find_playbook(name, inventory)] = None
    return list(files)


def _playbook(file: Path, inventory: Inventory | None, at: Shelf, *, quiet: bool) -> list[Tried]:
    from engine.trial.case import cases_of
    from language import BadPlaybook

    cases = cases_of(file)
    if not cases:
        return []
    try:
        checked = place.checked_playbook(file, inventory)
    except BadPlaybook as bad:
        tried = [Tried(file.stem, file, "its cases cannot be tried", wrong=[str(one) for one in bad.problems])]
    else:
        tried = []
        for case in cases:
            tried.append(one(file, case, checked, at))
            if not quiet:
                _tell(tried[-1])
        return tried
    if not quiet:
        _tell(tried[0])
    return tried


def one(file: Path, case: Path, checked: Checked, at: Shelf) -> Tried:
    """Try one case of a playbook."""
    from engine.trial.case import BadCase, read_case
    from engine.trial.compare import compare
    from engine.trial.run import carry_out

    began = time.monotonic()
    tried = Tried(file.stem, case)
    try:
        told = read_case(case)
        tried.title = told.case.title
        came = carry_out(told, checked, file.name, at)
        tried.word = came.word or "refused"
        tried.wrong, tried.notes = list(came.broken), came.notes
        tried.differences = compare(told, came)
    except BadCase as bad:
        tried.wrong = str(bad).splitlines()
    tried.took_s = time.monotonic() - began
    return tried


def mistakes_of(case: Path, playbook: Path, inventory: Inventory | None) -> list[dict[str, Any]]:
    """What is wrong with a case as it is written, without trying it: for `playbook lint`."""
    from engine.trial.case import INTEGRATIONS, BadCase, read_case
    from engine.trial.run import fitted
    from inventory.integrations.model import Integrations
    from inventory.read import BadInventory, parse
    from language import BadPlaybook
    from language.files import text_of

    try:
        if case.name == INTEGRATIONS:
            parse(text_of(case), str(case), Integrations)
        elif playbook.is_file():
            fitted(read_case(case), place.checked_playbook(playbook, inventory))
        else:
            return _rows(f"{case}:1:1: there is no playbook {playbook} that this could be a case of")
    except BadPlaybook as bad:
        return (
            [] if bad.problems[0].file != str(case) else _rows(str(bad))
        )  # the playbook's own mistakes are told beside it
    except (BadCase, BadInventory) as bad:
        return _rows(str(bad))
    return []


def _rows(said: str) -> list[dict[str, Any]]:
    found = (_PLACE.fullmatch(one) for one in said.splitlines())
    return [
        {"file": one[1], "line": int(one[2]), "column": int(one[3]), "code": "case", "message": one[4]}
        for one in found if one is not None
    ]  # fmt: skip


def _tell(tried: Tried) -> None:
    said = "ok  " if tried.passed else "FAIL"
    line(f"{said} {tried.playbook}/{tried.file.stem}: {tried.title or 'cannot be read'}")
    for problem in tried.wrong:
        line(f"       {problem}")
    for difference in tried.differences:
        for text in difference.lines():
            line(f"       {text}")
    for note in () if tried.passed else tried.notes:
        line(f"       note: {note}")
