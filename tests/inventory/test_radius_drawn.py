"""The picture, the Mermaid text and the words: well-formed, escaped, nothing over anything, and what docs/ shows."""

import json
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from radius_world import hostile, large

from engine.registry import registry
from inventory.radius import radius
from inventory.radius.columns import MARGIN, WIDTH, laid_out
from inventory.radius.graph import graph
from inventory.radius.lines import lines
from inventory.radius.mermaid import mermaid
from inventory.radius.picture import svg
from inventory.radius.text import contact, cut, shown, width, wrapped
from triggers.cli.main import main
from triggers.cli.place import described

SVG = "{http://www.w3.org/2000/svg}"
DOCS = Path(__file__).resolve().parents[2] / "docs"


def drift():
    return radius(described(sandbox=True), "drift", registry().systems)


def calendar():
    return radius(described(sandbox=True), "calendar", registry().systems)


every = pytest.mark.parametrize("of", [drift, calendar, large, hostile])


@every
def test_the_picture_is_well_formed_has_each_foothold_once_and_nothing_that_runs_or_loads(of):
    found = of()
    root = ET.fromstring(svg(found))
    kinds = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert kinds == {"svg", "title", "desc", "style", "g", "rect", "path", "text", "circle"} - (
        set() if any(act.way == "hold" for each in found.footholds for act in each.acts) else {"circle"}
    )
    attributes = {name for one in root.iter() for name in one.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name}
    style = root.find(f"{SVG}style").text
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    shown_names = [
        "".join(part.text for part in group.findall(f"{SVG}text[@class='name']")) for group in root.iter(f"{SVG}g")
        if group.get("class") == "foothold"
    ]  # fmt: skip
    assert sorted(shown_names) == sorted(each.id for each in found.footholds)
    assert root.get("aria-labelledby") == "title desc"
    for each in found.footholds:
        assert each.id in root.find(f"{SVG}desc").text


@every
def test_no_box_is_over_another_and_no_text_leaves_its_box(of):
    found = laid_out(graph(of()))
    for one, other in combinations(found.boxes.values(), 2):
        apart = (
            one.x + one.w <= other.x
            or other.x + other.w <= one.x
            or one.y + one.h <= other.y
            or other.y + other.h <= one.y
        )
        assert apart, (one.node.id, other.node.id)
    for box in found.boxes.values():
        assert box.x >= MARGIN
        assert box.x + box.w <= WIDTH
        assert box.y + box.h <= found.height
        for row in box.rows:
            assert width(row.text, 12, bold=row.mark in {"hold", "cut"}) <= box.w - 20


@every
def test_every_state_is_told_in_words_and_by_a_shape(of):
    found = of()
    root = ET.fromstring(svg(found))
    words = {"hold": "can be held", "cut": "takes a cut", "in-part": "closes in part", "nobody": "nobody can close it"}
    for foothold in found.footholds:
        group = next(
            one for one in root.iter(f"{SVG}g")
            if one.get("class") == "foothold" and one.find(f"{SVG}text[@class='name']").text == foothold.id
        )  # fmt: skip
        assert words[foothold.state] in [text.text for text in group.findall(f"{SVG}text")]
        assert foothold.state in group.find(f"{SVG}rect").get("class")


LABEL = r'"[^"<>&`%\\{}]*(?:<br/>[^"<>&`%\\{}]*)*"'
GRAMMAR = [
    r"flowchart LR", rf"  subgraph g\d+ \[{LABEL}\]", r"  end",
    rf" {{2,4}}n\d+(?:\[{LABEL}\]|\(\[{LABEL}\]\)|\[\({LABEL}\)\]|\[/{LABEL}/\]|>{LABEL}\])",
    rf"  n\d+ (?:-->|-\.->)\|{LABEL}\| n\d+", r"  classDef [a-z]+ [a-z0-9:, -]+", r"  class n\d+(?:,n\d+)* [a-z]+",
]  # fmt: skip


