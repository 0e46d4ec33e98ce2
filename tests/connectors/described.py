"""Vendors' own API descriptions (../shared/openapi): is a call a valid request of its vendor, and what may it be answered?

    github = described("github")                      # skips the test, with the reason, where the descriptions are not
    github.check("PUT", "/orgs/acme/actions/permissions", json={"enabled_repositories": "none"})
    github.check_call(call)                            # the same for a Call
    github.check_answer("GET", "/orgs/acme/hooks/1", 200, body)    # may the vendor answer so? for fakes
    github.answers("GET", "/orgs/acme/hooks/1")        # [Example(status, name, json)], as the vendor wrote them

OpenAPI 3.0 and Swagger 2.0. Beside what the schemas demand, a query parameter or a field of a body that no description
names is a mistake: a vendor ignores it, and the call does something else than was meant. Headers are not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator, ValidationError, validators
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from connectors.core import Call
from connectors.core.call import veil

WHERE = Path(__file__).resolve().parents[3] / "shared" / "openapi"
BODIES = ("application/json", "application/merge-patch+json", "application/scim+json", "*/*")
FORM = "application/x-www-form-urlencoded"
CARRIED = frozenset({"token", "Authorization"})
"""Parameters that are our credential: the wire carries it, not the call."""
DEEP = 25
ITSELF = "urn:ringfence:description"


@dataclass(frozen=True)
class Example:
    """One answer as the vendor wrote it down."""

    status: int
    name: str
    json: Any


@dataclass(frozen=True)
class Operation:
    """One operation of a description, and what its path's holes were filled with."""

    method: str
    template: str
    spec: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    filled: Mapping[str, str]


@cache
def described(name: str) -> Description:
    """The description of that name, read once in a process. Skips where it is not on this machine."""
    file = WHERE / f"{name}.json"
    if not file.is_file():
        pytest.skip(f"the vendor's description {name}.json is not beside the checkout (../shared/openapi)")
    return Description(name, json.loads(file.read_bytes()))


