"""The JSON Schema of playbooks, for editors: every key with its description, every action with its parameters.

It is made of the very models that check a playbook, so an editor never offers what the check refuses. It cannot know
names, types of expressions and order: those are for the check.
"""

import copy
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError

from language.catalogue import Catalogue, Entry
from language.inputs import input_types
from language.kinds import kind_of
from language.model import KINDS, PHASES, STEP_KEYS, Guardrails, Input, Kind, Playbook, Step, Trigger
from language.spelling import ID
from language.subs import PREFIX

Schema = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"
_HOLE: Schema = {"type": "string", "pattern": r"\$\{", "description": "An expression: ${…}."}
_KIND_SAID: Mapping[Kind, str] = {
    "uses": "An action, find, look, message or macro, or another playbook.",
    "manual": "What a named person does.",
    "approve": "The wall: what stands below waits for an approval.",
    "watch": "Looks on, and closes again what is switched on again.",
    "undo": "Gives back what was clean.",
}


def schema_of(catalogue: Catalogue) -> Schema:
    """Make the schema of playbooks that may use what is in the catalogue."""
    top = _object(Playbook)
    for phase in PHASES:
        said = top["properties"][phase]["description"]
        top["properties"][phase] = {
            "type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}, "description": said,
        }  # fmt: skip
    given = _object(Input)
    given["properties"]["type"]["enum"] = sorted([*input_types(catalogue), "integration"])
    given["properties"]["has"]["items"] = {"enum": sorted(catalogue.footholds)}
    parts = (("inputs", given), ("guardrails", _object(Guardrails)), ("triggers", _object(Trigger)))
    for name, _ in parts:
        said = top["properties"][name]["description"]
        shape: Schema = {"$ref": f"#/definitions/{name}"}
        if name == "inputs":
            shape = {"type": "object", "propertyNames": {"pattern": f"^{ID}$"}, "additionalProperties": shape}
        elif name == "triggers":
            shape = {"type": "array", "items": shape}
        top["properties"][name] = {"description": said, **shape} if "$ref" not in shape else shape
    steps = {f"step_{kind}": _step(kind) for kind in KINDS}
    steps["step_uses"] |= _uses(catalogue)
    step = {
        "type": "object",
        "description": "A step is exactly one of uses, manual, approve, watch and undo.",
        "oneOf": [{"$ref": f"#/definitions/step_{kind}"} for kind in KINDS],
    }
    return {
        "$schema": DIALECT,
        "title": "A playbook of Ringfence",
        **top,
        "definitions": {**dict(parts), "step": step, **steps},
    }


def _object(model: type[BaseModel]) -> Schema:
    """A model as a schema by itself, without what only pydantic needs to know."""
    made = flat(model.model_json_schema(by_alias=True))
    return {
        "type": "object",
        "description": inspect.getdoc(model) or "",
        "properties": made["properties"],
        "required": made.get("required", []),
        "additionalProperties": False,
    }


def _step(kind: Kind) -> Schema:
    properties = _object(Step)["properties"]
    shown = {key: properties[key] for key in sorted(STEP_KEYS[kind], key=list(properties).index)}
    if kind == "undo":
        shown["undo"] |= {"anyOf": [{"enum": [p for p in PHASES if p != "recover"]}, {"pattern": f"^{ID}$"}]}
    return {
        "type": "object",
        "description": _KIND_SAID[kind],
        "properties": shown,
        "required": [kind],
        "additionalProperties": False,
    }


def _uses(catalogue: Catalogue) -> Schema:
    """What a step may use, and for each what its `with:` takes."""
    entries = sorted(catalogue.entries.values(), key=lambda e: e.name)
    said = _object(Step)["properties"]["uses"]["description"]
    names: list[Schema] = [{"const": entry.name, "description": _about(entry)} for entry in entries]
    names.append({"pattern": rf"^{PREFIX.replace('.', '[.]')}{ID}$", "description": "Another playbook's contain."})
    uses = {"type": "string", "description": said, "anyOf": names}
    properties = _step("uses")["properties"] | {"uses": uses}
    return {"properties": properties, "allOf": [_with(entry) for entry in entries]}


def _about(entry: Entry) -> str:
    what = entry.kind if entry.kind != "action" else "hold" if entry.undoable else "cut, below the wall only"
    layer = f", {entry.layer} layer" if entry.layer and entry.kind in {"action", "macro"} else ""
    return f"{what}{layer}. {entry.doc}".strip()


def _with(entry: Entry) -> Schema:
    parameters: Schema = {
        "type": "object",
        "description": (inspect.getdoc(entry.params) or entry.doc) if entry.params.model_fields else "Takes none.",
        "properties": {},
        "additionalProperties": False,
    }
    required = []
    for name, info in entry.params.model_fields.items():
        value = _value(info.rebuild_annotation())
        said = info.description or parameters["description"].partition("\n")[0]
        parameters["properties"][name] = {"description": said, **value}
        required += [name] if info.is_required() else []
    then: Schema = {"properties": {"with": parameters | ({"required": required} if required else {})}}
    if required:
        then["required"] = ["with"]
    return {"if": {"properties": {"uses": {"const": entry.name}}, "required": ["uses"]}, "then": then}


def _value(annotation: Any) -> Schema:
    """A parameter's own type, or an expression that gives it."""
    kind = kind_of(annotation)
    if kind is not None and kind.secret and not kind.many:
        return {**_HOLE, "description": "A secret: ${inputs.…} of an input of type secret."}
    try:
        made = TypeAdapter(annotation).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError):
        return dict(_HOLE)
    return _open(flat(made))


def _open(schema: Schema) -> Schema:
    """Let `${…}` stand wherever a value may."""
    inner = copy.deepcopy(schema)
    if isinstance(inner.get("items"), dict):
        inner["items"] = _open(inner["items"])
    if isinstance(inner.get("properties"), dict):
        inner["properties"] = {name: _open(part) for name, part in inner["properties"].items()}
    free_text = inner.get("type") == "string" and not inner.keys() & {"enum", "const", "pattern", "format", "maxLength"}
    return inner if free_text or not inner else {"anyOf": [inner, _HOLE]}


def flat(schema: Schema) -> Schema:
    """A schema without references, null alternatives, titles and defaults."""
    named = schema.get("$defs", {})

    def walk(node: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [walk(part, inside) for part in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = str(node["$ref"]).rpartition("/")[2]
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return {} if name in inside else walk(named[name] | rest, (*inside, name))
        kept = {key: walk(value, inside) for key, value in node.items() if key not in {"$defs", "title", "default"}}
        if "properties" in node:  # there, `title` and `default` are names of fields
            kept["properties"] = {name: walk(part, inside) for name, part in node["properties"].items()}
        return _without_null(kept)

    found: Schema = walk(schema, ())
    return found


def _without_null(node: Schema) -> Schema:
    options: Iterable[Schema] = node.get("anyOf", ())
    left = [option for option in options if option != {"type": "null"}]
    if "anyOf" not in node or len(left) == len(list(node["anyOf"])):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**left[0], **rest} if len(left) == 1 else {**rest, "anyOf": left}
