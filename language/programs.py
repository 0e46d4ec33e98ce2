"""Compiles all expressions of a playbook against the types that its inputs and steps have."""

import json
import re
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from language.catalogue import Catalogue, Entry
from language.errors import Place, Report, nearest, short
from language.expression import Expression, Language
from language.kinds import Kind, bare, fields_of, kind_of, words
from language.messages import Messages, Path
from language.model import Step
from language.shape import Shaped
from language.source import Items, Keys, Node, Scalar, plain
from language.template import Hole, Joined, Template, split
from language.values import Incident, RunInfo

PATH = re.compile(r"[a-z_][A-Za-z0-9_]*(?:\.[a-z_][A-Za-z0-9_]*)+")
_FORGOTTEN = re.compile(
    r"\{\s*(?:inputs|steps|item|incident|org|run)\.|^(?:inputs|steps|item|incident|org|run)(?:\.[a-z_]\w*)+$"
)
_IN_TEXT = frozenset({"STRING", "INT", "BOOL", "DOUBLE", "TIMESTAMP", "DURATION"})


@dataclass
class Programs:
    """What a step's keys compiled to."""

    asks: dict[tuple[str, str], Expression] = field(default_factory=dict)
    with_: dict[str, dict[str, Template]] = field(default_factory=dict)
    each: dict[str, Path] = field(default_factory=dict)
    places: dict[tuple[str, int], Place] = field(default_factory=dict)


