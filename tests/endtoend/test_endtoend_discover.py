"""Discovery against the practice company as a process: all that is planted is found, and what nobody declared counts in every run."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.endtoend.conftest import INTEGRATIONS

CUT_OFF_ALL = Path(__file__).with_name("playbooks") / "cut_off_all.yaml"
CLIENT_ONLY = """\
playbook: client_only
title: Only the client and its tokens
breaks: What the vendor does for us stops.
does_not: Look for any other way in.
inputs:
  integration: {type: integration, has: [practice_idp]}
contain:
  - id: client
    uses: practice_idp.disable_client
    with: {client: "${inputs.integration.practice_idp.client}"}
  - id: found
    uses: practice_idp.tokens
    with: {client: "${inputs.integration.practice_idp.client}"}
  - approve: approver
  - id: tokens
    uses: practice_idp.revoke_token
    for_each: steps.found.items
    with: {token: "${item.token}"}
recover:
  - approve: commander
  - undo: contain
"""


def declared(house, keep):
    """The practice integrations, with only those of drift's footholds that `keep` names."""
    listed = yaml.safe_load(INTEGRATIONS.read_text())
    drift = listed["integrations"]["drift"]
    drift["footholds"] = [one for one in drift["footholds"] if one["id"] in keep]
    file = house.place / "fewer.yaml"
    file.write_text(yaml.safe_dump(listed))
    return file


def discovered(house, *more):
    said = house.run("integrations", "discover", "--sandbox", "--json", *more)
    assert said.code == 0, said.text
    return said.json


def kept(house):
    return set(house.rows("SELECT connection, kind, key FROM things WHERE until_n IS NULL"))


def planted(house):
    return {(one["system"], one["kind"], one["key"]) for one in house.ask("/_sandbox/planted")}


def test_all_that_is_planted_is_found_and_nothing_else(house, capsys):
    house.up("--forgotten", "--attacker", "none")
    discovered(house)
    found, there = kept(house), planted(house)
    recall, precision = len(found & there) / len(there), len(found & there) / len(found)
    with capsys.disabled():
        print(f"\nsandbox: {len(there)} planted, recall {recall:.0%}, precision {precision:.0%}")  # noqa: T201
    assert (recall, precision) == (1, 1), found ^ there
    assert {kind for _, kind, _ in there} == {"client", "grant", "user", "key", "webhook", "path"}


def test_what_was_said_of_each_thing(house):
    house.up("--forgotten", "--attacker", "none")
    told = discovered(house)
    assert {(one["integration"], one["foothold"]) for one in told["known"]} == {
        ("drift", "client"), ("drift", "run_as"), ("drift", "api_path"),
        ("calendar", "client"), ("calendar", "run_as"), ("calendar", "sync_key"), ("calendar", "meetings"),
    }  # fmt: skip
    assert [one["place"] for one in told["ours"]] == ["practice_idp/client/intranet"]
    unknown = {one["title"]: one for one in told["unknown"]}
    assert set(unknown) == {"Survey export", "Free PDF Tools", "Drift, old export", "Drift, new leads"}
    assert unknown["Free PDF Tools"]["taken_for"] == []
    for forgotten in ("Drift, old export", "Drift, new leads"):
        ((taken,),) = [unknown[forgotten]["taken_for"]]
        assert (taken["integration"], taken["sure"]) == ("drift", True)
    assert told["gone"] == []
    assert [told[sort] for sort in ("new", "changed", "vanished")] == [[], [], []], "there was nothing before"
    again = discovered(house)
    assert [again[sort] for sort in ("new", "changed", "vanished", "parts")] == [[], [], [], []]
    assert again["snapshot"]["digest"] == told["snapshot"]["digest"]
    assert house.log(write=True) == [], "a discovery writes nothing anywhere"


@pytest.mark.long
def test_what_is_taken_out_of_the_file_still_counts(house):
    """A run on the client alone is contained by its own inventory; once somebody has looked, it says what is open."""
    playbook = house.place / "client_only.yaml"
    playbook.write_text(CLIENT_ONLY)
    fewer = declared(house, keep={"client"})
    words = ("--integrations", fewer, "-i", "integration=drift")
    said = house.contain(*words, playbook=playbook)
    assert said.json["word"] == "contained", said.text
    house.up("--restart")
    discovered(house, "--integrations", fewer)
    plan = house.run("plan", playbook, "--sandbox", *words)
    assert "NOT IN THIS PLAYBOOK" in plan.out
    assert "user svc-drift at practice_crm" in plan.out
    assert "path crm-api at practice_firewall" in plan.out
    said = house.contain(*words, playbook=playbook)
    assert (said.code, said.json["word"]) == (2, "partially-contained"), said.text
    left = {name: one for name, one in said.json["ways"].items() if one["state"] != "closed"}
    assert {one["state"] for one in left.values()} == {"not-in-playbook"}
    ((_, _, opened),) = house.events("opened", run=said.json["run"])
    assert {name for name, one in opened["footholds"].items() if one["found"]} == set(left)
    assert len(left) == 2


