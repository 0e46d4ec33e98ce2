"""What is there in a case: things as its `seen` says, changed by what is sent. Knows connectors' types, and no provider."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from connectors.core import Find, Look, Params, Secret, State
from connectors.core.model import key_of
from engine.registry import Registry
from engine.trial.case import Fault, Told
from language.errors import Report, nearest

MOST_TRIES = 5_000
"""States that are tried to find the one in which an action's goal holds."""


@dataclass
class Thing:
    """One thing that can be seen; `state` None: it is gone."""

    look: Look[Any, Any]
    fields: Mapping[str, Any]
    state: State | None
    of: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Its name among the things of its look."""
        return ",".join(
            value.fingerprint if isinstance(value := self.fields[name], Secret) else str(value)
            for name in self.look.identifies
        )


@dataclass
class World:
    """All things of a case, and what was asked for and is not there."""

    things: dict[tuple[str, str], Thing] = field(default_factory=dict)
    by_hand: dict[str, list[Thing]] = field(default_factory=dict)
    listed: dict[str, list[Thing]] = field(default_factory=dict)
    missed: dict[str, None] = field(default_factory=dict)

    def look(self, look: Look[Any, Any], p: Params) -> State | None:
        """What a look shows now; None: there is no such thing."""
        key = key_of(p, look.identifies)
        thing = self.things.get((look.name, key))
        if thing is None:
            self.missed[f"{look.name} was asked for {key}, which `seen` does not show"] = None
        return thing.state if thing is not None else None

    def pairs(self, find: Find[Any, Any], p: Params) -> Iterator[tuple[Params, State]]:
        """What a find lists now: all that its part of `seen` holds and this selector does not leave out."""
        asked = {name: getattr(p, name) for name in type(p).model_fields}
        for thing in self.listed.get(find.name, ()):
            if thing.state is not None and all(asked.get(name, value) == value for name, value in thing.of.items()):
                named = {name: thing.fields[name] for name in find.of.params.model_fields}
                yield find.of.params.model_validate(named), thing.state


def world_of(told: Told, found: Registry, report: Report) -> World:
    """Make the world of a case. What does not fit a look's types is reported with its place."""
    world = World()
    for find, shown in _things(told, ("seen",), told.case.seen, found, report):
        thing = world.things.setdefault((shown.look.name, shown.key), shown)
        if find is not None:
            world.listed.setdefault(find.name, []).append(thing)
    for step, hand in told.case.hands.items():
        if isinstance(hand, dict):
            world.by_hand[step] = [thing for _, thing in _things(told, ("hands", step), hand, found, report)]
    return world


Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def _things(
    told: Told, key: tuple[str, ...], shown: Rows, found: Registry, report: Report
) -> Iterator[tuple[Find[Any, Any] | None, Thing]]:
    for name, rows in shown.items():
        find = found.finds.get(name)
        look = find.of if find is not None else found.looks.get(name)
        if look is None:
            known = [*found.looks, *found.finds]
            report.add("seen", told.place(*key, name), f"no look or find '{name}'{nearest(name, known)}")
            continue
        for at, row in enumerate(rows):
            if (thing := _thing(told, (*key, name, at), row, look, find, report)) is not None:
                yield find, thing


def _thing(
    told: Told, key: tuple[str | int, ...], row: Mapping[str, Any], look: Look[Any, Any], find: Find[Any, Any] | None,
    report: Report,
) -> Thing | None:  # fmt: skip
    name = find.name if find is not None else look.name
    given = dict(row)
    of = given.pop("of", {}) if find is not None else {}
    params, state = look.params.model_fields, look.state.model_fields
    place = told.place(*key)
    problems = [
        (told.place(*key, one), f"{name} shows no '{one}'{nearest(one, {*params, *state})}")
        for one in sorted(given.keys() - params.keys() - state.keys())
    ]
    named = params if find is not None else look.identifies
    problems += [(place, f"'{one}' is missing: it names what {name} shows") for one in named if one not in given]
    if not isinstance(of, dict):
        problems.append((place, "of: the fields of the selector that lists it"))
    fields: dict[str, Any] = {}
    for one in params.keys() & given.keys():
        try:
            fields[one] = _param(params[one].annotation, given[one])
        except (ValidationError, ValueError) as error:
            problems.append((told.place(*key, one), f"{one}: {_said(error)}"))
    try:
        seen = look.state.model_validate(_unsaid(look.state) | {k: v for k, v in given.items() if k in state})
    except ValidationError as error:
        for bad in error.errors(include_url=False, include_input=False):
            field_ = ".".join(map(str, bad["loc"]))
            missing = f"'{field_}' is missing: it is what {name} shows"
            said = missing if bad["type"] == "missing" else f"{field_}: {bad['msg']}"
            problems.append((told.place(*key, *bad["loc"][:1]), said))
    for where, said in problems:
        report.add("seen", where, said)
    return None if problems else Thing(look, fields, seen, of)


