"""Worlds that nobody thought of: a catalogue, a playbook over it and a state of its run, all drawn by hypothesis.

Expressions are made by type, so that most of them are right; with `slips` some are not, so that the check has work.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal, NewType

from hypothesis import strategies as st
from language_house import NOW, Secret
from pydantic import AwareDatetime, BaseModel, create_model

from language import Catalogue, Cut, Entry, GivenIntegration, Incident, Nothing, RunInfo, StepValue, Values
from language.inputs import AnySecret
from language.kinds import Kind, bare, fields_of, kind_of

AId, BId = NewType("AId", str), NewType("BId", str)
SCALARS = (str, AId, BId, Literal["low", "high"], int, bool, float, AwareDatetime, dt.timedelta, Secret)
TEXTS = ("", "a", "low", "Ünï🙂", "2026-03-01T00:00:00Z", "90s", "7", "(")
INTS = (0, 1, -1, 7, 2**31, 2**63 - 1, -(2**63))
FLOATS = (0.0, -1.5, 1e308, float("inf"), float("nan"))
TIMES = (NOW, NOW - dt.timedelta(days=9), dt.datetime(1, 1, 2, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC))
SPANS = (dt.timedelta(0), dt.timedelta(seconds=90), -dt.timedelta(days=99_999))
LITERALS = {
    "STRING": ("'a'", "'low'", "''", "'90s'"),
    "INT": ("0", "1", "-3", "9223372036854775807"),
    "BOOL": ("true", "false"),
    "DOUBLE": ("0.0", "1.5"),
    "TIMESTAMP": ("timestamp('2026-03-01T00:00:00Z')",),
    "DURATION": ("duration('90s')",),
}
GROWN = {
    "STRING": ("($S + $S)", "($B ? $S : $S)", "string($I)", "string($T)", "string($D)", "$S.lowerAscii()", "$L[$I]",
               "$L.join(',')", "$S.substring($I)"),
    "INT": ("($I + $I)", "($I * $I)", "($I / $I)", "($I % $I)", "(-$I)", "size($S)", "size($L)", "int($S)", "$T.getHours()",
            "int($D)", "($B ? $I : $I)", "int($T)"),
    "BOOL": ("($S == $S)", "($I < $I)", "($D >= $D)", "($T < $T)", "($U > $U)", "($B && $B)", "($B || $B)", "(!$B)",
             "($S in $L)", "$S.startsWith($S)", "$S.matches($S)", "($L == $L)", "$L.exists(e, e == $S)", "$L.all(e, e != $S)",
             "($B ? $B : $B)", "(size($L) > $I)"),
    "DOUBLE": ("($D + $D)", "($D / $D)", "($B ? $D : $D)"),
    "TIMESTAMP": ("($T - $U)", "($T + $U)", "($B ? $T : $T)", "timestamp($S)"),
    "DURATION": ("($T - $T)", "($U + $U)", "duration($S)"),
    "LIST": ("[$S, $S]", "$L.filter(e, e != $S)", "($L + $L)", "$L.map(e, e + $S)", "[$S]"),
}  # fmt: skip
LETTERS = {"$S": "STRING", "$I": "INT", "$B": "BOOL", "$D": "DOUBLE", "$T": "TIMESTAMP", "$U": "DURATION", "$L": "LIST"}
SLIPS = {
    "mixed": {"LIST": "[$S, 1]", "STRING": "[$S, 1][1]", "BOOL": "[$S, 1].exists(e, e + $S == 'x')"},
    "dyn": {"STRING": "(dyn($I) + $S)", "INT": "(dyn($S) + $I)", "BOOL": "(dyn($S) < $I)"},
    "null": {"TIMESTAMP": "null", "DURATION": "null"},
    "name": {"BOOL": "steps.nowhere.open", "STRING": "inputs.nowhere", "INT": "run.nothing", "LIST": "nowhere"},
    "whole": {"BOOL": "(inputs == inputs)"},
    "map": {"STRING": "{'a': $S}.a", "INT": "{'a': 1}['b']"},
    "secret": {"STRING": "inputs.in0.handle"},
}
"""Mistakes that fit the type of their place, so that only the rule about them can find them."""


@dataclass
class Path:
    """Something that can be named, and what it is."""

    text: str
    kind: Kind


@dataclass(repr=False)
class World:
    """All that a playbook is checked against, its text, and a state to ask it in."""

    catalogue: Catalogue
    text: str
    steps: list[dict[str, Any]]
    values: Values
    items: dict[str, list[Any]]
    alert: Any
    library: Any = None
    secrets: dict[str, Secret] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"the world of\n{self.text}"


class Maker:
    """Draws one world."""

    def __init__(self, draw: Any, slip: str) -> None:
        self.draw = draw
        self.slip = slip
        self.count = 0
        self.paths: list[Path] = []
        self.secrets: dict[str, Secret] = {}

    def pick(self, options: Any) -> Any:
        """One of several."""
        options = list(options)
        return options[self.draw(st.integers(0, len(options) - 1))]

    def chance(self, of: int) -> bool:
        """True once in `of` times."""
        return self.draw(st.integers(1, of)) == 1

    def slips(self, *names: str) -> str:
        """Which of these mistakes is made here, if any: one in all of a playbook, else another one hides it."""
        fitting = [name for name in names if self.slip in {name, "any"}]
        if not fitting or not self.chance(12 if self.slip == "any" else 3):
            return ""
        self.slip = ""
        return self.pick(fitting)

    # --- types and values ---

    def annotation(self, depth: int = 2) -> Any:
        """A type that a connector's author might write."""
        shape = self.draw(st.integers(0, 9))
        if shape <= 4:
            return self.pick(SCALARS)
        if shape <= 6:
            return self.pick(SCALARS) | None if (tp := self.pick(SCALARS)) in {AId, BId} else tp | None
        if shape == 7:
            return self.pick((list[str], list[AId], list[int], tuple[str, ...], dict[str, int]))
        if depth == 0:
            return str
        inner = self.model(depth - 1)
        return inner if shape == 8 else self.pick((list[inner], inner | None))

    def model(self, depth: int = 1, prefix: str = "f") -> type[BaseModel]:
        """A model of one to four fields."""
        self.count += 1
        fields = {f"{prefix}{n}": (self.annotation(depth), ...) for n in range(self.draw(st.integers(1, 4)))}
        return create_model(f"M{self.count}", **fields)

    def value(self, annotation: Any) -> Any:
        """A value of a type; one that may be absent often is."""
        tp, optional, _ = bare(annotation)
        if optional and self.draw(st.booleans()):
            return None
        origin, args = getattr(tp, "__origin__", None), getattr(tp, "__args__", ())
        if origin in {list, tuple}:
            made = [self.value(args[0]) for _ in range(self.draw(st.integers(0, 2)))]
            return tuple(made) if origin is tuple else made
        if origin is dict:
            return {"k": 1}
        if origin is Literal:
            return self.pick(args)
        if tp is Secret or tp is AnySecret:  # an integration's canary
            secret = Secret(f"sesame-{len(self.secrets)}", f"fp{len(self.secrets)}")
            self.secrets[secret.fingerprint] = secret
            return secret
        if isinstance(tp, type) and issubclass(tp, BaseModel):
            return tp.model_construct(**{n: self.value(i.annotation) for n, i in tp.model_fields.items()})
        by = {str: TEXTS, bool: (True, False), int: INTS, float: FLOATS, dt.timedelta: SPANS}
        return self.pick(by.get(tp, TIMES))

    # --- what can be named, and expressions over it ---

    def named(self, root: str, model: type[BaseModel], depth: int = 3) -> list[Path]:
        """Every path below a model."""
        return self._below(root, fields_of(model), depth)

    def _below(self, root: str, fields: dict[str, Kind], depth: int) -> list[Path]:
        found = []
        for name, kind in fields.items():
            found.append(Path(f"{root}.{name}", kind))
            if isinstance(kind.base, type) and not kind.many and depth:
                found += self._below(f"{root}.{name}", fields_of(kind.base), depth - 1)
        return found

    def expression(self, want: str, depth: int = 3) -> str:
        """An expression of a type: "STRING", …, or "LIST" of text."""
        if slip := self.slips(*(name for name, shapes in SLIPS.items() if want in shapes)):
            return self._grow(SLIPS[slip][want], 0)
        if depth == 0 or self.chance(4):
            fitting = [p.text for p in self.paths if self._is(p.kind, want)]
            if want == "LIST":
                return self.pick([*fitting, "['a', 'b']", "org.addresses"])
            return self.pick([*fitting * 3, *LITERALS[want]])
        if want == "BOOL" and self.chance(3):
            return self._about(depth)
        return self._grow(self.pick(GROWN[want]), depth - 1)

    @staticmethod
    def _is(kind: Kind, want: str) -> bool:
        return kind.base == ("STRING" if want == "LIST" else want) and kind.many == (want == "LIST")

    def _grow(self, shape: str, depth: int) -> str:
        for letter, want in LETTERS.items():
            while letter in shape:
                shape = shape.replace(letter, self.expression(want, max(depth, 0)), 1)
        return shape

    def _about(self, depth: int) -> str:
        """Whether something is there, or what is true of the things in a list."""
        optional = [p.text for p in self.paths if p.kind.optional and "[" not in p.text]
        lists = [p for p in self.paths if p.kind.many and isinstance(p.kind.base, type)]
        if optional and self.chance(3):
            path = self.pick(optional)
            return f"(has({path}) && {self.expression('BOOL', depth - 1)})"
        if not lists:
            return self.expression("BOOL", 0)
        chosen, before = self.pick(lists), list(self.paths)
        name = f"x{depth}"
        inside = self._below(name, fields_of(chosen.kind.base), 1)
        unsure = {p.text for p in inside if p.kind.optional}
        sure = [p for p in inside if not any(p.text == u or p.text.startswith(f"{u}.") for u in unsure)]
        self.paths = before + (inside if self.slips("absent") else sure) * 2
        said = self.expression("BOOL", depth - 1)
        maybe = [p for p in inside if p.kind.optional and p.kind.base == "STRING"]
        if maybe:
            path = self.pick(maybe).text
            said = f"(has({path}) && {path} == {self.expression('STRING', 0)} || {said})"
        self.paths = before
        macro = self.pick(("exists", "all", "exists_one"))
        if self.chance(3):
            return (
                f"{chosen.text}.filter({name}, {said}).size() > 0"
                if self.chance(2)
                else f"{chosen.text}.{macro}({name}, {said})"
            )
        return f"{chosen.text}.{macro}({name}, {said})"

    def condition(self) -> str:
        """An expression that is true or false."""
        return self.expression("INT" if self.slips("condition") else "BOOL")

    def parameter(self, annotation: Any) -> Any:
        """What a playbook writes for a parameter: a literal or `${…}`; None where it cannot be given."""
        kind = kind_of(annotation)
        tp, optional, ident = bare(annotation)
        if kind is not None and kind.base in LITERALS and kind.base != "STRING" and self.slips("type"):
            return "${" + self.expression("STRING", 1) + "}"
        if kind is not None and kind.choices and self.slips("choice"):
            return "${" + self.expression("STRING", 1) + "}"
        if kind is not None and kind.base in {"INT", "BOOL", "TIMESTAMP"} and not kind.many and self.slips("literal"):
            return "a word"
        if kind is None:
            return None if optional else "impossible"
        fitting = [
            p.text for p in self.paths
            if p.kind.base == kind.base and p.kind.many == kind.many and (not ident or p.kind.ident == ident)
            and bool(kind.choices) == bool(p.kind.choices)
        ]  # fmt: skip
        if fitting and (self.chance(2) or not isinstance(kind.base, str) or kind.secret):
            return "${" + self.pick(fitting) + "}"
        if not isinstance(kind.base, str) or kind.secret or (kind.many and kind.base != "STRING"):
            return None if optional else "impossible"
        if kind.choices:
            return self.pick(sorted(kind.choices))
        if kind.many:
            return "${" + self.expression("LIST", 2) + "}"
        if kind.base == "STRING" and self.chance(3):
            return f"n ${{{self.expression('INT', 1)}}} and ${{{self.expression('TIMESTAMP', 1)}}} $${{x}}"
        if self.chance(3) and kind.base in {"INT", "BOOL"}:
            return self.pick((True, False) if tp is bool else (0, 5))
        return "${" + self.expression(kind.base, 2) + "}"