@every
def test_the_mermaid_text_keeps_to_its_grammar_whatever_the_names_are(of):
    drawn = graph(of())
    said = mermaid(drawn)
    for line in said:
        assert any(re.fullmatch(rule, line) for rule in GRAMMAR), line
    assert sum(line.startswith("  subgraph") for line in said) == sum(line == "  end" for line in said)
    named = set(re.findall(r"^ +(n\d+)[\[(>]", "\n".join(said), re.MULTILINE))
    assert named == {f"n{at}" for at in range(len(drawn.nodes))}
    assert set(re.findall(r"\bn\d+\b(?= (?:-->|-\.->))", "\n".join(said))) <= named


def test_hostile_names_come_out_as_text():
    found = hostile()
    assert "<script" not in svg(found)
    assert "&lt;script&gt;" in svg(found)
    for said in (svg(found), "\n".join(mermaid(graph(found))), "\n".join(lines(found))):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e\ud800]", said)
        said.encode()
    json.dumps(found.as_json()).encode()


@every
def test_words_keep_to_80_columns_and_name_every_foothold_and_all_that_stops(of):
    found = of()
    said = lines(found)
    assert all(len(line) <= 80 for line in said), [line for line in said if len(line) > 80]
    for foothold in found.footholds:
        assert any(line.strip().startswith(f"{foothold.id}: ") for line in said)
    parts = ["HOW IT REACHES US", "WHOM IT HITS", "IN WHICH ORDER", "WHAT STAYS OPEN OR IN DOUBT", "WHAT STOPS"]
    assert [part for line in said for part in parts if line.startswith(part)] == parts


def test_text_is_cut_and_wrapped_to_its_room():
    assert cut("short", 100, 12) == "short"
    assert cut("a very long name of a foothold", 60, 12).endswith("…")
    assert width(cut("W" * 90, 60, 12), 12) <= 60
    assert wrapped("one two three", 40, 12, 2)[-1].endswith("…") or len(wrapped("one two three", 40, 12, 2)) == 2
    assert all(width(line, 12) <= 80 for line in wrapped("x" * 400, 80, 12, 4))
    assert wrapped("security@vendor.example", 90, 12, 4)[0] == "security"
    assert shown("a\u0301\u0301\u0301\u0301\nb\u202e") == "a\u0301\u0301 b\\u202e"
    assert contact("mailto:a@b.example") == "a@b.example"


def test_the_picture_in_docs_is_what_the_command_draws(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "home"))
    assert main(["integrations", "graph", "drift", "--sandbox", "--out", str(tmp_path / "drift.svg")]) == 0
    again = "draw it anew: uv run ringfence integrations graph drift --sandbox --out docs/integrations-drift.svg"
    assert (tmp_path / "drift.svg").read_text() == (DOCS / "integrations-drift.svg").read_text(), again
    assert "Drawn to" in capsys.readouterr().out


def test_the_command_tells_draws_spells_and_refuses(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "home"))
    assert main(["integrations", "graph", "drift", "--sandbox"]) == 0
    assert "IN WHICH ORDER IT IS REVOKED" in capsys.readouterr().out
    assert main(["integrations", "graph", "drift", "--sandbox", "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR\n")
    assert main(["integrations", "graph", "drift", "--sandbox", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {each["id"] for each in told["radius"]["downstream"]} == {"calendar"}
    assert {"vendor", "integration", "foothold:client"} <= {node["id"] for node in told["graph"]["nodes"]}
    assert main(["integrations", "graph", "drfit", "--sandbox"]) == 1
    assert "No integration 'drfit', did you mean 'drift'" in capsys.readouterr().err
    assert main(["integrations", "graph", "drift", "--sandbox", "--out", str(tmp_path / "no" / "x.svg")]) == 1
    assert "cannot be written" in capsys.readouterr().err
