"""The two kinds of value that a connector declares: what it asks for (`Params`) and what it saw (`State`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo
from pydantic.functional_validators import AfterValidator

from connectors.core.secret import Secret

T = TypeVar("T")

Layer = Literal["identity", "application", "network", "data"]
"""The four speed bumps: when one cannot be closed, the next is."""

Family = Literal["blocks-reissue", "closes-path", "ends-sessions", "kills-refresh", "kills-access", "rotates"]
"""What an action does to a foothold. A foothold's kind says which of these it needs."""

FAMILIES: tuple[Family, ...] = get_args(Family)

_VOLATILE = "volatile"
_SEALED = "sealed"
_USED_AT = "used-at"
_USED_FROM = "used-from"
_PERSON = "person"
_PEOPLE = "people"

Volatile = Annotated[T, _VOLATILE]
"""A field kept for the next call (a version, a lock, a time) that takes no part in equality or hashes."""

Sealed = Annotated[T, _SEALED]
"""A field that may hold a name or a secret: ciphertext in the journal, with its SHA-256 in the clear."""

UsedAt = Annotated[T, _USED_AT]
"""When the thing was last used: RFC 3339 text, a time, or seconds since 1970; "", 0 or None where it is not known."""

UsedFrom = Annotated[T, _USED_FROM]
"""The address from which it was last used, or opened; "" where it is not known."""

Person = Annotated[T, _PERSON]
"""Whose it is: a login or id of a person there, or several; "" for nobody's. Plans and guardrails count them."""

People = Annotated[T, _PEOPLE]
"""For how many people it works, where the provider counts them and does not name them."""


class Grade(IntEnum):
    """How an effect is known, weakest first. `SAID` is never effective."""

    SAID = 0
    ATTESTED = 1
    QUIET = 2
    SEEN = 3
    TRIED = 4


def _as_path(value: str) -> str:
    if not value.startswith("/") or "//" in value or any(part in {".", ".."} for part in value.split("/")):
        raise ValueError("must be a path that starts with /, without //, . or .. in it")
    if any(mark in value for mark in "?#\\%{} ") or not value.isascii() or not value.isprintable():
        raise ValueError("must be a plain path: no query, fragment, escape or space")
    return value


UrlPath = Annotated[str, AfterValidator(_as_path)]
"""A whole path at the provider, from configuration; the only kind of value that a template takes in unescaped."""


def is_url_path(field: FieldInfo) -> bool:
    """Whether a model's field is such a path: nothing that a provider says may stand there."""
    return any(isinstance(mark, AfterValidator) and mark.func is _as_path for mark in field.metadata)


class Params(BaseModel):
    """What a look, find or action is asked about: names of things, and wanted values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def record(self) -> dict[str, Any]:
        """As the journal holds it: secrets as fingerprints, sealed fields (a message's text) as their SHA-256."""
        clear: dict[str, Any] = self.model_dump(mode="json")
        for name in _fields_marked(type(self), _SEALED):
            clear[name] = f"sha256:{hashlib.sha256(str(clear[name]).encode()).hexdigest()}"
        return clear


class State(BaseModel):
    """What was seen of one thing, as far as an action governs or needs it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What logs and errors may show: a sealed field stands as its SHA-256."""
        sealed = self._marked(_SEALED)
        for name, value in super().__repr_args__():
            yield name, f"sha256:{self._digest(name)}" if name in sealed else value

    @classmethod
    def _marked(cls, mark: str) -> frozenset[str]:
        return _fields_marked(cls, mark)

    @classmethod
    def sealed_fields(cls) -> frozenset[str]:
        """The fields that stand in the journal as ciphertext."""
        return cls._marked(_SEALED)

    def governed(self) -> dict[str, Any]:
        """The fields that count: what equality, drift and hashes are about. Sealed ones stand as their SHA-256."""
        volatile, sealed = self._marked(_VOLATILE), self._marked(_SEALED)
        shown = self.model_dump(mode="json", exclude=set(volatile | sealed))
        return shown | {name: self._digest(name) for name in sorted(sealed - volatile)}

    def record(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """The whole state as (clear JSON for the journal, {field: bytes to seal})."""
        clear = self.model_dump(mode="json", exclude=set(self._marked(_SEALED)))
        hidden = {name: self._bytes(name) for name in sorted(self._marked(_SEALED))}
        return clear | {name: f"sha256:{self._digest(name)}" for name in hidden}, hidden

    @classmethod
    def restore(cls, clear: dict[str, Any], hidden: dict[str, bytes]) -> Self:
        """The state that `record` took apart."""
        return cls.model_validate(clear | {name: orjson.loads(value) for name, value in hidden.items()})

    def _bytes(self, name: str) -> bytes:
        return orjson.dumps(self.model_dump(mode="json", include={name})[name], option=orjson.OPT_SORT_KEYS)

    def _digest(self, name: str) -> str:
        return hashlib.sha256(self._bytes(name)).hexdigest()


S = TypeVar("S", bound=State)


def used_at(of: BaseModel) -> list[Any]:
    """What the fields marked `UsedAt` hold, of a model or of several made into one."""
    return _marked_values(of, _USED_AT)


def used_from(of: BaseModel) -> list[str]:
    """The addresses in the fields marked `UsedFrom`."""
    return [str(value) for value in _marked_values(of, _USED_FROM)]


def persons(of: BaseModel) -> list[str]:
    """The people in the fields marked `Person`."""
    found: list[str] = []
    for value in _marked_values(of, _PERSON):
        found += [str(one) for one in value if one] if isinstance(value, list | tuple | frozenset) else [str(value)]
    return found


def people_counted(of: BaseModel) -> int:
    """How many people the fields marked `People` say at most; 0 without one."""
    return max((value for value in _marked_values(of, _PEOPLE) if isinstance(value, int)), default=0)


def person_fields(model: type[BaseModel]) -> frozenset[str]:
    """The names of the fields marked `Person`: to read them out of a record."""
    return _fields_marked(model, _PERSON)


def people_fields(model: type[BaseModel]) -> frozenset[str]:
    """The names of the fields marked `People`."""
    return _fields_marked(model, _PEOPLE)


def _marked_values(of: BaseModel, mark: str) -> list[Any]:
    found = (getattr(of, name, None) for name in sorted(_fields_marked(type(of), mark)))
    return [value for value in found if value]


@cache
def _fields_marked(model: type[BaseModel], mark: str) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if mark in field.metadata)


class NoState(State):
    """What is seen of a thing that cannot be looked at, such as a message that was sent."""


def key_of(params: Params, names: tuple[str, ...]) -> str:
    """The target's name inside a step: the values of the fields that identify it, secrets as fingerprints."""
    parts = []
    for name in names:
        value = getattr(params, name)
        parts.append(value.fingerprint if isinstance(value, Secret) else str(value))
    key = ",".join(parts)
    return key if len(key) <= 120 else f"{key[:96]}~{hashlib.sha256(key.encode()).hexdigest()[:16]}"
