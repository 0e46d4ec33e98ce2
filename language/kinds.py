"""What a field of a pydantic model is to an expression: text, a number, a time, a message, a secret, or nothing.

A field that CEL cannot hold exactly (a mapping, a union, bytes) has no kind and is not offered to expressions at all.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import pydantic
from pydantic import BaseModel
from typing_extensions import TypeAliasType

SECRET = "rf.Secret"  # noqa: S105  a type's name
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable)
_TIMES = (dt.datetime, pydantic.AwareDatetime, pydantic.PastDatetime, pydantic.FutureDatetime)
_SCALARS: dict[type, str] = {bool: "BOOL", int: "INT", float: "DOUBLE", dt.timedelta: "DURATION"}

_WORDS = {
    "STRING": "text",
    "INT": "a whole number",
    "BOOL": "true or false",
    "DOUBLE": "a number",
    "TIMESTAMP": "a time",
    "DURATION": "a time span",
    "GOOGLE.PROTOBUF.TIMESTAMP": "a time",
    "GOOGLE.PROTOBUF.DURATION": "a time span",
    "NULL_TYPE": "null",
    "BYTES": "bytes",
    "UINT": "a whole number without a sign",
    "TYPE": "a type",
    "DYN": "of no fixed type",
    "NULL": "null",
    SECRET: "a secret",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value. `base` is CEL's own word, or the model that a message is made from."""

    base: str | type[BaseModel]
    many: bool = False
    optional: bool = False
    choices: frozenset[str] = frozenset()
    ident: str = ""

    @property
    def secret(self) -> bool:
        """Whether it may only be handed on whole."""
        return self.base == SECRET

    @property
    def each(self) -> "Kind":
        """What one element of a list is."""
        return Kind(self.base, choices=self.choices, ident=self.ident)


def is_secret(tp: object) -> bool:
    """Whether a type is marked as one that nothing may open."""
    return bool(getattr(tp, "__ringfence_secret__", False))


def bare(annotation: Any) -> tuple[Any, bool, str]:
    """Take the wrappers off an annotation: the type itself, whether it may be absent, and the name of its NewType."""
    optional, ident = False, ""
    while True:
        origin = get_origin(annotation)
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif origin is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            ident = ident or annotation.__name__
            annotation = annotation.__supertype__
        elif origin in {Union, UnionType} and type(None) in get_args(annotation):
            rest = tuple(a for a in get_args(annotation) if a is not type(None))
            optional = True
            annotation = rest[0] if len(rest) == 1 else Any
        else:
            return annotation, optional, ident


def kind_of(annotation: Any) -> Kind | None:
    """Say what expressions make of an annotation; None when they cannot hold it."""
    tp, optional, ident = bare(annotation)
    origin, args = get_origin(tp), get_args(tp)
    if origin in _LISTS and args and (origin is not tuple or args[1:] == (...,)):
        each = kind_of(args[0])
        # Protobuf's lists are never absent: a list that may be missing would read as an empty one.
        if each is None or each.many or each.optional or optional:
            return None
        return Kind(each.base, many=True, choices=each.choices, ident=each.ident)
    if origin is Literal:
        texts = frozenset(a for a in args if isinstance(a, str))
        return Kind("STRING", optional=optional, choices=texts) if len(texts) == len(args) else None
    if is_secret(tp):
        return Kind(SECRET, optional=optional)
    if not isinstance(tp, type):
        return None
    if tp in _TIMES or issubclass(tp, dt.datetime):
        return Kind("TIMESTAMP", optional=optional)
    if issubclass(tp, BaseModel):
        return Kind(tp, optional=optional)
    if issubclass(tp, Enum):
        texts = frozenset(m.value for m in tp if isinstance(m.value, str))
        return Kind("STRING", optional=optional, choices=texts) if len(texts) == len(tp) else None
    if issubclass(tp, str):
        return Kind("STRING", optional=optional, ident=ident)
    base = next((word for scalar, word in _SCALARS.items() if issubclass(tp, scalar)), None)
    return Kind(base, optional=optional, ident=ident) if base else None


def fields_of(model: type[BaseModel]) -> dict[str, Kind]:
    """Return what expressions may ask of a model. What is marked as sealed must not get into a condition or a text."""
    shown = {name: info for name, info in model.model_fields.items() if "sealed" not in info.metadata}
    found = {name: kind_of(info.annotation) for name, info in shown.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def words(cel_type: str) -> str:
    """Say CEL's type names as people would."""
    if cel_type.startswith("LIST<"):
        inner = words(cel_type[5:-1]).removeprefix("a ")
        return f"a list of {inner}"
    if cel_type.startswith("rf.Step"):
        return "a step" if cel_type.startswith("rf.Step_") else "all steps"
    return _WORDS.get(cel_type, _WORDS.get(cel_type.upper(), "a " + cel_type.removeprefix("rf.")))