class Description:
    """One vendor's description."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        self.name = name
        self.document = document
        self._of = [(re.compile(_pattern(path)), path, item) for path, item in document["paths"].items()]
        self._of.sort(key=lambda entry: entry[1].count("{"))  # /a/mine before /a/{any}
        schemas = _nullable(document)
        self._refs = Registry().with_resource(ITSELF, Resource(contents=schemas, specification=DRAFT4))

    def operation(self, method: str, path: str) -> Operation:
        """The operation that this request would be; AssertionError names the methods that the path has."""
        path = "/" + path.lstrip("/")
        methods: set[str] = set()
        for pattern, template, item in self._of:
            if (match := pattern.fullmatch(path)) is None:
                continue
            if method.lower() in item:
                spec = item[method.lower()]
                given = [self._resolved(one) for one in (*item.get("parameters", ()), *spec.get("parameters", ()))]
                names = re.findall(r"\{([^}]+)\}", template)
                filled = dict(zip(names, map(unquote, match.groups()), strict=True))
                return Operation(method, template, spec, tuple(given), filled)
            methods |= {one.upper() for one in item if one in {"get", "put", "post", "patch", "delete"}}
        known = f"it has {', '.join(sorted(methods))}" if methods else "it has no such path"
        raise AssertionError(f"{self.name}: {method} {path} is not described: {known}")

    def has(self, method: str, path: str) -> bool:
        """Whether this trimmed description has the operation at all."""
        try:
            self.operation(method, path)
        except AssertionError:
            return False
        return True

    def check(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, *, json: Any = None, form: Any = None
    ) -> Operation:
        """AssertionError with every mistake where this is no valid request of the vendor's."""
        operation = self.operation(method, path)
        mistakes = [*self._parameters(operation, dict(query or {})), *self._body(operation, json, form)]
        assert not mistakes, f"{self.name}: {method} {path} ({operation.template}): " + "; ".join(mistakes)
        return operation

    def check_call(self, call: Call) -> Operation:
        """`check` for a call, secrets as their fingerprints and marks as their names."""
        body = veil(call.body)
        return self.check(call.method, call.path, json=None if call.form else body, form=body if call.form else None)

    def answers(self, method: str, path: str) -> list[Example]:
        """The examples of an operation's answers, as the vendor wrote them."""
        return list(self._examples(self.operation(method, path).spec))

    def check_answer(self, method: str, path: str, status: int, body: Any = None) -> None:
        """AssertionError where the description has no such status there, or the body is of another shape."""
        responses = self.operation(method, path).spec["responses"]
        where = f"{self.name}: {method} {path} answering {status}"
        assert str(status) in responses or "default" in responses, f"{where}: described are {', '.join(responses)}"
        schema = _content(self._resolved(responses.get(str(status), responses.get("default")))).get("schema")
        mistakes = [] if schema is None or body is None else list(self._errors(schema, body, at="answer"))
        assert not mistakes, f"{where}: " + "; ".join(mistakes)

    def _parameters(self, operation: Operation, query: dict[str, Any]) -> Iterator[str]:
        named = {one["name"]: one for one in operation.parameters if one["in"] == "query"}
        for name in sorted(set(query) - set(named)):
            yield f"query {name} is not described (there are {', '.join(sorted(named)) or 'none'})"
        for name, one in named.items():
            if name in query:
                yield from self._errors(_schema_of(one), _typed(self._plain(one), query[name]), at=f"query {name}")
            elif one.get("required") and name not in CARRIED:
                yield f"query {name} is missing"
        for one in operation.parameters:
            if one["in"] == "path":
                value = _typed(self._plain(one), operation.filled.get(one["name"], ""))
                yield from self._errors(_schema_of(one), value, at=f"path {one['name']}")

    def _body(self, operation: Operation, body: Any, form: Any) -> Iterator[str]:
        schema, required, as_form = self._wanted(operation, form is not None)
        value = body if form is None else form
        if schema is None:
            if value is not None:
                yield f"a {'form' if form is not None else 'JSON'} body is not described"
            return
        if value is None:
            if required:
                yield "the body is missing"
            return
        if as_form:
            fields = self._fields(schema)[0]
            value = {name: _typed(self._flat(fields.get(name, {})), one) for name, one in value.items()}
        yield from self._errors(schema, value, at="body", strict=True)

    def _wanted(self, operation: Operation, form: bool) -> tuple[dict[str, Any] | None, bool, bool]:
        """The schema of the body, whether there must be one, and whether its values are a form's texts."""
        if "requestBody" in operation.spec:
            body = self._resolved(operation.spec["requestBody"])
            kinds = (FORM,) if form else BODIES
            found = next((body["content"][kind] for kind in kinds if kind in body["content"]), {})
            return found.get("schema"), bool(body.get("required")), form
        for one in operation.parameters:
            if one["in"] == "body" and not form:
                return one["schema"], bool(one.get("required")), False
        fields = {one["name"]: one for one in operation.parameters if one["in"] == "formData"}
        if not fields:
            return None, False, form
        must = [name for name, one in fields.items() if one.get("required") and name not in CARRIED]
        schema = {"type": "object", "properties": {name: _schema_of(one) for name, one in fields.items()}}
        return schema | ({"required": must} if must else {}), bool(must), True  # Slack takes a form as JSON as well

    def _errors(self, schema: Any, value: Any, *, at: str, strict: bool = False) -> Iterator[str]:
        checker = _Checker(_nullable(schema), registry=self._refs)
        for error in sorted(checker.iter_errors(value), key=lambda error: list(map(str, error.absolute_path))):
            yield f"{'.'.join(map(str, (at, *error.absolute_path)))}: {error.message[:200]}"
        if strict:
            yield from self._unnamed(schema, value, at, DEEP)

    def _unnamed(self, schema: Any, value: Any, at: str, deep: int) -> Iterator[str]:
        """Fields of a body that no description names, at any depth."""
        schema = self._flat(schema)
        if isinstance(value, list) and "items" in schema and deep:
            for n, one in enumerate(value):
                yield from self._unnamed(schema["items"], one, f"{at}.{n}", deep - 1)
        if not isinstance(value, dict):
            return
        fields, free = self._fields(schema)
        for name, one in value.items():
            if name in fields:
                if deep:
                    yield from self._unnamed(fields[name], one, f"{at}.{name}", deep - 1)
            elif fields and not free:
                yield f"{at}.{name} is not described (there are {', '.join(sorted(fields))})"

    def _fields(self, schema: Any, deep: int = DEEP) -> tuple[dict[str, Any], bool]:
        """The named fields of an object's schema with all that it is made of, and whether others are welcome."""
        schema = self._flat(schema)
        fields, free = dict(schema.get("properties", {})), bool(schema.get("additionalProperties"))
        for part in (part for word in ("allOf", "oneOf", "anyOf") for part in schema.get(word, ())):
            more, also_free = self._fields(part, deep - 1) if deep else ({}, True)
            fields, free = more | fields, free or also_free
        return fields, free

    def _flat(self, schema: Any) -> dict[str, Any]:
        return self._resolved(schema) if isinstance(schema, dict) else {}

    def _plain(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        return self._flat(_schema_of(parameter))

    def _resolved(self, part: Any) -> Any:
        while isinstance(part, dict) and isinstance(part.get("$ref"), str):
            target: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[unquote(name).replace("~1", "/").replace("~0", "~")]
            part = target
        return part

    def _examples(self, spec: Mapping[str, Any]) -> Iterator[Example]:
        for status, said in spec["responses"].items():
            if not status.isdigit():
                continue
            response = self._resolved(said)
            content = _content(response)
            named = {name: self._resolved(one).get("value") for name, one in content.get("examples", {}).items()}
            if "example" in content:
                named["example"] = content["example"]
            named |= response.get("examples", {})  # Swagger 2.0: by media type
            for name, value in named.items():
                yield Example(int(status), name, value)


def _content(response: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON part of an answer: OpenAPI has it by media type, Swagger at once."""
    content = response.get("content")
    if content is None:
        return {"schema": response["schema"]} if "schema" in response else {}
    return next((one for kind, one in content.items() if "json" in kind), {})


def _schema_of(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if "schema" in parameter:
        return parameter["schema"]
    keep = {"type", "format", "enum", "items", "minimum", "maximum", "pattern", "minLength", "maxLength"}  # Swagger 2.0
    return {name: value for name, value in parameter.items() if name in keep}


def _typed(schema: Mapping[str, Any], value: Any) -> Any:
    """A text of a URL or form as the schema's type; itself where it is none, which the schema then says."""
    parts = [schema, *(part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ()))]
    types = {part.get("type") for part in parts}
    if isinstance(value, str):
        if types & {"integer", "number"} and re.fullmatch(r"-?\d{1,30}", value):
            return int(value)
        if "boolean" in types and value in {"true", "false"}:
            return value == "true"
        if "array" in types:
            return value.split(",")
    elif "string" in types and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _pattern(template: str) -> str:
    return re.sub(r"\\\{[^}]+\\\}", "([^/]+)", re.escape(template))


def _nullable(part: Any) -> Any:
    """The same description with OpenAPI 3.0's `nullable` in JSON Schema's words, and references to the whole of it."""
    if isinstance(part, list):
        return [_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str):
        return {"$ref": ITSELF + reference}
    made = {name: _nullable(one) for name, one in part.items()}
    if made.get("nullable") is True or made.get("x-nullable") is True:
        made = {name: one for name, one in made.items() if name not in {"nullable", "x-nullable"}}
        return {"anyOf": [{"enum": [None]}, made]}
    return made


def _required(checker: Any, required: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """What the vendor fills in by itself is required of its answers, not of our requests."""
    if isinstance(instance, dict) and isinstance(required, list):
        for name in required:
            one = schema.get("properties", {}).get(name, {})
            if name not in instance and not (isinstance(one, dict) and one.get("readOnly")):
                yield ValidationError(f"{name!r} is missing")


def _matches(checker: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Patterns are ECMA's; one that Python cannot read says nothing."""
    try:
        fits = not isinstance(instance, str) or re.search(pattern, instance)
    except re.error:
        return
    if not fits:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _referred(checker: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """A schema that asks for itself of the same value (Okta's parents name their children, which name them) is content."""
    asked = (reference, id(instance))
    if asked not in _ASKING:
        _ASKING.add(asked)
        try:
            yield from checker._validate_reference(ref=reference, instance=instance)
        finally:
            _ASKING.discard(asked)


_ASKING: set[tuple[str, int]] = set()
_ANY_OF = Draft4Validator.VALIDATORS["anyOf"]  # vendors say oneOf where several fit
_Checker = validators.extend(
    Draft4Validator, {"required": _required, "pattern": _matches, "$ref": _referred, "oneOf": _ANY_OF}
)
