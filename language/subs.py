"""Playbooks that a playbook uses: found in the library, checked on their own, and fitted to the step that names them.

Of such a playbook the steps of `contain` are carried out at the step's place, without its approve and watch lines: the
wall and the watch are those of the playbook that uses it. So one that cuts belongs below the wall.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from language.catalogue import Entry, Nothing
from language.errors import BadPlaybook, Place, Report, nearest, short
from language.inputs import GivenIntegration, read_value
from language.kinds import Kind
from language.model import Playbook
from language.parameters import Parameters, Want
from language.shape import Shaped
from language.source import Node, Scalar
from language.spelling import ID
from language.template import Hole, Template, split
from language.values import Doubt

if TYPE_CHECKING:
    from language.checked import Checked

Library = Callable[[str], tuple[str, str] | None]
"""Gives the text and the file of a playbook by its id, or None. One with `names()` lets a slip be told with its mending."""
PREFIX = "playbook."
DEEPEST = 10


@dataclass(frozen=True)
class Sub:
    """A playbook as a step: what it is to the checks, and itself."""

    entry: Entry
    checked: "Checked"
    blocks: frozenset[str]


@dataclass
class Shelf:
    """Reads playbooks of the library, each once.

    Attributes:
        chain: the playbooks that led here, to see a circle.
        found: what was read already, None where it cannot be used, with the reason in `why`.
    """

    library: Library | None
    reader: "Callable[[str, str, Shelf], Checked]"
    chain: tuple[str, ...] = ()
    found: "dict[str, Checked | str]" = field(default_factory=dict)

    def take(self, name: str) -> "Checked | str":
        """Give a playbook, or why it cannot be used."""
        if name in self.chain:
            return f"playbooks use each other in a circle: {' -> '.join([*self.chain[self.chain.index(name) :], name])}"
        if len(self.chain) > DEEPEST:
            return f"playbooks use each other more than {DEEPEST} deep: {' -> '.join(self.chain)}"
        if name not in self.found:
            self.found[name] = self._read(name)
        return self.found[name]

    def _read(self, name: str) -> "Checked | str":
        if not re.fullmatch(ID, name):
            # It becomes part of a path: nothing but an id may.
            return f"'{short(name)}' is no id of a playbook, as block_network is: neither a path nor a pattern"
        try:
            text_file = self.library(name) if self.library is not None else None
            if text_file is None:
                names: list[str] = getattr(self.library, "names", list)()
                why = nearest(name, names) if self.library else ": there is no library here to look in"
                return f"no playbook '{name}'{why}"
            text, file = text_file
            checked = self.reader(text, file, Shelf(self.library, self.reader, self.chain, self.found))
        except BadPlaybook as bad:
            first = str(bad.problems[0])
            count = "a mistake" if len(bad.problems) == 1 else f"{len(bad.problems)} mistakes"
            return f"playbook '{name}' has {count} of its own: {first}"
        if checked.playbook.id != name:
            return f"{file} is asked for as '{name}', but calls itself '{checked.playbook.id}'"
        return checked


def subs_of(shaped: Shaped, shelf: Shelf, report: Report) -> dict[str, Sub]:
    """Find every playbook that a step uses; what cannot be used is reported and left out."""
    subs = {}
    inner = Shelf(shelf.library, shelf.reader, (*shelf.chain, shaped.playbook.id), shelf.found)
    for step in shaped.playbook.steps:
        if not step.uses.startswith(PREFIX):
            continue
        found = inner.take(step.uses.removeprefix(PREFIX))
        if isinstance(found, str):
            report.add("playbook", _uses(shaped, step.id), found)
        else:
            subs[step.id] = _sub(step.uses, found)
    return subs


def _uses(shaped: Shaped, step_id: str) -> Place:
    return shaped.steps[step_id].nodes["uses"].place


def _sub(name: str, checked: "Checked") -> Sub:
    entry = Entry(
        name=name,
        kind="playbook",
        params=Nothing,
        output=Nothing,
        undoable=not checked.cuts,
        doc=checked.playbook.title,
    )
    return Sub(entry, checked, checked.blocks)


def wants_of_inputs(sub: "Checked", parent: Playbook, parameters: Parameters) -> dict[str, Want]:
    """What a playbook's inputs want of a step that uses it. An integration is handed on whole."""

    def integration(want: Want, node: Node, item: Kind | None, place: Place) -> Template:
        text = node.value if isinstance(node, Scalar) else None
        parts = split(text) if isinstance(text, str) else 0
        hole = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
        needs = sub.playbook.inputs[want.name].has
        ours = {n: set(g.has) for n, g in parent.inputs.items() if g.type == "integration"}
        path = hole.source.strip() if isinstance(hole, Hole) else ""
        name = path.removeprefix("inputs.")
        if not path.startswith("inputs.") or name not in ours or not isinstance(node, Scalar):
            said = "an integration is handed on whole, as ${inputs." + (next(iter(ours), "integration")) + "}"
            parameters.report.add("integration", place, said)
            return None
        if lacking := sorted(set(needs) - ours[name]):
            said = (
                f"'{name}' must have {' and '.join(lacking)}, which {PREFIX}{sub.playbook.id} needs: add to its `has`"
            )
            parameters.report.add("integration", place, said)
            return None
        assert isinstance(hole, Hole)
        return parameters.compiled(hole.source, item, node, hole.offset, place)

    wants = {}
    for name, given in sub.playbook.inputs.items():
        annotation = sub.inputs_type.model_fields[name].rebuild_annotation()
        special = integration if given.type == "integration" else None
        wants[name] = Want(name, annotation, required=given.default is None, owner=sub.inputs_type, special=special)
    return wants


def inputs_of(sub: "Checked", filled: Mapping[str, Any]) -> BaseModel | Doubt:
    """Make a used playbook's inputs of what its step's `with:` came to."""
    values: dict[str, object] = {}
    for name, given in sub.playbook.inputs.items():
        annotation: Any = sub.inputs_type.model_fields[name].rebuild_annotation()
        value = filled.get(name, given.default)
        if isinstance(value, GivenIntegration):
            values[name] = annotation.model_construct(**{f: getattr(value, f) for f in annotation.model_fields})
            continue
        try:
            values[name] = read_value(annotation, value) if name not in filled else _valid(annotation, value)
        except (ValueError, ValidationError):
            # Without the value: it may be a secret in the wrong place.
            return Doubt(f"{name}: what was worked out for it is no {given.type}")
    return sub.inputs_type.model_construct(None, **values)


def _valid(annotation: Any, value: object) -> object:
    adapter: TypeAdapter[object] = TypeAdapter(annotation)
    return adapter.validate_python(value)
