"""Compiles all expressions of a playbook against the types that its inputs and steps have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from language.catalogue import Catalogue, Entry
from language.compiling import Compiling
from language.errors import Report, short
from language.expression import Expression, Language
from language.kinds import Kind, fields_of, words
from language.messages import Messages, Path
from language.model import Step
from language.parameters import Parameters, wants_of
from language.shape import Shaped
from language.subs import Sub, wants_of_inputs
from language.template import Template
from language.values import Incident, RunInfo

PATH = re.compile(r"[a-z_][A-Za-z0-9_]*(?:\.[a-z_][A-Za-z0-9_]*)+")


@dataclass
class Programs:
    """What a step's keys compiled to."""

    asks: dict[tuple[str, str], Expression] = field(default_factory=dict)
    with_: dict[str, dict[str, Template]] = field(default_factory=dict)
    each: dict[str, Path] = field(default_factory=dict)
    said: dict[tuple[str, str], Template] = field(default_factory=dict)


class Compiler:
    """Compiles one playbook."""

    def __init__(
        self,
        shaped: Shaped,
        catalogue: Catalogue,
        inputs: type[BaseModel],
        subs: Mapping[str, Sub],
        report: Report,
    ) -> None:
        self.shaped = shaped
        self.report = report
        self.catalogue = catalogue
        self.subs = subs
        self.entries: dict[str, Entry | None] = {
            s.id: subs[s.id].entry if s.id in subs else catalogue.entries.get(s.uses) for s in shaped.playbook.steps
        }
        self.programs = Programs()
        messages = Messages()
        names = {s.id: self._step_type(messages, s) for s in shaped.playbook.steps if s.named}
        models: dict[str, type[BaseModel]] = {
            "inputs": inputs,
            "incident": Incident,
            "org": catalogue.org,
            "run": RunInfo,
        }
        variables = {name: messages.model(model) for name, model in models.items()}
        variables["steps"] = messages.steps(names)
        self.language = Language(messages, variables)
        self.compiling = Compiling(self.language, report)
        self.parameters = Parameters(self.compiling, self.language, report)
        # A step that cannot be resolved has unknown fields: complaining about each use of it helps nobody.
        self.compiling.unresolved |= {
            f"rf.Step_{s.id}" for s in shaped.playbook.steps if s.kind == "uses" and self.entries[s.id] is None
        }

    def _step_type(self, messages: Messages, step: Step) -> str:
        entry = self.entries[step.id]
        if entry is None:
            return messages.step(step.id, {}, None)
        items = Kind(entry.item, many=True) if entry.item else None
        # One step over many targets has many results; which one is meant nobody could say.
        output = {} if step.for_each else fields_of(entry.output)
        return messages.step(step.id, output, items)

    def run(self) -> Programs:
        """Compile everything."""
        for step in self.shaped.playbook.steps:
            item = self._each(step) if step.for_each else None
            # Where for_each itself is wrong, nobody can say what `item` is: one mistake, one message.
            self.compiling.unresolved.discard("item")
            if step.for_each and item is None:
                self.compiling.unresolved.add("item")
            for key in ("if", "expect", "where"):
                if key in self.shaped.steps[step.id].nodes:
                    self._truth(step, key, item if key == "where" else None)
            for key in ("manual", "undo_by"):
                if key in self.shaped.steps[step.id].nodes:
                    at = self.shaped.steps[step.id].at(key)
                    sentence = self.parameters.sentence(self.shaped.scalar(step.id, key), at)
                    self.programs.said[step.id, key] = sentence
            entry = self.entries[step.id]
            if entry is not None:
                self._with(step, entry, item)
        return self.programs

    def _with(self, step: Step, entry: Entry, item: Kind | None) -> None:
        keys = self.shaped.steps[step.id]
        node = keys.nodes.get("with")
        place = node.place if node is not None else keys.place
        if step.id in self.subs:
            wants = wants_of_inputs(self.subs[step.id].checked, self.shaped.playbook, self.parameters)
        else:
            wants = wants_of(entry.params)
        self.programs.with_[step.id] = self.parameters.of(node, wants, entry.name, item, place)

    def _truth(self, step: Step, key: str, item: Kind | None) -> None:
        keys = self.shaped.steps[step.id]
        found = self.compiling.truth(self.shaped.scalar(step.id, key), item, keys.at(key))
        if found is not None:
            self.programs.asks[step.id, key] = found

    def _each(self, step: Step) -> Kind | None:
        """Find what `item` is: the type that the plain path leads to."""
        scalar = self.shaped.scalar(step.id, "for_each")
        text, at = str(scalar.value), self.shaped.steps[step.id].at("for_each")
        place = scalar.inside(0, at)
        if not PATH.fullmatch(text) or text.split(".", maxsplit=1)[0] not in {"steps", "inputs"}:
            said = f"for_each takes a plain path to a list, as steps.found.items; put filters in where, not `{short(text)}`"
            self.report.add("for_each", place, said)
            return None
        found = self.compiling(text, None, scalar, 0, at)
        if found is None or found.plain is None:
            return None
        kind = self.language.kind_at(found.plain)
        if kind is None or not kind.many:
            self.report.add("for_each", place, f"needs a list, but `{text}` is {words(found.type)}")
            return None
        self.programs.asks[step.id, "for_each"] = found
        self.programs.each[step.id] = found.plain
        return kind.each
