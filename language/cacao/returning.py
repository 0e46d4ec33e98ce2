"""An export of ours that comes back: the playbook that it was made of, if nobody changed what the steps say.

The words that a person reads and the step in our extension must be the same thing. So the playbook is exported again, and
where the file differs it is refused: else a step could say one thing and do another.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from language.cacao.exporting import export_playbook, ours
from language.cacao.faults import CannotImport, Fault, Faults, pointer
from language.cacao.ledger import Ledger
from language.cacao.model import CacaoPlaybook, time
from language.cacao.names import EXTENSION
from language.cacao.writing import comment, entry, item
from language.catalogue import Catalogue
from language.errors import BadPlaybook
from language.model import PHASES
from language.reading import read
from language.subs import Library

_MAY_DIFFER = frozenset({"modified", "created"})
_MAY_BE_ADDED = frozenset(
    [
        "signatures",
        "markings",
        "data_marking_definitions",
        "labels",
        "priority",
        "severity",
        "impact",
        "valid_from",
        "valid_until",
        "revoked",
        "derived_from",
        "related_to",
        "industry_sectors",
        "playbook_processing_summary",
    ]
)
_MOST_TOLD = 20
_OUT = f"or take `playbook_extensions/{EXTENSION}` out, to import its steps as manual ones"


def restored(
    book: CacaoPlaybook, raw: dict[str, Any], catalogue: Catalogue, ledger: Ledger, library: Library | None
) -> str | None:
    """Give the text of the playbook that was exported, or None where the file is no export of ours."""
    if EXTENSION not in book.playbook_extensions:
        return None
    text = _written(book, raw)
    try:
        checked = read(text, "exported", catalogue, library)
    except BadPlaybook as bad:
        found = [f"{problem.message}" for problem in bad.problems[:_MOST_TOLD]]
        raise CannotImport(
            [Fault("lint", pointer("playbook_extensions", EXTENSION), f"{said}; {_OUT}") for said in found]
        ) from None
    again = export_playbook(checked, catalogue, time(book.modified).replace(tzinfo=dt.UTC)).document
    faults = Faults()
    for where in _differences(again, raw):
        faults.add(
            "changed",
            where,
            f"differs from what this version of Ringfence exports of these steps: export it again, {_OUT}",
        )
    faults.settle()
    for key in again:
        ledger.carry(key)
    return text


def _written(book: CacaoPlaybook, raw: dict[str, Any]) -> str:
    extension = pointer("playbook_extensions", EXTENSION)
    held = book.playbook_extensions[EXTENSION]
    head = held.get("head") if isinstance(held, dict) else None
    phases: dict[str, dict[int, Any]] = {phase: {} for phase in PHASES}
    faults = Faults()
    if not isinstance(head, dict) or set(head) & set(PHASES):
        faults.add("extension", extension, "holds no `head` as Ringfence exports it")
    for step_id, one in ours(raw["workflow"]):
        where = pointer("workflow", step_id, "step_extensions", EXTENSION)
        sound = isinstance(one, dict) and one.get("phase") in PHASES and type(one.get("number")) is int
        if not sound or not isinstance(one.get("step"), dict):
            faults.add("extension", where, "holds no step as Ringfence exports it")
        elif one["number"] in phases[one["phase"]]:
            faults.add("extension", where, f"a second step {one['number']} of {one['phase']}")
        else:
            phases[one["phase"]][one["number"]] = one["step"]
    for phase, found in phases.items():
        if sorted(found) != list(range(len(found))):
            faults.add("extension", "/workflow", f"steps of {phase} are missing: there are {sorted(found)[:50]}")
    faults.settle()
    assert isinstance(head, dict)
    lines = [
        *comment(f"Imported from {book.id}, an export of Ringfence."),
        *(line for key, value in head.items() for line in entry(key, value)),
    ]
    for phase, found in phases.items():
        if found:
            lines += ["", f"{phase}:", *(line for number in sorted(found) for line in item(found[number]))]
    return "\n".join(lines) + "\n"


def _differences(wanted: dict[str, Any], raw: dict[str, Any]) -> Iterator[str]:
    for key in raw:
        if key not in wanted and key not in _MAY_BE_ADDED:
            yield pointer(key)
    for key, value in wanted.items():
        if key not in _MAY_DIFFER:
            yield from _different(value, raw.get(key), (key,))


def _different(wanted: Any, found: Any, path: tuple[str | int, ...]) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in {**wanted, **found}:
            if key not in wanted or key not in found:
                yield pointer(*path, key)
            else:
                yield from _different(wanted[key], found[key], (*path, key))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _different(one, other, (*path, number))
    elif type(wanted) is not type(found) or wanted != found:
        yield pointer(*path)