class Compiler:
    """Compiles one playbook."""

    def __init__(self, shaped: Shaped, catalogue: Catalogue, inputs: type[BaseModel], report: Report) -> None:
        self.shaped = shaped
        self.report = report
        self.catalogue = catalogue
        self.entries: dict[str, Entry | None] = {s.id: catalogue.entries.get(s.uses) for s in shaped.playbook.steps}
        self.programs = Programs()
        self._adapters: dict[tuple[type[BaseModel], str], TypeAdapter[Any]] = {}
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
        # A step that cannot be resolved has unknown fields: complaining about each use of it helps nobody.
        self._unresolved = {
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
            self._unresolved.discard("item")
            if step.for_each and item is None:
                self._unresolved.add("item")
            for key in ("if", "expect", "where"):
                if key in self.shaped.steps[step.id].nodes:
                    self._bool(step, key, item if key == "where" else None)
            entry = self.entries[step.id]
            if entry is not None:
                self._with(step, entry, item)
        return self.programs

    def _compile(self, text: str, item: Kind | None, scalar: Scalar, offset: int, key: Place) -> Expression | None:
        """Compile one expression; a mistake is reported where it stands in the file."""
        lead = len(text) - len(text.lstrip())
        found = self.language.compile(text, item)
        if isinstance(found, Expression):
            return found
        for flaw in found:
            hidden = flaw.about in self._unresolved
            multiline = "\n" in text
            place = key if multiline else scalar.inside(offset + max(flaw.offset, lead), key)
            if not hidden:
                self.report.add(flaw.code, place, flaw.message)
        return None

    def _bool(self, step: Step, key: str, item: Kind | None) -> None:
        scalar = self.shaped.scalar(step.id, key)
        text = str(scalar.value)
        at = self.shaped.steps[step.id].at(key)
        found = self._compile(text, item, scalar, 0, at)
        if found is None:
            return
        if found.type != "BOOL":
            place = scalar.inside(0, at)
            self.report.add("not_bool", place, f"must be true or false, but `{short(text)}` is {words(found.type)}")
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
        found = self._compile(text, None, scalar, 0, at)
        if found is None or found.plain is None:
            return None
        kind = self._kind(found.plain)
        if kind is None or not kind.many:
            self.report.add("for_each", place, f"needs a list, but `{text}` is {words(found.type)}")
            return None
        self.programs.asks[step.id, "for_each"] = found
        self.programs.each[step.id] = found.plain
        return kind.each

    def _kind(self, path: Path, item: Kind | None = None) -> Kind | None:
        messages = self.language.messages
        kind = item if path[0] == "item" else Kind(self.language.variables[path[0]])
        for name in path[1:]:
            kind = messages.fields.get(messages.name(kind), {}).get(name) if kind else None
        return kind

    def _with(self, step: Step, entry: Entry, item: Kind | None) -> None:
        node = self.shaped.steps[step.id].nodes.get("with")
        given = node.nodes if isinstance(node, Keys) else {}
        place = node.place if isinstance(node, Keys) else self.shaped.steps[step.id].place
        templates = {}
        for name, value in given.items():
            assert isinstance(node, Keys)
            info = entry.params.model_fields.get(name)
            if info is None:
                hint = nearest(name, entry.params.model_fields)
                self.report.add("parameter", node.at(name), f"{entry.name} takes no '{short(name)}'{hint}")
                continue
            annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            templates[name] = self._template(value, annotation, item, node.at(name), (entry.params, name))
        for name, info in entry.params.model_fields.items():
            if info.is_required() and name not in given:
                self.report.add("parameter", place, f"{entry.name} needs '{name}'")
        self.programs.with_[step.id] = templates

    def _template(self, node: Node, annotation: Any, item: Kind | None, key: Place, where: tuple[Any, str]) -> Template:
        """Check one value against its type: expressions by CEL, literals by pydantic as strictly as JSON."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if "${" in node.value:
                return self._text(node, annotation, item, key)
            if _FORGOTTEN.search(node.value):
                said = f"'{short(node.value)}' is text here: an expression is written ${{…}}"
                self.report.add("forgotten", node.place, said)
                return None
        elif _has_holes(node):
            tp, _, _ = bare(annotation)
            kind = kind_of(annotation)
            if isinstance(node, Items) and kind and kind.many:
                inner = getattr(tp, "__args__", (Any,))[0]
                return [self._template(n, inner, item, n.place, (tp, "")) for n in node.nodes]
            if isinstance(node, Keys) and isinstance(tp, type) and issubclass(tp, BaseModel):
                for name, info in tp.model_fields.items():
                    if info.is_required() and name not in node.nodes:
                        self.report.add("parameter", node.place, f"needs '{name}'")
                return {name: self._inner(node, name, tp, item) for name in node.nodes}
            self.report.add("parameter", key, "no expressions can stand inside this value")
            return None
        self._literal(node, annotation, key, where)
        return plain(node)

    def _inner(self, node: Keys, name: str, model: type[BaseModel], item: Kind | None) -> Template:
        info = model.model_fields.get(name)
        if info is None:
            self.report.add("parameter", node.at(name), f"no '{short(name)}' here{nearest(name, model.model_fields)}")
            return None
        return self._template(node.nodes[name], info.annotation, item, node.at(name), (model, name))

    def _literal(self, node: Node, annotation: Any, key: Place, where: tuple[Any, str]) -> None:
        place = node.place if isinstance(node, Scalar) else key
        kind = kind_of(annotation)
        if kind and kind.secret:
            self.report.add("secret", place, "a secret is an input, never written in a file: ${inputs.…}")
            return
        if where not in self._adapters or not where[1]:
            self._adapters[where] = TypeAdapter(annotation)
        try:
            self._adapters[where].validate_json(json.dumps(plain(node)), strict=True)
        except ValidationError as error:
            for detail in error.errors(include_url=False)[:5]:
                place = _deepest(node, detail["loc"], place)
                loc = "".join(f".{part}" for part in detail["loc"])
                said = f"{where[1]}{loc}: {detail['msg']}, not '{short(str(detail['input']))}'"
                self.report.add("literal", place, said)

    def _text(self, scalar: Scalar, annotation: Any, item: Kind | None, key: Place) -> Template:
        text = str(scalar.value)
        parts = split(text)
        if isinstance(parts, int):
            self.report.add("end", scalar.inside(parts, key), "`${` has no end")
            return None
        holes = [part for part in parts if isinstance(part, Hole)]
        found = {hole: self._compile(hole.source, item, scalar, hole.offset, key) for hole in holes}
        if any(e is None for e in found.values()):
            return None
        if len(parts) == 1 and holes:
            whole = found[holes[0]]
            assert whole is not None
            self._fits(whole, annotation, item, scalar.inside(holes[0].offset, key))
            return whole
        for hole, expression in found.items():
            if expression and expression.type not in _IN_TEXT:
                said = f"`{short(hole.source)}` is {words(expression.type)}: it cannot stand inside text"
                code = "secret" if "rf.Secret" in expression.type else "wrong_type"
                self.report.add(code, scalar.inside(hole.offset, key), said)
        want = kind_of(annotation)
        if want and (want.base != "STRING" or want.many):
            name = words(self._name(want))
            self.report.add("wrong_type", scalar.inside(0, key), f"needs {name}, but this is text")
        return Joined(tuple(found[p] if isinstance(p, Hole) else p for p in parts))  # type: ignore[misc]

    def _fits(self, expression: Expression, annotation: Any, item: Kind | None, place: Place) -> None:
        """Compare the type of a whole `${…}` with the parameter's, and the kinds of ids where both are known."""
        want = kind_of(annotation)
        if want is None:
            if bare(annotation)[0] is not Any:
                self.report.add("wrong_type", place, "an expression cannot give what this parameter needs")
            return
        name = self._name(want)
        if name != expression.type and not (name == "DOUBLE" and expression.type == "INT"):
            said = f"needs {words(name)}, but `{short(expression.text)}` is {words(expression.type)}"
            said += ": string(…) makes text of it" if name == "STRING" and expression.type in _IN_TEXT else ""
            self.report.add("wrong_type", place, said)
            return
        have = self._kind(expression.plain, item) if expression.plain else None
        if have and want.ident and have.ident and want.ident != have.ident:
            said = f"needs {want.ident}, but `{short(expression.text)}` is {have.ident}"
            self.report.add("wrong_type", place, said)

    def _name(self, kind: Kind) -> str:
        return self.language.messages.known(kind)


def _deepest(node: Node, loc: tuple[int | str, ...], place: Place) -> Place:
    """Follow pydantic's location as far as the file goes."""
    for part in loc:
        if isinstance(node, Items) and isinstance(part, int):
            node = node.nodes[part]
            place = node.place
        elif isinstance(node, Keys) and part in node.nodes:
            place = node.at(str(part))
            node = node.nodes[str(part)]
        else:
            break
    return place


def _has_holes(node: Node) -> bool:
    if isinstance(node, Scalar):
        return isinstance(node.value, str) and "${" in node.value
    return any(map(_has_holes, node.nodes if isinstance(node, Items) else node.nodes.values()))