def test_what_was_declared_once_is_acted_on_as_found(house):
    """The whole playbook, without a declaration of the user: the provider's own link leads there, and he is frozen."""
    house.up()
    fewer = declared(house, keep={"client", "api_path"})
    discovered(house, "--integrations", fewer)
    said = house.contain("--integrations", fewer, "-i", "integration=drift", playbook=house.quick())
    assert said.json["word"] == "contained", said.text
    assert house.closed() == (True, True, True)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_fifty_thousand_grants_in_bounded_memory_and_the_second_time_by_changes(house, capsys):
    few, many = listed_with(house, 500), listed_with(house, 50_000)
    with capsys.disabled():
        for name, one in (("500 grants", few), ("50,000 grants", many)):
            calls = f"{one['requests']} requests, the second time {one['again']}"
            print(f"\n{name}: {one['things']} things, {one['mib']:.0f} MiB at most; {calls}", end="")  # noqa: T201
        print()  # noqa: T201
    assert many["things"] - few["things"] == 49_500
    assert many["mib"] < few["mib"] + 24, "it does not grow with what is listed"
    assert many["again"] * 10 <= many["requests"]
    assert many["whole"]["digest"] == many["second"]["digest"], "changes lead where a whole listing leads"


MEASURED = """\
import atexit, resource, sys
atexit.register(lambda: print(f"MIB {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}", file=sys.stderr))
sys.argv = ["ringfence", *sys.argv[1:]]
from triggers.cli.main import run
run()
"""


def listed_with(house, grants):
    house.up("--grants", str(grants), "--attacker", "none", "--restart")

    def listed(*more):
        command = [sys.executable, "-c", MEASURED, "integrations", "discover", "--sandbox", "--json", *more]
        done = subprocess.run(command, env=house.environ, cwd=house.place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]), float(done.stderr.partition("MIB ")[2].split()[0])

    first, mib = listed()
    second, _ = listed()
    whole, _ = listed("--whole")
    return {
        "things": first["snapshot"]["things"], "requests": first["requests"], "again": second["requests"], "mib": mib,
        "second": second["snapshot"], "whole": whole["snapshot"],
    }  # fmt: skip


@pytest.mark.long
def test_a_forgotten_key_in_his_hand_is_closed_once_it_is_found(house):
    """Three runs over one night: nobody looked, somebody looked, and a playbook that closes whatever was found."""
    house.up("--forgotten")
    blind = house.contain(playbook=house.quick())
    assert blind.json["word"] == "contained", blind.text
    at = house.word_at("contained")
    assert house.until(lambda: _successes(house, at)), (
        "he comes in by the key that nobody wrote down: the word was wrong"
    )
    house.up("--forgotten", "--restart")
    discovered(house)
    named = house.contain(playbook=house.quick())
    assert (named.code, named.json["word"]) == (2, "partially-contained"), named.text
    left = {name for name, one in named.json["ways"].items() if one["state"] == "not-in-playbook"}
    assert left == {"key_ak_0003", "webhook_wh_0002"}
    house.up("--forgotten", "--restart")
    discovered(house)
    words = ("-i", "integration=drift")
    plan = house.run("plan", CUT_OFF_ALL, "--sandbox", *words, "--json")
    assert plan.json["plan"]["not_covered"] == []
    said = house.contain(*words, playbook=CUT_OFF_ALL)
    assert (said.code, said.json["word"]) == (0, "contained"), said.text
    assert set(said.json["ways"]) == {"client", "run_as", "api_path", "key_ak_0003", "webhook_wh_0002"}
    at = house.word_at("contained", run=said.json["run"])
    time.sleep(2)
    assert _successes(house, at) == []


def _successes(house, after):
    return [one for one in house.log("attacker", after=after) if 200 <= one["status"] < 300]


