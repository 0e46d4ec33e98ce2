"""Checks what stands in `with:`: literals as strictly as JSON, expressions by CEL, each against its parameter's type."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from language.compiling import Compiling
from language.complaints import plainly
from language.errors import Place, Report, nearest, short
from language.expression import Expression, Language
from language.kinds import Kind, bare, kind_of, words
from language.source import Items, Keys, Node, Scalar, plain
from language.template import Hole, Joined, Template, split

Special = Callable[["Want", Node, Kind | None, Place], Template]
_FORGOTTEN = re.compile(
    r"\{\s*(?:inputs|steps|item|incident|org|run|alert)\."
    r"|^(?:inputs|steps|item|incident|org|run|alert)(?:\.[a-z_]\w*)+$"
)
_PERHAPS = re.compile(r"(?<![\w.$/])(?:inputs|steps)\.[a-z_]\w*")
_IN_TEXT = frozenset({"STRING", "INT", "BOOL", "DOUBLE", "TIMESTAMP", "DURATION"})


@dataclass(frozen=True)
class Want:
    """One parameter: its type, and what has a say over the literals that stand for it."""

    name: str
    annotation: Any
    required: bool = True
    owner: Any = None
    special: Special | None = None


def wants_of(model: type[BaseModel]) -> dict[str, Want]:
    """What a model's fields want."""
    found = {}
    for name, info in model.model_fields.items():
        annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        found[name] = Want(name, annotation, required=info.is_required(), owner=model)
    return found


class Parameters:
    """Checks the values of one playbook."""

    def __init__(self, compiled: Compiling, language: Language, report: Report) -> None:
        self.compiled = compiled
        self.language = language
        self.report = report
        self._adapters: dict[tuple[Any, str], TypeAdapter[Any]] = {}

    def of(
        self, node: Node | None, wants: Mapping[str, Want], what: str, item: Kind | None, place: Place
    ) -> dict[str, Template]:
        """Check all of a `with:`; what is wrong is reported and left out."""
        templates: dict[str, Template] = {}
        for name, value in node.nodes.items() if isinstance(node, Keys) else ():
            assert isinstance(node, Keys)
            want = wants.get(name)
            if want is None:
                hint = nearest(name, wants)
                self.report.add("parameter", node.at(name), f"{what} takes no '{short(name)}'{hint}")
            elif want.special is not None:
                templates[name] = want.special(want, value, item, node.at(name))
            else:
                templates[name] = self._template(value, want.annotation, item, node.at(name), (want.owner, name))
        given = node.nodes if isinstance(node, Keys) else {}
        for name, want in wants.items():
            if want.required and name not in given:
                self.report.add("parameter", place, f"{what} needs '{name}'")
        return templates

    def sentence(self, scalar: Scalar, key: Place) -> Template:
        """Check a text for people with `${…}` in it."""
        if "${" not in str(scalar.value):
            return self._literally(scalar)
        return self._text(scalar, str, None, key, spoken=True)

    def text(self, want: Want, node: Node, item: Kind | None, key: Place) -> Template:
        """Check a value that is text, whatever the parameter's own type is."""
        return self._template(node, str, item, key, (str, want.name))

    def _literally(self, scalar: Scalar) -> Template:
        """A text without `${`: one that looks like an expression had its `$` forgotten."""
        text = str(scalar.value)
        if _FORGOTTEN.search(text):
            self.report.add("forgotten", scalar.place, f"'{short(text)}' is text here: an expression is written ${{…}}")
        elif found := _PERHAPS.search(text):
            said = f"`{found.group()}` is text here: an expression is written ${{{found.group()}}}"
            self.report.warn("forgotten", scalar.inside(found.start(), scalar.place), said)
        return text

    def _template(self, node: Node, annotation: Any, item: Kind | None, key: Place, where: tuple[Any, str]) -> Template:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if "${" in node.value:
                return self._text(node, annotation, item, key)
            self._literally(node)
        elif _has_holes(node):
            tp, _, _ = bare(annotation)
            kind = kind_of(annotation)
            if isinstance(node, Items) and kind and kind.many:
                inner = getattr(tp, "__args__", (Any,))[0]
                return [self._template(n, inner, item, n.place, (tp, "")) for n in node.nodes]
            if isinstance(node, Keys) and isinstance(tp, type) and issubclass(tp, BaseModel):
                return self.of(node, wants_of(tp), tp.__name__, item, node.place)
            self.report.add("parameter", key, "no expressions can stand inside this value")
            return None
        self._literal(node, annotation, key, where)
        return plain(node)

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
                said = f"{where[1]}{loc}: {plainly(detail)}, not '{short(str(detail['input']))}'"
                self.report.add("literal", place, said.removeprefix(": "))

    def _text(
        self, scalar: Scalar, annotation: Any, item: Kind | None, key: Place, *, spoken: bool = False
    ) -> Template:
        """Check text with expressions; `spoken`: what is a whole `${…}` becomes text as well, whatever its type."""
        text = str(scalar.value)
        if scalar.plain and scalar.comment:
            self.report.add(
                "comment", scalar.place, "quote a value with `${…}` that a `#` follows: it may be cut short"
            )
        parts = split(text)
        if isinstance(parts, int):
            self.report.add("end", scalar.inside(parts, key), "`${` has no end")
            return None
        holes = [part for part in parts if isinstance(part, Hole)]
        found = {hole: self.compiled(hole.source, item, scalar, hole.offset, key) for hole in holes}
        if any(e is None for e in found.values()):
            return None
        if len(parts) == 1 and holes and not spoken:
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
        elif want and want.choices:
            self._one_of(want, "this is text with something in it", scalar.inside(0, key))
        return Joined(tuple(found[p] if isinstance(p, Hole) else p for p in parts))  # type: ignore[misc]

    def _fits(self, expression: Expression, annotation: Any, item: Kind | None, place: Place) -> None:
        """Compare the type of a whole `${…}` with the parameter's, and the kinds of ids where it is a plain path."""
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
        have = self.language.kind_at(expression.plain, item) if expression.plain else None
        if want.choices and not (have and have.choices and have.choices <= want.choices):
            self._one_of(want, f"`{short(expression.text)}` may be any text", place)
            return
        if have and want.ident and want.ident != have.ident:
            is_ = have.ident or words(expression.type)
            said = f"needs {want.ident}, but `{short(expression.text)}` is {is_}"
            self.report.add("wrong_type", place, said)

    def _one_of(self, want: Kind, but: str, place: Place) -> None:
        """CEL sees text where a parameter takes a few words only; another word would be found at night."""
        words_ = ", ".join(f"'{choice}'" for choice in sorted(want.choices)[:12])
        self.report.add(
            "choice", place, f"needs one of {words_}, but {but}: write one, or a field that holds no others"
        )

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
