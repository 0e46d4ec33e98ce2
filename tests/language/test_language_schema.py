"""The schema for editors says what the check says: it is current, takes what is right, and refuses what is shaped wrongly."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from language_house import HOUSE

from engine.registry import catalogue, registry
from language.model import PHASES, STEP_KEYS, Guardrails, Input, Playbook, Step, Trigger
from language.schema import schema_of

ROOT = Path(__file__).parents[2]
FILE = ROOT / "playbooks" / "schema.json"
SCHEMA = schema_of(catalogue(registry()))
CHECK = jsonschema.Draft7Validator(SCHEMA)
INVALID = ROOT / "tests" / "playbooks" / "invalid"


def test_the_file_is_current():
    assert json.loads(FILE.read_text()) == SCHEMA, "run `ringfence playbook schema --out playbooks/schema.json`"


def test_it_is_a_schema_itself():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator.check_schema(schema_of(HOUSE))


def test_every_key_has_its_description():
    for model in (Playbook, Input, Guardrails, Trigger, Step):
        for name, info in model.model_fields.items():
            assert info.description or name == "kind", f"{model.__name__}.{name}"
    for kind, keys in STEP_KEYS.items():
        shown = SCHEMA["definitions"][f"step_{kind}"]["properties"]
        assert set(shown) == keys
        assert all(part.get("description") for part in shown.values()), kind
    for name, part in SCHEMA["properties"].items():
        assert "description" in part or "$ref" in part, name


def test_every_action_is_offered_with_its_parameters_and_what_they_mean():
    entries = catalogue(registry()).entries
    step = SCHEMA["definitions"]["step_uses"]
    offered = {
        option["const"]: option["description"] for option in step["properties"]["uses"]["anyOf"] if "const" in option
    }
    assert set(offered) == set(entries)
    assert all(len(said) > 10 for said in offered.values())
    for rule in step["allOf"]:
        entry = entries[rule["if"]["properties"]["uses"]["const"]]
        with_ = rule["then"]["properties"]["with"]
        assert set(with_["properties"]) == set(entry.params.model_fields)
        assert all(part["description"] for part in with_["properties"].values())


@pytest.mark.parametrize("file", sorted((ROOT / "playbooks").glob("*.yaml")), ids=lambda f: f.stem)
def test_it_takes_every_playbook_of_ours(file):
    CHECK.validate(yaml.safe_load(file.read_text()))


BOOK = {
    "playbook": "a",
    "title": "t",
    "breaks": "b",
    "does_not": "d",
    "inputs": {"integration": {"type": "integration", "has": ["practice_idp"]}},
    "triggers": [{"alert": "okta", "when": "true", "with": {"integration": "${alert.app}"}}],
}
ALLOWED = "practice_firewall.allow_only"


def errors(step, phase="contain"):
    book = {**BOOK, "contain": [{"uses": "preserve.usage"}]}
    return list(CHECK.iter_errors({**book, phase: [step]}))


@pytest.mark.parametrize(
    "step",
    [
        {"uses": ALLOWED, "with": {"path": "p", "addresses": ["192.0.2.1"]}},
        {"uses": ALLOWED, "with": {"path": "${inputs.integration.id}", "addresses": "${org.addresses}"}},
        {"uses": ALLOWED, "with": {"path": "p", "addresses": ["${inputs.integration.owner}"]}},
        {"uses": "playbook.block_it", "with": {"integration": "${inputs.integration}"}},
        {"uses": "isolate.identity", "if": "steps.a.open"},
        {"manual": "Block ${inputs.integration.id}", "undo_by": "Unblock", "layer": "application", "within": "3m"},
        {"approve": "approver", "people": 2, "within": "10m"},
        {"watch": "24h"},
    ],
    ids=lambda step: next(iter(step)),
)
def test_it_takes_what_is_right(step):
    assert not errors(step)


@pytest.mark.parametrize(
    "step",
    [
        {"uses": "okta.nothing"},
        {"uses": ALLOWED, "with": {"path": "p"}},
        {"uses": ALLOWED},
        {"uses": ALLOWED, "with": {"path": "p", "addresses": [1]}},
        {"uses": ALLOWED, "with": {"path": "p", "addresses": [], "adresses": []}},
        {"uses": "oauth.revoke_token", "with": {"token": "written out"}},
        {"uses": "isolate.identity", "with": {"layer": "data"}},
        {"uses": "isolate.identity", "watch": "24h"},
        {"uses": "isolate.identity", "share": "1%"},
        {"approve": "approver", "people": 0},
        {"manual": "Block", "layer": "app"},
        {"watch": "1 day"},
        {"undo": "Contain!"},
        {},
    ],
    ids=str,
)
def test_it_refuses_what_is_wrong(step):
    assert errors(step, "recover" if "undo" in step else "contain")


def test_it_refuses_each_mistake_of_shape_and_each_unknown_key():
    """All of whose code is `unknown_key` or `missing`: an editor shows those while they are typed."""
    tried = 0
    for file in sorted(INVALID.glob("*.yaml")):
        codes = {line.split()[0] for line in file.with_suffix(".txt").read_text().splitlines()}
        if codes and codes <= {"unknown_key", "missing", "no_kind", "two_kinds"}:
            tried += 1
            assert not CHECK.is_valid(yaml.safe_load(file.read_text())), file.stem
    assert tried >= 8


def test_phases_of_the_schema_are_those_of_the_model():
    assert all(SCHEMA["properties"][phase]["items"] == {"$ref": "#/definitions/step"} for phase in PHASES)
