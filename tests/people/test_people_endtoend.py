"""A whole run on the practice company: it parks and its process ends, people answer from other processes, it goes on."""

from __future__ import annotations

import pytest
import yaml
from parked import events

from triggers.cli import company, place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def two(tmp_path):
    """The practice company, where every cut wants two people."""
    text = yaml.safe_load(place.COMPANY.read_text())
    text["approvals"] = {"classes": [{"name": "all", "people": 2}]}
    text["integrations"] = str(place.COMPANY.with_name("integrations.yaml"))
    file = tmp_path / "ringfence.yaml"
    file.write_text(yaml.safe_dump(text))
    return file


def test_two_people_answer_while_nobody_carries_the_run_out(home, process, two, verified):
    ours = ("--config", two)
    parked = process(
        "contain", "stolen_oauth_tokens", "--sandbox", "-i", "integration=drift", "--tokens", "12", *ours, "--json"
    )
    assert parked.code == 3, parked.err
    run = parked.json["run"]
    (asked,) = [event for event in events(run) if event.type == "asked"]
    assert (asked.body["people"], asked.body["class"]) == (2, "all")
    scope = asked.body["scope_hash"]
    eve = process("approve", run, "--as", "eve", "--scope-hash", scope, *ours)
    stale = process("approve", run, "--as", "ben", "--scope-hash", "0" * 64, *ours)
    assert (eve.code, stale.code) == (1, 1)
    ben = process("approve", run, "--as", "ben", "--scope-hash", scope[:8], *ours, "--json")
    assert (ben.code, ben.json["question"]["missing"]) == (3, 1)
    before = [event.type for event in events(run)]
    assert "approved" not in before
    assert before.count("turned_away") == 2
    dora = process("approve", run, "--as", "dora", "--scope-hash", scope[:8], "--carry-on", *ours, "--json")
    assert dora.code == 0, dora.err
    last = events(run)
    assert [event.body["word"] for event in last if event.type == "worded"][-1] == "contained"
    (approved,) = [event for event in last if event.type == "approved"]
    first_cut = min(event.n for event in last if event.type == "intended" and event.body["step"] == "tokens")
    assert approved.n < first_cut
    word_at = [event.at for event in last if event.type == "worded"][-1]
    assert company.attacker_calls(company.running(home)["url"], word_at)["successes"] == 0
    verified()