def _param(annotation: Any, value: Any) -> Any:
    if annotation is Secret:
        return Secret(str(value))
    return TypeAdapter(annotation).validate_python(value)


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(str(one["msg"]) for one in error.errors(include_url=False, include_input=False))
    return str(error)


def _unsaid(state: type[State]) -> dict[str, Any]:
    """What a case need not say of a thing: fields that take no part in what an action decides."""
    empty: dict[str, Any] = {}
    for name, info in state.model_fields.items():
        if info.is_required() and "volatile" in info.metadata:
            empty[name] = _empty(info.annotation)
    return empty


def blank(state: type[State]) -> State:
    """A state with nothing in it: where every field is required, the emptiest of its values."""
    needed = {name: _empty(info.annotation) for name, info in state.model_fields.items() if info.is_required()}
    return state.model_validate(needed)


def _empty(annotation: Any) -> Any:
    annotation = _kinds(annotation)[0]
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    kind = get_origin(annotation) or annotation
    plain: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False, dict: {}, list: [], tuple: ()}
    return plain.get(kind)


def goal(
    state: State, hints: Iterable[Mapping[str, Any]], holds: Callable[[Any], bool], change: Mapping[str, Any] | None
) -> State | None:
    """The state nearest to this one in which a goal holds; None where none was found.

    `hints`: fields that the calls or the parameters name. `change`: what the case says that becomes of it.
    """
    if change is not None:
        return type(state).model_validate({**state.model_dump(), **change})
    for tried, candidate in enumerate(_candidates(state, list(hints))):
        if tried > MOST_TRIES:
            break
        try:
            made = type(state).model_validate(state.model_dump() | candidate)
        except ValidationError:
            continue
        if holds(made):
            return made
    return None


def _candidates(state: State, hints: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    names = list(type(state).model_fields)
    for hint in hints:
        if named := {name: hint[name] for name in names if name in hint}:
            yield named
    options = {name: list(_options(state, name, hints)) for name in names}
    for many in (1, 2, 3):
        for chosen in combinations(names, many):
            for values in product(*(options[name] for name in chosen)):
                yield dict(zip(chosen, values, strict=True))


def _options(state: State, name: str, hints: list[Mapping[str, Any]]) -> Iterator[Any]:
    yield from (hint[name] for hint in hints if name in hint)
    now, annotation = getattr(state, name), type(state).model_fields[name].annotation
    for one in _kinds(annotation):
        if one is bool:
            yield not now
        elif get_origin(one) is Literal:
            yield from (choice for choice in get_args(one) if choice != now)
        elif (get_origin(one) or one) in {tuple, list}:
            yield () if now else ("example",)
        elif one is type(None):
            yield None


def _kinds(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [annotation]


def hints_of(body: Any, params: BaseModel) -> list[Mapping[str, Any]]:
    """What a call's body and an action's parameters say of how things should become."""
    named = {name: getattr(params, name) for name in type(params).model_fields}
    return [*([body] if isinstance(body, Mapping) else []), named]


@dataclass
class Faults:
    """The faults of a case, each as often as it says."""

    faults: Sequence[Fault]
    left: dict[int, int] = field(default_factory=dict)

    def next(self, names: frozenset[str], target: str) -> Fault | None:
        """The fault of a request that goes by any of these names, used up by one."""
        for number, fault in enumerate(self.faults):
            if fault.at not in names or not _meant(fault, target):
                continue
            left = self.left.get(number, fault.times if fault.times is not None else -1)
            if left == 0:
                continue
            self.left[number] = left - 1
            return fault
        return None

    def unused(self) -> list[int]:
        """Which of them never came to pass."""
        return [number for number in range(len(self.faults)) if number not in self.left]


def _meant(fault: Fault, target: str) -> bool:
    """Whether a fault is about this target; one that is a secret goes by its fingerprint, and is written in clear."""
    return fault.target is None or target in {fault.target, Secret(fault.target).fingerprint}
