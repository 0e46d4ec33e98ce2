"""The published JSON schemas of CACAO 2.0, as a validator. Their `$id`s are wrong, so that references go by file name."""

import functools
import json
from pathlib import Path

from cacao_house import SHARED
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

ROOT = SHARED / "schemas"
BASE = "file:///cacao/"


def _schema(file):
    return {key: value for key, value in json.loads(file.read_text()).items() if key != "$id"}


@functools.cache
def _registry():
    files = [file for file in ROOT.rglob("*.json") if file.is_file()]
    named = [(BASE + str(Path(file.relative_to(ROOT))), DRAFT7.create_resource(_schema(file))) for file in files]
    assert all(isinstance(resource, Resource) for _, resource in named)
    return Registry().with_resources(named)


def _validator(name):
    return Draft7Validator({"$ref": BASE + name}, registry=_registry())


def mistakes(document):
    """Give what the schemas find wrong: of the playbook, and of each command by the schema of its own type."""
    found = [
        f"/{'/'.join(map(str, e.absolute_path))}: {e.message}"
        for e in _validator("playbook.json").iter_errors(document)
    ]
    for step in document["workflow"].values():
        for command in step.get("commands", ()):
            found += [e.message for e in _validator(f"commands/{command['type']}.json").iter_errors(command)]
    return found
