"""The drawing says what the playbook says: who waits for whom, where the wall is, and nothing that breaks the drawing."""

from __future__ import annotations

import re

import pytest

from triggers.cli import place
from triggers.cli.graph import WIDTH, graph, mermaid, terminal
from triggers.cli.showing import described

LIBRARY = sorted((place.CHECKOUT / "playbooks").glob("*.yaml"))
WHOLE = """\
playbook: whole
title: All kinds of lines
attack: [T1199]
defend: [D3-CR]
breaks: Something
does_not: Anything else
wakes: The owner
guardrails: {max_people: 400}
expires: 7d
inputs:
  integration: {type: integration, has: [practice_idp]}
contain:
  - {id: client, uses: practice_idp.disable_client, with: {client: "${inputs.integration.practice_idp.client}"}}
  - {id: seen, uses: practice_idp.client, needs: [client], with: {client: "${inputs.integration.practice_idp.client}"}}
  - id: block
    manual: Setup > "Block" <now> ${inputs.integration.practice_idp.client} | end --> x]; `y` & %%z
    undo_by: Unblock it
    layer: application
    expect: "!steps.seen.enabled"
    within: 3m
  - {id: again, uses: practice_idp.tokens, if: steps.block.open, with: {client: "${inputs.integration.practice_idp.client}"}}
  - {approve: approver, people: 2, within: 10m}
  - {id: rotate, manual: Ask the vendor, layer: identity, needs: [again]}
  - watch: 24h
recover:
  - approve: commander
  - {id: first, undo: contain, share: 1%}
  - {undo: contain, needs: [first]}
"""


@pytest.fixture
def whole():
    return graph(described(place.checked_text(WHOLE, "whole.yaml", None)))


def test_the_edges_are_what_waits_for_what_and_the_wall(whole):
    edges = {(edge.of, edge.to) for edge in whole.edges}
    assert {("client", "seen"), ("seen", "block"), ("block", "again"), ("again", "rotate"), ("first", "undo")} <= edges
    wall = next(node.id for node in whole.nodes if node.what == "approve")
    assert {("client", wall), ("block", wall), (wall, "rotate")} <= edges
    assert ("seen", wall) not in edges, "a look holds the wall up for nobody"
    assert {node.id: node.side for node in whole.nodes}["rotate"] == "below"


def test_the_drawing_is_words_and_fits_a_terminal(whole):
    lines = terminal(whole)
    text = "\n".join(lines)
    assert all(len(line) <= WIDTH for line in lines)
    for word in ("HOLD client", "LOOK seen", "MANUAL block", "FIND again", "MANUAL rotate", "WATCH 24h", "UNDO first"):
        assert word in text
    above, wall, below = (
        next(n for n, line in enumerate(lines) if word in line) for word in ("HOLD", "(2 people)", "rotate")
    )
    assert above < wall < below
    assert "within 10m; below it nothing can be undone" in lines[wall]
    assert lines[below].endswith("after again")
    assert "\x1b" not in text


def test_mermaid_gets_no_text_that_ends_a_label(whole):
    text = mermaid(whole)
    assert text[0] == "flowchart TD"
    names = [node.id for node in whole.nodes]
    for line in text:
        if found := re.fullmatch(r'    s_(\w+)\S*?"(.*)"\S+', line):
            assert found[1] in names
            inside = found[2].replace("<br/>", "")
            assert not re.search(r'["<>`|&%{}]', inside), inside
    assert sum(line.startswith("    s_") for line in text) == len(names)
    assert text.count("  end") == sum(line.startswith("  subgraph") for line in text)
    assert any("2 people" in line and '{{"' in line for line in text)


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_every_playbook_of_ours_can_be_drawn(ringfence, file):
    shown = ringfence("playbook", "show", str(file), "--json").json
    names = {node["id"] for node in shown["graph"]["nodes"]}
    steps = [step["key"] for steps in shown["phases"].values() for step in steps]
    assert names == set(steps)
    assert len(names) == len(steps)
    assert {end for edge in shown["graph"]["edges"] for end in (edge["from"], edge["to"])} <= names
    drawn = ringfence("playbook", "show", str(file), "--graph")
    assert drawn.code == 0
    assert max(map(len, drawn.out.splitlines())) <= WIDTH
    assert ringfence("playbook", "show", str(file), "--mermaid").out.startswith("flowchart TD\n")


def test_show_says_whom_it_wakes_what_it_defends_and_its_bounds(ringfence, tmp_path):
    (tmp_path / "whole.yaml").write_text(WHOLE)
    said = ringfence("playbook", "show", "whole.yaml").out
    for wanted in (
        "wakes:    The owner", "D3FEND:   D3-CR", "bounds:   at most 400 people", "does not: Anything else",
        "approver approves (2 people) within 10m", "undone by: Unblock it", "cannot be undone", "1% of it first",
        "after 7d people are asked", "Released: it was never released.",
    ):  # fmt: skip
        assert wanted in said, wanted
