"""Whatever lies where integrations should: it is read, or refused with places; nothing else comes of it."""

import re

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.registry import registry
from inventory.integrations.fit import unfit
from inventory.integrations.model import Integration, Integrations, OwnEntry
from inventory.model import Config
from inventory.read import BadInventory, examine, parse, read_inventory

MORE = settings(max_examples=300, deadline=None)
PLACED = re.compile(r".*:[0-9]+:[0-9]+: .+")
KEYS = st.sampled_from(
    [
        *Integration.model_fields,
        *OwnEntry.model_fields,
        "id",
        "kind",
        "at",
        "client",
        "user",
        "found",
        "integrations",
        "ours",
    ]
)
TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "client",
        "idp",
        "crm",
        "a",
        "env:X",
        "203.0.113.1",
        "TODO",
        "drift",
        "10.0.0.0/8",
        "mailto:a@b.example",
        "null",
        "~",
    ]
)
LEAVES = TEXT | st.integers() | st.booleans() | st.none() | st.floats()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXT, inner, max_size=5),
    max_leaves=25,
)
FOOTHOLD = st.fixed_dictionaries(
    {"id": TEXT, "kind": st.sampled_from(["client", "user", "path", "clown"]), "at": TEXT},
    optional={"client": TREES, "user": TREES},
)
ONE = st.fixed_dictionaries(
    {"title": TEXT, "owner": TEXT, "footholds": st.lists(FOOTHOLD | TREES, max_size=3)},
    optional={"needed_by": st.lists(TEXT, max_size=3), "addresses": TREES, "data": TREES, "security": TEXT},
)
NEARLY = st.fixed_dictionaries(
    {"integrations": st.dictionaries(st.sampled_from("abcd") | TEXT, ONE | TREES, max_size=4)},
    optional={"ours": st.lists(FOOTHOLD | TREES, max_size=3)},
)


def is_fine_or_refused(text):
    said = ""
    try:
        parse(text, "x.yaml", Integrations)
    except BadInventory as bad:
        said = str(bad)
    assert all(PLACED.fullmatch(one) and one.isprintable() for one in said.split("\n") if said), said


@MORE
@given(st.text(max_size=200))
def test_any_text(text):
    is_fine_or_refused(text)


@MORE
@given(TREES | NEARLY)
def test_any_tree(tree):
    is_fine_or_refused(yaml.safe_dump(tree, allow_unicode=True))


@MORE
@given(NEARLY)
def test_any_tree_in_json(tree):
    """As a machine would write it: every text in quotes, so that it comes through to the models."""
    is_fine_or_refused(orjson.dumps(_valid(tree)).decode())


def _valid(value):
    if isinstance(value, dict):
        return {str(key).encode("utf-8", "replace").decode(): _valid(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_valid(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value % 10**15
    return value


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), NEARLY | st.none(), st.booleans())
def test_any_bytes_in_a_file_or_a_folder(tmp_path_factory, data, tree, folder):
    place = tmp_path_factory.mktemp("fuzz")
    config = place / "ringfence.yaml"
    config.write_text(
        "connections: {idp: {system: practice_idp, url: 'https://a.example'}}\nintegrations: where.yaml\n"
    )
    file = place / "where.yaml"
    if folder:
        file.mkdir()
        file = file / "one.yaml"
    file.write_bytes(data if tree is None else orjson.dumps(_valid(tree)))
    found = examine(config)
    unfit(found.source, found.listed.sources, registry().systems)
    said = ""
    try:
        read_inventory(config)
    except BadInventory as bad:
        said = str(bad)
    assert said == "\n".join(map(str, found.problems))


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200)
    | st.dictionaries(st.sampled_from([*Config.model_fields]), TREES).map(lambda t: orjson.dumps(_valid(t)))
)
def test_any_bytes_as_the_configuration(tmp_path_factory, data):
    config = tmp_path_factory.mktemp("fuzz") / "ringfence.yaml"
    config.write_bytes(data)
    found = examine(config)
    assert found.problems
    unfit(found.source, found.listed.sources, registry().systems)
    with pytest.raises(BadInventory):
        read_inventory(config)


def test_a_chain_of_thousands_is_walked_without_falling():
    rows = ", ".join(
        f"a{n}: {{title: t, owner: o, needed_by: [a{(n + 1) % 3000}], footholds: [{{id: x, kind: client, at: i, client: c{n}}}]}}"
        for n in range(3000)
    )
    with pytest.raises(BadInventory, match="is a circle"):
        parse(f"integrations: {{{rows}}}", "x.yaml", Integrations)