def _quoted(value: Any) -> str:
    """A value as YAML: whatever has quotes in it, in quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _line(keys: dict[str, Any]) -> str:
    parts = []
    for key, value in keys.items():
        if isinstance(value, dict):
            parts.append(f"{key}: {{{', '.join(f'{k}: {_quoted(v)}' for k, v in value.items())}}}")
        else:
            parts.append(f"{key}: {_quoted(value)}")
    return f"  - {{{', '.join(parts)}}}\n"


INPUT_TYPES = {
    "text": str,
    "time": AwareDatetime,
    "secret": Secret,
    "list of text": list[str],
    "w.a": AId,
    "list of w.a": list[AId],
}


@st.composite
def worlds(draw: Any, slip: str = "") -> World:
    """One world: without a mistake, or with this one, or in half of them with any."""
    make = Maker(draw, slip or draw(st.sampled_from(("", "any"))))
    foothold, org, alert = make.model(0), create_model("Org", addresses=(list[str], ...)), make.model(1)
    entries = [Entry("isolate.identity", "macro", Nothing, output=Cut, layer="identity", needs_integration=True)]
    for n in range(draw(st.integers(1, 2))):
        entries.append(Entry(f"w.act{n}", "action", make.model(0, "p"), output=make.model(1, "o"), system="w"))
        entries.append(Entry(f"w.look{n}", "look", make.model(0, "p"), output=make.model(1, "o"), system="w"))
        entries.append(Entry(f"w.find{n}", "find", make.model(0, "p"), item=make.model(1, "i"), system="w"))
    catalogue = Catalogue(
        entries={e.name: e for e in entries}, footholds={"w": foothold}, input_types={"w.a": AId}, org=org, alert=alert,
    )  # fmt: skip
    inputs = {f"in{n}": make.pick(INPUT_TYPES) for n in range(draw(st.integers(0, 4)))}
    given = {name: (INPUT_TYPES[tp], ...) for name, tp in inputs.items()}
    shown = create_model(
        "Shown", given=(create_model("Int", __base__=GivenIntegration, w=(foothold, ...)), ...), **given
    )
    make.paths = [
        *make.named("inputs", shown), *make.named("incident", Incident), *make.named("run", RunInfo), Path("org.addresses", Kind("STRING", many=True)),
    ]  # fmt: skip
    head = "playbook: any\ntitle: t\nbreaks: b\ndoes_not: d\ninputs:\n  given: {type: integration, has: [w]}\n"
    head += "".join(f"  {name}: {{type: {tp}}}\n" for name, tp in inputs.items())
    before, make.paths = make.paths, make.named("alert", alert)
    trigger = {"alert": "s", "when": make.condition()}
    texts = [p.text for p in make.paths if p.kind.base == "STRING" and not p.kind.many]
    if texts:
        trigger["with"] = {"given": "${" + make.pick(texts) + "}"}
    head += "triggers:\n" + _line(trigger)
    make.paths = before
    steps, states, items = [], {}, {}
    for n in range(draw(st.integers(1, 3))):
        steps.append(step := _step(make, entries, f"s{n}", items))
        states[f"s{n}"] = _state(make, catalogue.entries.get(step.get("uses", "")), step)
    text = head + "contain:\n" + "".join(_line({k: v for k, v in s.items() if k != "item"}) for s in steps)
    found = shown.model_construct(**{name: make.value(i.annotation) for name, i in shown.model_fields.items()})
    # What is given was read as strictly as inputs are: lists and texts are not empty, and all is there.
    values = Values(
        inputs=found,
        incident=Incident.model_construct(**{n: make.value(i.annotation) for n, i in Incident.model_fields.items()}),
        run=RunInfo.model_construct(**{n: make.value(i.annotation) for n, i in RunInfo.model_fields.items()}),
        steps=states, org=org(addresses=["192.0.2.1"]), secrets=make.secrets,
    )  # fmt: skip
    return World(catalogue, text, steps, values, items, make.value(alert), secrets=make.secrets)


def _step(make: Maker, entries: list[Entry], name: str, items: dict[str, list[Any]]) -> dict[str, Any]:
    if make.chance(6):
        step = {
            "id": name,
            "manual": f"do ${{{make.expression('STRING')}}} at ${{{make.expression('TIMESTAMP', 1)}}}",
            "undo_by": "undo it",
        }
        step["if"] = make.condition()
        make.paths += _states(f"steps.{name}")
        return step
    entry = make.pick(entries)
    step: dict[str, Any] = {"id": name, "uses": entry.name, "if": make.condition()}
    lists = [p for p in make.paths if p.kind.many and p.text.startswith(("steps.", "inputs.")) and "." in p.text]
    before = list(make.paths)
    if lists and entry.kind == "action" and make.chance(2):
        chosen = make.pick(lists)
        step["for_each"] = chosen.text
        if isinstance(chosen.kind.base, str):
            make.paths.append(Path("item", chosen.kind.each))
            annotation = {"STRING": str, "INT": int}.get(chosen.kind.base, str)
        else:
            make.paths += make._below("item", fields_of(chosen.kind.base), 1)
            annotation = chosen.kind.base
        items[name] = [make.value(annotation) for _ in range(2)]
        step["where"] = make.condition()
    given = {field: make.parameter(info.annotation) for field, info in entry.params.model_fields.items()}
    given = {field: value for field, value in given.items() if value is not None}
    if given:
        step["with"] = given
    make.paths = before
    make.paths += _states(f"steps.{name}")
    if "for_each" not in step:
        make.paths += make.named(f"steps.{name}", entry.output)
    if entry.item is not None:
        make.paths.append(Path(f"steps.{name}.items", Kind(entry.item, many=True)))
    return step


def _states(root: str) -> list[Path]:
    return [
        Path(f"{root}.open", Kind("BOOL")), Path(f"{root}.failed", Kind("BOOL")), Path(f"{root}.skipped", Kind("BOOL")),
        Path(f"{root}.effective", Kind("INT")), Path(f"{root}.ended", Kind("TIMESTAMP", optional=True)),
    ]  # fmt: skip


def _state(make: Maker, entry: Entry | None, step: dict[str, Any]) -> StepValue:
    """A step that is open, failed, skipped, or has results."""
    output = items = None
    if entry is not None and make.draw(st.booleans()):
        output = None if "for_each" in step else make.value(entry.output)
        items = [make.value(entry.item) for _ in range(make.draw(st.integers(0, 2)))] if entry.item else None
    return StepValue(
        open=make.draw(st.booleans()), failed=make.chance(5), skipped=make.chance(5), effective=make.pick((0, 3)),
        ended=make.pick((None, NOW)), output=output, items=items or (),
    )  # fmt: skip
