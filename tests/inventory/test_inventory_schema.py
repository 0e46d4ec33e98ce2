"""The schema for editors: current, takes every valid file of this repository, and refuses what a schema can."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from connectors.core.connector import KINDS
from engine.registry import registry
from inventory.integrations.checks import SHARED
from inventory.integrations.model import FootholdEntry, Integration, Integrations, OwnEntry
from inventory.integrations.schema import schema_of
from inventory.read import parse
from triggers.cli.main import main

ROOT = Path(__file__).parents[2]
FILE = ROOT / "inventory" / "integrations" / "schema.json"
SCHEMA = schema_of(registry().systems)
CHECK = jsonschema.Draft7Validator(SCHEMA)
INVALID = sorted((Path(__file__).parent / "invalid").glob("*.yaml"))
BEYOND = {
    # what only the connections, the other entries, or a person can tell
    "address_mask", "foothold_at_by_another_name", "foothold_at_misspelled", "foothold_id_twice", "foothold_key_missing",
    "foothold_key_unknown", "foothold_kind_not_there", "foothold_left_open", "foothold_no_connection",
    "foothold_no_foothold_system", "foothold_of_two", "foothold_of_two_other_secret", "foothold_same_twice",
    "foothold_value_list", "foothold_value_number", "foothold_value_path", "needed_by_circle", "needed_by_itself",
    "needed_by_nobody", "known_as_names_another", "known_as_of_two", "known_as_ours", "ours_is_a_foothold", "ours_key", "ours_kind", "ours_no_connection", "ours_twice", "owner_fill_in",
    "owner_todo", "credential", "credential_in_foothold",   "address_host_bits",
    "address_twice", "title_hidden", "foothold_value_hidden",
    # what another reader of YAML takes for granted
    "anchor", "critical_yes", "key_twice", "tag", "id_twice",
}  # fmt: skip
UNREADABLE = {"open_bracket", "tab", "two_documents", "title_raw_hidden"}


def documents():
    yield ROOT / "sandbox" / "company" / "integrations.yaml"
    yield from sorted((ROOT / "playbooks" / "cases").glob("*/integrations.yaml"))


def shown(page):
    parts = [part.partition("```")[0] for part in (ROOT / page).read_text().split("```yaml\n")[1:]]
    return [yaml.safe_load(part) for part in parts if "integrations:\n  " in part]


def test_the_file_is_current():
    said = "run `ringfence integrations schema --out inventory/integrations/schema.json`"
    assert json.loads(FILE.read_text()) == SCHEMA, said


def test_the_command_prints_it(capsys, tmp_path):
    assert main(["integrations", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    assert main(["integrations", "schema", "--out", str(tmp_path / "s.json")]) == 0
    assert (tmp_path / "s.json").read_text() == FILE.read_text()
    assert main(["integrations", "schema", "--out", str(tmp_path / "no" / "s.json")]) == 1


def test_it_is_a_schema_itself_and_explains_every_key():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for name, model in (("integration", Integration), ("foothold", FootholdEntry), ("own", OwnEntry)):
        properties = SCHEMA["definitions"][name]["properties"]
        assert set(model.model_fields) <= set(properties)
        assert all(part.get("description") for part in properties.values()), name
    assert set(SCHEMA["properties"]) == set(Integrations.model_fields)


@pytest.mark.parametrize("file", list(documents()), ids=lambda f: f.parent.name)
def test_it_takes_every_file_of_ours(file):
    CHECK.validate(yaml.safe_load(file.read_text()))


@pytest.mark.parametrize("page", ["README.md", "docs/integrations.md"])
def test_it_takes_what_the_documents_show(page):
    found = shown(page)
    assert found
    for one in found:
        CHECK.validate(one)


def refused(file):
    return not CHECK.is_valid(yaml.safe_load(file.read_text()))


def test_it_refuses_what_a_schema_can():
    readable = [file for file in INVALID if file.stem not in UNREADABLE]
    assert {file.stem for file in readable if not refused(file)} == BEYOND


def test_the_page_explains_every_key_and_kind_and_shows_what_is_read():
    page = (ROOT / "docs" / "integrations.md").read_text()
    keys = [*Integration.model_fields, *KINDS, "ours"]
    assert [key for key in keys if f"`{key}" not in page] == []
    part = next(part.partition("```")[0] for part in page.split("```yaml\n")[1:])
    assert set(parse(part, "docs/integrations.md", Integrations).integrations) == {"drift", "reporting"}
    for kind in KINDS:
        assert (kind in SHARED) == (
            f"`{kind}`" in page.partition("A `user`")[2].partition("may be declared for two")[0] or kind == "user"
        )
