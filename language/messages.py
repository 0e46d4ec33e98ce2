"""Message types for CEL, made from pydantic models, and values put into them.

Types exist per playbook: its inputs and its steps are messages of their own, so that a wrong name is found when the
file is checked. Only what an expression names is put into a message, since CEL copies all of it at every question.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    timestamp_pb2,
)
from google.protobuf.message import Message
from pydantic import BaseModel

from language.kinds import SECRET, Kind, fields_of
from language.values import Doubt, StepValue

Path = tuple[str, ...]
_PROTO = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "STRING": _PROTO.TYPE_STRING,
    "INT": _PROTO.TYPE_INT64,
    "BOOL": _PROTO.TYPE_BOOL,
    "DOUBLE": _PROTO.TYPE_DOUBLE,
}
_WELL_KNOWN = {"TIMESTAMP": ".google.protobuf.Timestamp", "DURATION": ".google.protobuf.Duration"}
_STATES = {
    "open": Kind("BOOL"),
    "failed": Kind("BOOL"),
    "skipped": Kind("BOOL"),
    "effective": Kind("INT"),
    "ended": Kind("TIMESTAMP", optional=True),
}


class Unreadable(Exception):
    """A value is not of the type that its model promised."""


def child(value: object, name: str) -> object:
    """Take one field of a value, or one step of all of them."""
    if isinstance(value, StepValue):
        if name in _STATES or name == "items":
            return getattr(value, name)
        return getattr(value.output, name, None)
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, name, None)


class Messages:
    """The message types of one playbook."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, Kind]] = {SECRET: {"handle": Kind("STRING")}}
        self._names: dict[type[BaseModel], str] = {}
        self._pool: Any = None
        self._classes: dict[str, type[Message]] = {}

    def name(self, kind: Kind) -> str:
        """Return CEL's name of a kind."""
        base = kind.base if isinstance(kind.base, str) else self.model(kind.base)
        return f"LIST<{base}>" if kind.many else base

    def known(self, kind: Kind) -> str:
        """Return CEL's name of a kind, or one that nothing has when no value of it can be reached."""
        base = kind.base if isinstance(kind.base, str) else self._names.get(kind.base, kind.base.__name__)
        return f"LIST<{base}>" if kind.many else base

    def model(self, model: type[BaseModel]) -> str:
        """Make a message type of a model, and of all models in it."""
        if model not in self._names:
            name = "rf." + re.sub(r"\W", "_", model.__name__)
            # Steps are messages as well, and are found by their names.
            name = name.replace("rf.Step", "rf.M_Step", 1)
            while name in self.fields:
                name += "_"
            self._names[model] = name
            self.message(name, fields_of(model))
        return self._names[model]

    def message(self, name: str, fields: dict[str, Kind]) -> str:
        """Make a message type of fields."""
        if self._pool is not None:
            raise RuntimeError("the message types are closed")
        self.fields[name] = fields
        for kind in fields.values():
            self.name(kind)
        return name

    def step(self, step_id: str, output: Mapping[str, Kind], items: Kind | None) -> str:
        """Make the message type of one step."""
        held = {"items": items} if items else {}
        return self.message(f"rf.Step_{step_id}", {**_STATES, **output, **held})

    def steps(self, names: Mapping[str, str]) -> str:
        """Make the message that holds all steps; its fields are messages by name."""
        return self.message("rf.Steps", {step_id: Kind(name) for step_id, name in names.items()})

    @property
    def pool(self) -> Any:
        """The types as CEL wants them. No type can be added afterwards."""
        if self._pool is None:
            file = descriptor_pb2.FileDescriptorProto(name="rf.proto", package="rf", syntax="proto3")
            file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/duration.proto"])
            for name, fields in self.fields.items():
                self._declare(file.message_type.add(name=name.removeprefix("rf.")), fields)
            self._pool = descriptor_pool.DescriptorPool()
            for known in (timestamp_pb2, duration_pb2):
                self._pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
            self._pool.Add(file)
        return self._pool

    def _declare(self, into: descriptor_pb2.DescriptorProto, fields: Mapping[str, Kind]) -> None:
        for number, (name, kind) in enumerate(fields.items(), 1):
            label = _PROTO.LABEL_REPEATED if kind.many else _PROTO.LABEL_OPTIONAL
            field = into.field.add(name=name, number=number, label=label)
            base = self.name(Kind(kind.base))
            if base in _SCALARS:
                field.type = _SCALARS[base]
                if kind.optional:
                    field.proto3_optional = True
                    field.oneof_index = len(into.oneof_decl)
                    into.oneof_decl.add(name=f"_{name}")
            else:
                field.type = _PROTO.TYPE_MESSAGE
                field.type_name = _WELL_KNOWN.get(base, f".{base}")

    def build(self, name: str, value: object, paths: Iterable[Path]) -> Message:
        """Put into a message what the paths name below a value; an empty path names all of it."""
        if name not in self._classes:
            descriptor = self.pool.FindMessageTypeByName(name)
            self._classes[name] = message_factory.GetMessageClass(descriptor)
        message = self._classes[name]()
        self._into(message, name, value, paths)
        return message

    def _into(self, message: Any, name: str, value: object, paths: Iterable[Path]) -> None:
        # Filled in place: a time of another descriptor pool is another type to protobuf, and could not be copied in.
        if name == "TIMESTAMP":
            if not isinstance(value, dt.datetime) or value.tzinfo is None:
                raise Unreadable("a time without its zone")
            message.FromDatetime(value.astimezone(dt.UTC))
        elif name == "DURATION":
            message.FromTimedelta(value)
        elif name == SECRET:
            message.handle = getattr(value, "fingerprint", "")
        else:
            wanted: dict[str, list[Path]] = {}
            for path in paths:
                for field in path[:1] or self.fields[name]:
                    wanted.setdefault(field, []).append(path[1:])
            for field, below in wanted.items():
                self._put(message, field, self.fields[name][field], child(value, field), below)

    def _put(self, message: Any, field: str, kind: Kind, value: object, below: list[Path]) -> None:
        if value is None:
            return  # absent: whoever asks without has() got a doubt before this
        name = self.name(Kind(kind.base))
        if name in _SCALARS and kind.many:
            getattr(message, field).extend([_scalar(v) for v in _sequence(value)])
        elif name in _SCALARS:
            setattr(message, field, _scalar(value))
        elif kind.many:
            for element in _sequence(value):
                self._into(getattr(message, field).add(), name, element, [()])
        else:
            getattr(message, field).SetInParent()
            self._into(getattr(message, field), name, value, below)

    def argument(self, kind: Kind, value: object, paths: Iterable[Path]) -> object:
        """Turn a value into what CEL takes for a variable."""
        name = self.name(Kind(kind.base))
        if name in _SCALARS or name in _WELL_KNOWN:
            return _scalar(value)
        return self.build(name, value, paths)

    def back(self, value: object, secrets: Mapping[str, object]) -> object:
        """Turn an answer of CEL into plain values; a secret's handle becomes the secret again."""
        if isinstance(value, list):
            return [self.back(v, secrets) for v in value]
        if not isinstance(value, Message):
            return value
        name = value.DESCRIPTOR.full_name
        if name == SECRET:
            handle = value.handle  # type: ignore[attr-defined]
            if handle not in secrets:
                raise Unreadable(f"the secret {handle or '(none)'} is not at hand")
            return secrets[handle]
        return {field: self._field_back(value, field, kind, secrets) for field, kind in self.fields[name].items()}

    def _field_back(self, value: Message, field: str, kind: Kind, secrets: Mapping[str, object]) -> object:
        if kind.optional and not value.HasField(field):
            return None
        inner = getattr(value, field)
        if kind.many:
            return [self.back(_well_known_back(v), secrets) for v in inner]
        return self.back(_well_known_back(inner), secrets)


