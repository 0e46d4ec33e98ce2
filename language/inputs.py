"""What a responder gives: the type made of `inputs:`, and values read into it, all mistakes at once."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema, core_schema

from language.catalogue import Catalogue
from language.errors import BadInput, Report, nearest, short
from language.model import Input, Playbook
from language.shape import Shaped

Integrations = Callable[[str], Mapping[str, object]]
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:.*")
_MOST = 10_000


class AnySecret:
    """Stands for whatever class the house marks as a secret; the language itself holds none."""

    __ringfence_secret__ = True

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_secret)


def _secret(value: object) -> object:
    if not getattr(type(value), "__ringfence_secret__", False):
        # A text here would be a secret in shell history and in the journal.
        raise ValueError("must be a secret added with `ringfence secret add`, not text")
    return value


class GivenFoothold(BaseModel):
    """One way in of an integration; what names it at its system stands under `inputs.….SYSTEM` where `has` says so."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    system: str | None = None
    at: str | None = None


class GivenIntegration(BaseModel):
    """An integration as expressions see it; each playbook adds the systems that its input `has`."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str | None = None
    owner: str | None = None
    vendor: str | None = None
    addresses: list[str] = Field(default_factory=list)
    canary: AnySecret | None = None
    footholds: list[GivenFoothold] = Field(default_factory=list)


_Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
_TYPES: dict[str, Any] = {
    "text": _Text,
    "time": AwareDatetime,
    "secret": AnySecret,
    "list of text": Annotated[list[_Text], Field(min_length=1, max_length=_MOST)],
    "list of secret": Annotated[list[AnySecret], Field(min_length=1, max_length=_MOST)],
}


def input_types(catalogue: Catalogue) -> dict[str, Any]:
    """What an input may be, beside an integration."""
    lists = {f"list of {name}": list[tp] for name, tp in catalogue.input_types.items()}  # type: ignore[valid-type]
    return {**catalogue.input_types, **lists, **_TYPES}


def inputs_type(shaped: Shaped, catalogue: Catalogue, report: Report) -> type[BaseModel]:
    """Make the type of `inputs`; what is wrong is reported and left out."""
    types = input_types(catalogue)
    fields: dict[str, Any] = {}
    for name, given in shaped.playbook.inputs.items():
        if hasattr(BaseModel, name):  # `copy`, `json`: pydantic's own
            report.add("input_name", shaped.input_at(name), f"'{name}' is taken: give the input another name")
            continue
        if given.type == "integration":
            fields[name] = (_integration(name, given, shaped, catalogue, report), ...)
            if given.default is not None:
                report.add("default", shaped.input_at(name, "default"), "an integration is chosen, never assumed")
            continue
        if given.has:
            report.add("has", shaped.input_at(name, "has"), "only an input of type integration has systems")
        tp = types.get(given.type)
        if tp is None:
            hint = nearest(given.type, [*types, "integration"])
            report.add("input_type", shaped.input_at(name, "type"), f"no input type '{short(given.type)}'{hint}")
            tp = str
        elif given.default is not None:
            _default(name, given, tp, shaped, report)
        fields[name] = (tp, ...)
    return create_model("Inputs", __config__=ConfigDict(frozen=True, arbitrary_types_allowed=True), **fields)


def _default(name: str, given: Input, tp: object, shaped: Shaped, report: Report) -> None:
    place = shaped.input_at(name, "default")
    if given.type.endswith("secret"):
        report.add("default", place, "a secret has no default: it would stand in the file")
        return
    try:
        read_value(tp, given.default)
    except ValueError as error:
        report.add("default", place, f"default: {_said(error)}")


def _integration(name: str, given: Input, shaped: Shaped, catalogue: Catalogue, report: Report) -> type[BaseModel]:
    systems: dict[str, Any] = {}
    for system in given.has:
        if system not in catalogue.footholds:
            hint = nearest(system, catalogue.footholds)
            report.add("system", shaped.input_at(name, "has"), f"no system '{short(system)}'{hint}")
        else:
            systems[system] = (catalogue.footholds[system], ...)
    return create_model(f"Integration_{name}", __base__=GivenIntegration, **systems)


def parse(
    playbook: Playbook, model: type[BaseModel], raw: Mapping[str, object], integration: Integrations
) -> BaseModel:
    """Read what was given. Raises BadInput with everything that is wrong."""
    problems = [
        f"no input '{short(name)}'{nearest(name, playbook.inputs)}" for name in raw if name not in playbook.inputs
    ]
    values: dict[str, object] = {}
    for name, given in playbook.inputs.items():
        value = raw.get(name, given.default)
        if value is None or value in ("", []):
            problems.append(f"'{name}' is missing: {_wanted(given)}")
            continue
        try:
            values[name] = _value(model.model_fields[name].annotation, given, value, integration)
        except (ValueError, LookupError) as error:
            problems.append(f"{name}: {_said(error)}")
    if problems:
        raise BadInput(problems)
    return model.model_construct(None, **values)


def _wanted(given: Input) -> str:
    has = f" with {', '.join(given.has)}" if given.has else ""
    return f"give {given.type}{has}"


def _value(annotation: Any, given: Input, value: object, integration: Integrations) -> object:
    if given.type != "integration":
        tp = _TYPES.get(given.type, annotation)
        return read_value(tp, value)
    if not isinstance(value, str):
        raise ValueError("must be the id of an integration")  # noqa: TRY004  one kind of error is gathered
    found = integration(value)
    gone = [system for system in given.has if found.get(system) is None]
    if gone:
        raise ValueError(f"'{value}' has no {' and no '.join(gone)}, which this playbook needs")
    for system in given.has:
        if isinstance(several := found.get(system), list):
            raise ValueError(  # noqa: TRY004  one kind of error is gathered
                f"'{value}' has {len(several)} footholds at {system}, and this playbook works on exactly one: "
                f"choose another, or one that goes through all of them (for_each: inputs.….footholds)"
            )
    model: type[BaseModel] = annotation
    return model.model_validate({key: v for key, v in found.items() if key in model.model_fields})


def read_value(tp: Any, value: object) -> object:
    """Read as strictly as JSON is: `5` is no time, and `yes` is not true."""
    if tp is AwareDatetime and isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value
    if tp is AwareDatetime and not (isinstance(value, str) and _TIME.fullmatch(value)):
        raise ValueError("must be a time with its zone, as 2026-03-01T02:40:00Z")
    adapter: TypeAdapter[object] = TypeAdapter(tp)
    if _holds_secret(value):
        return adapter.validate_python(value)
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except TypeError:
        raise ValueError("is of a kind that cannot be given") from None


def _holds_secret(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_secret(v) for v in value)
    return bool(getattr(type(value), "__ringfence_secret__", False))


def _said(error: Exception) -> str:
    """Say what is wrong without showing the value: it may be a secret in the wrong field."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return "; ".join(
            f"{'.'.join(map(str, e['loc'])) + ': ' if e['loc'] else ''}{e['msg'].removeprefix('Value error, ')}"
            for e in found[:5]
        )
    return str(error.args[0]) if error.args else type(error).__name__