def test_what_is_adopted_is_declared_and_nothing_else_of_the_file_moves(house):
    house.up("--forgotten", "--attacker", "none")
    mine = house.place / "mine.yaml"
    mine.write_bytes(INTEGRATIONS.read_bytes())
    refused = house.run("integrations", "discover", "--sandbox", "--adopt")
    assert (refused.code, INTEGRATIONS.read_bytes()) == (1, mine.read_bytes())
    told = discovered(house, "--integrations", mine, "--adopt")
    assert {one["as"] for one in told["adopted"]["added"]} == {
        "survey_export/key", "free_pdf_tools/client", "drift/key_ak_0003", "drift/webhook_wh_0002",
    }  # fmt: skip
    assert len(told["adopted"]["todo"]) == 2, "who owns the two new ones"
    left = iter(mine.read_text().splitlines())
    assert all(line in left for line in INTEGRATIONS.read_text().splitlines()), "line by line, in order"
    again = discovered(house, "--integrations", mine)
    assert again["unknown"] == []
    assert len(again["known"]) == 11
    lint = house.run("integrations", "lint", "--sandbox", "--integrations", mine)
    assert lint.code == 1
    assert lint.out.count("is for a person to fill in") == 2


def test_an_inventory_is_begun_from_nothing(house):
    house.up("--attacker", "none")
    mine = house.place / "new.yaml"
    told = discovered(house, "--integrations", mine, "--adopt")
    assert not told["known"]
    listed = yaml.safe_load(mine.read_text())["integrations"]
    assert {one["kind"] for one in listed["drift"]["footholds"]} == {"client", "user", "path"}
    assert {one["kind"] for one in listed["calendar_sync"]["footholds"]} == {"client", "user", "key", "webhook"}


def test_what_is_only_likely_is_adopted_by_name_alone(house):
    """A portal of another team that calls itself after the vendor: --adopt leaves it out, and says how it is declared."""
    house.up("--attacker", "none")
    mine = house.place / "mine.yaml"
    listed = yaml.safe_load(INTEGRATIONS.read_text())
    listed["integrations"] = {"pdf_tools_inc": {
        "title": "Another", "owner": "us", "vendor": "Free PDF Tools", "footholds": [{"id": "x", "kind": "token"}],
    }, **listed["integrations"]}  # fmt: skip
    mine.write_text(yaml.safe_dump(listed))
    told = discovered(house, "--integrations", mine, "--adopt")
    (left,) = told["adopted"]["left"]
    assert "only likely pdf_tools_inc's" in left
    assert "pdf-tools" not in mine.read_text()
    assert (
        house.run(
            "integrations", "discover", "--sandbox", "--integrations", mine, "--only", "practice_idp/client/pdf"
        ).code
        == 1
    )
    discovered(house, "--integrations", mine, "--only", "practice_idp/client/pdf-tools")
    assert "client: pdf-tools" in mine.read_text()


def test_what_was_changed_before_we_came_is_not_given_back_until_it_is_ticked(house):
    """An allow-list of his own, set before the alarm: the run's before-state has it, the snapshot before him has not."""
    house.up("--attacker", "none")
    discovered(house)
    time.sleep(1.1)  # a first sign is told to the second
    since = datetime.now(UTC).isoformat()
    assert house.run("sandbox", "by-hand", "allow-list", "198.51.100.7").code == 0
    house.until(lambda: house.state()["paths"]["crm-api"]["mode"] == "only")
    said = house.contain("--since", since, playbook=house.quick())
    assert said.json["word"] == "contained", said.text
    said = house.run("recover", "--last", "--yes", "--json")
    assert (said.code, said.json["word"]) == (2, "partially-recovered"), said.text
    assert house.closed() == (False, False, True)
    assert house.state()["paths"]["crm-api"]["addresses"] == ["203.0.113.10", "203.0.113.11"], "not his list"
    (_, _, tainted), *_ = house.events("tainted")
    assert tainted["effect"] == "path/crm-api"
    said = house.run(
        "recover", "--last", "--yes", "--json", "--tick", "path/crm-api", "--as", "ana", "--reason", "I asked them"
    )
    assert said.code == 1, "a responder may not say so"
    said = house.run(
        "recover", "--last", "--yes", "--json", "--tick", "path/crm-api", "--as", "cleo", "--reason", "I asked them"
    )
    assert said.json["word"] == "recovered", said.text
    assert house.until(lambda: house.state()["paths"]["crm-api"]["addresses"] == ["198.51.100.7"])


@pytest.mark.long
def test_a_snapshot_that_was_altered_is_not_believed(house):
    house.up("--attacker", "none")
    discovered(house)
    with closing(sqlite3.connect(house.home / "journal.db")) as journal, journal:
        journal.execute("UPDATE things SET body = replace(body, '\"any\"', '\"only\"') WHERE kind = 'path'")
    assert house.run("integrations", "snapshots", "--verify").code == 4
    assert house.contain(playbook=house.quick()).json["word"] == "contained"
    said = house.run("recover", "--last", "--yes")
    assert "was altered" in said.text
    assert house.closed() == (False, False, False), "what the run itself saw still counts"