def _well_known_back(value: Any) -> object:
    known = value.DESCRIPTOR.full_name if isinstance(value, Message) else ""
    if known == "google.protobuf.Timestamp":
        return value.ToDatetime(tzinfo=dt.UTC)
    if known == "google.protobuf.Duration":
        return value.ToTimedelta()
    return value


def _scalar(value: object) -> Any:
    return value.value if isinstance(value, Enum) else value


def _sequence(value: object) -> Sequence[object]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise Unreadable("not a list")
    return list(value)


def absent(root: object, path: Path, asked: frozenset[Path]) -> Doubt | None:
    """Walk a path through what is really there; a field that is not there is a doubt, unless has() was asked of it."""
    value = root
    for depth in range(1, len(path)):
        if isinstance(value, StepValue) and path[depth] not in _STATES:
            doubt = _unknown(value, ".".join(path[:depth]), path[depth])
            if doubt is not None:
                return doubt
        value = child(value, path[depth])
        if value is None:
            if path[: depth + 1] in asked:
                return None
            return Doubt(f"`{'.'.join(path[: depth + 1])}` is not known")
    return None


def _unknown(step: StepValue, name: str, field: str) -> Doubt | None:
    # An empty list from a find that failed would read as "nothing is left".
    why = "failed" if step.failed else "did not run" if step.skipped else ""
    if not why and field != "items" and step.output is None:
        why = "has no result yet"
    return Doubt(f"`{name}.{field}` is not known: the step {why}") if why else None
