"""The JSON Schema of `integrations.yaml`, for editors: made of the very models that check it, and of what connectors know.

It cannot know which connections there are, nor what stands twice: `ringfence integrations lint` does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from connectors.core import Connector, Secret
from inventory.integrations.model import FootholdEntry, Integration, Integrations, OwnEntry
from inventory.integrations.spelling import MOST_NAME
from inventory.part import ID, Reference
from language.schema import DIALECT, flat

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MOST_NAME, "pattern": r"^\S(.*\S)?$"}
_ONE: Schema = {"anyOf": [_TEXT, {"type": ["integer", "boolean"]}]}
_NAME: Schema = {"anyOf": [_ONE, {"type": "array", "items": _ONE}]}


def schema_of(systems: Mapping[str, Connector]) -> Schema:
    """Make the schema. A foothold's further keys are offered as these systems know them."""
    named = _named(systems)
    foothold = _thing(FootholdEntry, named)
    for key in ("found", "sure"):
        foothold["properties"][key] = {"not": {}, "description": "Is written by discovery alone."}
    integration = _object(Integration)
    integration["properties"]["footholds"]["items"] = {"$ref": "#/definitions/foothold"}
    for part in (*integration["properties"].values(), *foothold["properties"].values()):
        if part.get("type") == "array" and "items" in part:
            part["uniqueItems"] = True
    top = _object(Integrations)
    top["properties"]["integrations"] = {
        "type": "object",
        "description": top["properties"]["integrations"]["description"],
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{ID}$"},
        "additionalProperties": {"$ref": "#/definitions/integration"},
    }
    top["properties"]["ours"]["items"] = {"$ref": "#/definitions/own"}
    own = _thing(OwnEntry, named) | {"minProperties": len(OwnEntry.model_fields) + 1}
    return {
        "$schema": DIALECT,
        "title": "Integrations, for Ringfence",
        **top,
        "minProperties": 1,
        "definitions": {"integration": integration, "foothold": foothold, "own": own},
    }


def _object(model: type[BaseModel]) -> Schema:
    made = flat(model.model_json_schema())
    description = (model.__doc__ or "").partition("\n")[0]
    return {
        "type": "object",
        "description": description,
        "properties": {name: dict(part) for name, part in made["properties"].items()},
        "required": made.get("required", []),
        "additionalProperties": False,
    }


def _thing(model: type[BaseModel], named: Mapping[str, Schema]) -> Schema:
    """What is named by further keys: those that connectors know are offered, others may stand there too."""
    made = _object(model)
    for key, part in named.items():
        made["properties"].setdefault(key, part)
    return made | {"propertyNames": {"pattern": f"^{ID}$"}, "additionalProperties": _NAME}


def _named(systems: Mapping[str, Connector]) -> dict[str, Schema]:
    of: dict[str, list[str]] = defaultdict(list)
    secret = set()
    for name, system in sorted(systems.items()):
        for kind, model in system.footholds.items():
            for key, field in model.model_fields.items():
                of[key].append(f"a {kind} at {name}")
                if field.annotation is Secret:
                    secret.add(key)
    reference = Reference.__metadata__[-1].json_schema  # type: ignore[attr-defined]
    return {
        key: {"description": f"Names {', '.join(whose)}.", **(reference if key in secret else _NAME)}
        for key, whose in sorted(of.items())
    }
