"""Says what pydantic found wrong with a file of ours in the words of people, at its place. No value is shown: it may be
a secret; where a value helps, the requirement itself says it.
"""  # noqa: D205

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from language.complaints import plainly
from language.errors import Place, Report, nearest, short
from language.source import Items, Keys, Node

_KEY = "[key]"


def explain(root: Node, error: ValidationError, model: type[BaseModel], report: Report) -> None:
    """Report each mistake of a file that was read as `model`."""
    for mistake in error.errors(include_url=False, include_input=False):
        place, said = _said(root, mistake, model)
        report.add(mistake["type"], place, said)


def _said(root: Node, mistake: ErrorDetails, model: type[BaseModel]) -> tuple[Place, str]:
    place, node, name = root.place, root, ""
    last = str(mistake["loc"][-1]) if mistake["loc"] else ""
    for part in mistake["loc"]:
        if isinstance(node, Keys) and part in node.nodes:
            place, node, name = node.keys[str(part)], node.nodes[str(part)], short(str(part))
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.nodes):
            node = node.nodes[part]
            place, name = node.place, f"{name}[{part}]"
    match mistake["type"]:
        case "extra_forbidden":
            return place, f"unknown key '{short(last)}'{nearest(last, _keys_at(model, mistake['loc'][:-1]))}"
        case "missing":
            return place, f"'{short(last)}' is missing here"
        case _:
            shown = f"'{name}'" if last == _KEY else name
            said = plainly(mistake)
            return place, f"{shown}: {said}" if shown else said


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """The keys that may stand at a place of the file."""
    kind: Any = model
    for part in loc:
        kind = _inside(kind, part)
    found = _model_in(kind)
    return {field.alias or name for name, field in found.model_fields.items()} if found is not None else set()


def _inside(kind: Any, part: int | str) -> Any:
    model = _model_in(kind)
    if model is not None and isinstance(part, str):
        by_key = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        return by_key.get(part)
    parts = get_args(kind)
    if not parts:
        return None
    origin = get_origin(kind)
    return parts[1] if isinstance(origin, type) and issubclass(origin, Mapping) else parts[0]


def _model_in(kind: Any) -> type[BaseModel] | None:
    """A model, also where it is one of several or has something said beside it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    if get_origin(kind) in {Union, UnionType}:
        return next((found for part in get_args(kind) if (found := _model_in(part)) is not None), None)
    return None
