"""Google's own descriptions of its APIs (discovery documents), in the form that tests/connectors/described.py reads.

They come with Google's client library for Python, whose files are read and whose code is not run:
`uv pip install --no-deps google-api-python-client==2.202.0`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.described import Description

NAMES = ("admin.directory_v1", "admin.reports_v1")


@cache
def google() -> Description:
    """What the Directory and the Reports API take and answer. Skips where the documents are not on this machine."""
    spec = find_spec("googleapiclient")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("Google's descriptions are not here: uv pip install --no-deps google-api-python-client==2.202.0")
    folder = Path(spec.submodule_search_locations[0]) / "discovery_cache" / "documents"
    made: dict[str, Any] = {"paths": {}, "schemas": {}}
    for name in NAMES:
        document = json.loads((folder / f"{name}.json").read_bytes())
        made["schemas"] |= {key: _schema(one) for key, one in document["schemas"].items()}
        for method in _methods(document["resources"]):
            path = "/" + method.get("flatPath", method["path"])
            made["paths"].setdefault(path, {})[method["httpMethod"].lower()] = _operation(
                method, document["parameters"]
            )
    return Description("google", made)


def _methods(resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in resources.values():
        found += [*one.get("methods", {}).values(), *_methods(one.get("resources", {}))]
    return found


def _operation(method: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": one.get("location", "query"),
            "required": one.get("required", False),
            "schema": _schema(one),
        }
        for name, one in {**common, **method.get("parameters", {})}.items()
    ]
    operation: dict[str, Any] = {
        "parameters": parameters,
        "responses": {"200": {}, "204": {}},
        "scopes": method["scopes"],
    }
    if "request" in method:
        operation["requestBody"] = {"content": {"application/json": {"schema": _schema(method["request"])}}}
    if "response" in method:
        operation["responses"]["200"] = {"content": {"application/json": {"schema": _schema(method["response"])}}}
    return operation


def _schema(part: Any) -> Any:
    """Google's dialect of JSON Schema: `any` is any, bounds are texts, references are bare names."""
    if isinstance(part, list):
        return [_schema(one) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        return {"$ref": f"#/schemas/{part['$ref']}"}
    kept = {"type", "properties", "items", "enum", "pattern", "minimum", "maximum", "additionalProperties"}
    made: dict[str, Any] = {}
    for name, one in part.items():
        if name == "properties":
            made[name] = {key: _schema(value) for key, value in one.items()}
        elif name in {"minimum", "maximum"}:
            made[name] = int(one)
        elif name in kept and not (name == "type" and one == "any"):
            made[name] = _schema(one)
    return made
