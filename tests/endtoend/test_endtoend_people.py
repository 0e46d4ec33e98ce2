"""Walls and the people before them, each command a process of its own: who opens one, who does not, and what it says of that."""

from __future__ import annotations

import json
import signal
import time
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

BOOKS = Path(__file__).with_name("playbooks")


@pytest.fixture
def parked(house):
    """(house, run, scope) of a containment that ana asked for: it holds, waits, and its process is gone."""
    house.up("--tokens", "10")
    said = house.run("contain", house.quick(), "--sandbox", "--as", "ana", "--json")
    assert (said.code, said.json["word"]) == (3, "waiting"), said.text
    assert house.closed() == (True, True, True)
    return house, said.json["run"], said.json["scope_hash"]


def _says(house, verb, run, scope, who, *more):
    return house.run(verb, run, "--as", who, "--scope-hash", scope, "--json", *more)


def _turned_away(house):
    return [body["code"] for _, _, body in house.events("turned_away")]


def test_two_people_and_no_process_between_them(parked):
    house, run, scope = parked
    assert "nobody watches what it holds" in house.run("status").out
    said = _says(house, "approve", run, scope, "ben")
    assert said.code == 0, said.text
    assert [kind for _, kind, _ in house.events("decided", "approved")] == ["decided", "approved"]
    assert house.live_tokens(), "approve only records"
    done = house.run("resume", run, "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    house.assert_word_true()
    (approved, _, _), *_ = house.events("approved")
    holds = {b["step"]: at for at, _, b in house.events("settled") if b["step"] in {"client", "user", "path"}}
    assert len(holds) == 3
    assert all(at < approved for at in holds.values())
    assert set(house.assert_nothing_sent_blind().values()) == {1}
    assert house.run("journal", "verify").code == 0


@pytest.mark.parametrize(
    ("verb", "who", "scope", "code"),
    [
        ("approve", "ana", "", "requester"),
        ("approve", "eve", "", "target"),
        ("object", "eve", "", "target"),
        ("approve", "dora", "0" * 64, "stale"),
    ],
)
@pytest.mark.long
def test_what_does_not_count_does_nothing_is_told_and_is_in_the_record(parked, verb, who, scope, code):
    house, run, asked = parked
    more = ("--reason", "no") if verb == "object" else ()
    said = _says(house, verb, run, scope or asked, who, *more)
    assert said.code == 1, said.text
    assert _turned_away(house) == [code]
    assert house.events("approved") == house.events("objected") == []
    again = house.run("resume", run, "--json")
    assert (again.code, again.json["word"]) == (3, "waiting"), again.text
    assert house.live_tokens()


def test_seen_at_it_one_responder_cuts_alone_and_another_looks_at_it_afterwards(parked):
    house, run, scope = parked
    assert house.events("asked")[-1][2]["hot"]
    assert _says(house, "approve", run, scope, "eve", "--hot").code == 1, "a target has no say, hot or not"
    said = _says(house, "approve", run, scope, "ana", "--hot", "--carry-on")
    assert said.code == 0, said.text
    assert house.words()[-1] == "contained"
    ((_, _, approved),) = house.events("approved")
    assert approved["hot"]
    assert approved["review_by"]
    assert "looks at approve" in house.run("status", run).out
    assert house.run("review", run, "--as", "ana", "--reason", "it was right").code == 1, "not one's own"
    assert house.run("review", run, "--as", "ben", "--reason", "he was reading, it was right").code == 0
    assert "looks at approve" not in house.run("status", run).out


def test_the_hot_rule_needs_somebody_seen_at_it(house):
    house.up("--attacker", "none", "--tokens", "3")
    said = house.run("contain", house.quick(), "--sandbox", "--as", "ana", "--json")
    away = _says(house, "approve", said.json["run"], said.json["scope_hash"], "ana", "--hot")
    assert away.code == 1, away.text
    assert _turned_away(house) == ["not_hot"]


def test_one_objection_asks_for_more_and_kills_nothing(parked):
    house, run, scope = parked
    assert _says(house, "object", run, scope, "ben", "--reason", "the wrong vendor?").code == 0
    rests = house.run("resume", run, "--json")
    assert (rests.code, rests.json["word"]) == (3, "objected"), rests.text
    assert house.closed() == (True, True, True), "what is held stays held"
    assert _says(house, "approve", run, scope, "cleo").code == 0
    done = house.run("resume", run, "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text


def test_the_supervisor_goes_on_once_they_have_answered_and_watches_until_then(parked):
    house, run, scope = parked
    idle = house.run("supervise", "--once")
    assert run not in idle.out, idle.text
    assert _says(house, "approve", run, scope, "ben").code == 0
    took = house.run("supervise", "--once")
    assert "people have answered" in took.out, took.text
    assert house.words()[-1] == "contained"
    house.assert_word_true()


@pytest.mark.long
def test_a_supervisor_that_runs_goes_on_within_seconds_of_the_answer_and_says_so(house):
    house.up("--tokens", "5")
    begun = house.start("supervise")
    said = house.run("contain", house.quick(), "--sandbox", "--as", "ana", "--json")
    assert "what it holds is watched" in house.run("status").out
    time.sleep(2.5)  # some sweeps see it rest
    assert _says(house, "approve", said.json["run"], said.json["scope_hash"], "ben").code == 0
    house.until(lambda: house.words()[-1] == "contained", 30)
    house.until(lambda: "contained" in begun.files[0].read_text(), 30)
    time.sleep(1.5)  # and some see that it is over
    begun.process.send_signal(signal.SIGTERM)
    ended = begun.end()
    assert ended.code == 0, ended.text
    assert ended.out.count("people have answered") == 1
    assert ended.err == ""
    house.assert_word_true()


def test_a_visit_closes_again_what_was_switched_back_on_and_waits_on(parked):
    house, run, _ = parked
    assert house.run("sandbox", "by-hand", "client", "on").code in {0, 1}
    opened = house.run("sandbox", "by-hand", "allow-list", "198.51.100.7")
    assert opened.code == 0, opened.text
    visit = house.run("resume", run, "--visit", "--json")
    assert (visit.code, visit.json["word"]) == (3, "waiting"), visit.text
    assert house.state()["paths"]["crm-api"]["addresses"] == ["203.0.113.10", "203.0.113.11"]
    assert house.events("approved") == []
    assert len(house.events("asked")) == 1, "a question that stands is not asked again"


def test_what_he_mints_until_the_approval_is_swept_in_without_another_question(house):
    house.up("--tokens", "10")
    planned = house.run("plan", house.quick(), "--sandbox", "--json")
    said = house.run("contain", house.quick(), "--sandbox", "--as", "ana", "--json")
    assert said.json["scope_hash"] == planned.json["scope_hash"], "what he mints does not move the scope"
    run, scope = said.json["run"], said.json["scope_hash"]
    fresh = house.handshake["secrets"]["idp_key"]
    assert fresh
    assert _says(house, "approve", run, scope, "ben").code == 0
    done = house.run("resume", run, "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    assert len(house.events("approved")) == 1
    assert house.live_tokens() == []
    assert house.state()["attacker"]["minted"] > 0, "he minted nothing: nothing is shown"
    house.assert_word_true()


def test_hold_stops_before_the_wall_and_a_person_goes_on(house):
    house.up("--tokens", "5", "--attacker", "none")
    said = house.run("hold", house.quick(), "--sandbox", "--as", "ana", "--json")
    assert (said.code, said.json["word"]) == (0, "held"), said.text
    assert house.closed() == (True, True, True)
    assert house.events("asked") == []
    again = house.run("resume", said.json["run"], "--visit", "--json")
    assert again.json["word"] == "held", again.text
    on = house.run("resume", said.json["run"], "--yes", "--json")
    assert (on.code, on.json["word"]) == (0, "contained"), on.text


@pytest.mark.long
def test_a_second_one_is_told_which_run_is_at_it_and_may_join(parked):
    house, run, _ = parked
    other = house.run("contain", house.quick(), "--sandbox")
    assert other.code == 1, other.text
    assert run in other.err
    joined = house.run("contain", house.quick(), "--sandbox", "--join", "--json")
    assert (joined.code, joined.json["run"]) == (3, run), joined.text


@pytest.mark.long
def test_a_mended_playbook_is_asked_anew_only_for_what_it_does_beyond_the_approval(parked):
    house, run, scope = parked
    assert _says(house, "approve", run, scope, "ben").code == 0
    more = house.quick(("does_not: Tell what was read, nor", "does_not: Say what was read, nor"))
    adopted = house.run("resume", run, "--with", more, "--json")
    assert (adopted.code, adopted.json["word"]) == (0, "contained"), adopted.text
    assert house.events("adopted")
    assert len(house.events("approved")) == 1, "it does no more than what was approved"


@pytest.mark.long
def test_a_mended_playbook_that_does_more_waits_for_people_again(parked):
    house, run, scope = parked
    assert _says(house, "approve", run, scope, "ben").code == 0
    text = house.quick().read_text()
    more = house.place / "more.yaml"
    more.write_text(text.replace(
        "  - id: told\n", "  - id: others\n    uses: practice_idp.revoke_token\n    for_each: steps.found.items\n"
        "    where: item.kind == 'refresh'\n    with: {token: \"${item.token}\"}\n  - id: told\n",
    ))  # fmt: skip
    adopted = house.run("resume", run, "--with", more, "--json")
    assert (adopted.code, adopted.json["word"]) == (3, "waiting"), adopted.text
    assert adopted.json["scope_hash"] != scope
    stale = _says(house, "approve", run, scope, "dora")
    assert stale.code == 1, stale.text
    assert _says(house, "approve", run, adopted.json["scope_hash"], "dora").code == 0
    assert house.run("resume", run, "--json").json["word"] == "contained"


def _live(house, **people):
    """A live configuration with people, whose tokens lie in files."""
    config = house.live_config()
    found = yaml.safe_load(config.read_text())
    found["people"] = {}
    for name, more in people.items():
        file = house.place / f"{name}.token"
        made = house.run("person", "token", name, "-o", file, "--json")
        assert made.code == 0, made.text
        found["people"][name] = {"name": name.title(), "token": made.json["kept"], **deepcopy(more)}  # else an alias
    config.write_text(yaml.safe_dump(found))
    return config


def test_a_live_run_wants_a_responder_and_nobody_approves_their_own(house):
    house.up("--attacker", "none", "--tokens", "5")
    approver = {"roles": ["approver"]}
    config = _live(house, ana={"roles": ["responder", "approver"]}, ben=approver, dora=approver)
    words = (house.quick(), "--config", config, "-i", "integration=drift")
    nobody = house.run("contain", *words)
    assert nobody.code == 1, nobody.text
    assert "may not start a live run" in nobody.err
    scope = house.scope(*words)
    ana = ("--as", "ana", "--token", f"@{house.place}/ana.token")
    own = house.run("contain", *words, *ana, "--yes", "--scope-hash", scope, "--json")
    assert (own.code, own.json["word"]) == (3, "waiting"), own.text
    assert _turned_away(house) == ["requester"]
    assert house.closed() == (True, True, True)
    ben = ("--as", "ben", "--token", f"@{house.place}/ben.token")
    run = own.json["run"]
    wrong = house.run(
        "approve", run, "--as", "ben", "--token", f"@{house.place}/ana.token", "--scope-hash", scope, "--config", config
    )
    assert wrong.code == 1, wrong.text
    one = house.run("approve", run, *ben, "--scope-hash", scope, "--config", config)
    assert one.code == 3, "41 people x 4 h want two"
    assert house.run("resume", run, "--config", config, "--json").json["word"] == "waiting"
    dora = ("--as", "dora", "--token", f"@{house.place}/dora.token")
    assert house.run("approve", run, *dora, "--scope-hash", scope, "--config", config).code == 0
    done = house.run("resume", run, "--config", config, "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    back = house.run("recover", run, *ben, "--yes", "--config", config, "--json")
    assert (back.code, back.json["word"]) == (3, "waiting"), back.text
    tokens = [(house.place / f"{name}.token").read_text().strip() for name in ("ana", "ben", "dora")]
    kept = "".join(said.text for said in house.said) + "".join(
        file.read_bytes().decode("latin-1") for file in house.home.rglob("*") if file.is_file()
    )
    assert [token for token in tokens if token in kept] == []


def test_live_yes_without_a_terminal_names_the_scope_that_it_approves(house):
    house.up("--attacker", "none", "--tokens", "3")
    words = (house.quick(), "--config", house.live_config(), "-i", "integration=drift")
    refused = house.run("contain", *words, "--yes")
    assert refused.code == 1
    assert "--scope-hash" in refused.err
    assert house.log() == []
    stale = house.run("contain", *words, "--yes", "--scope-hash", "0" * 64, "--json")
    assert (stale.code, stale.json["word"]) == (3, "waiting"), stale.text
    assert _turned_away(house) == ["stale"]
    assert len(house.live_tokens()) >= 3


@pytest.mark.long
def test_what_a_person_does_by_hand_is_waited_for_and_recovered_by_hand(house):
    house.up("--attacker", "none", "--tokens", "4")
    said = house.run("contain", BOOKS / "by_hands.yaml", "--sandbox", "--yes", "--json")
    assert (said.code, said.json["word"]) == (3, "waiting"), said.text
    run = said.json["run"]
    assert house.live_tokens() == [], "the rest does not wait for it"
    assert "Setup > Users > svc-drift > Block" in said.text
    assert house.run("attest", run, "block", "--reason", "", "--as", "ana").code == 1
    assert house.run("attest", run, "user", "--reason", "saw it", "--as", "ana").code == 1
    assert house.run("attest", run, "block", "--reason", "saw it", "--as", "eve").code == 1
    assert house.run("attest", run, "block", "--reason", "clicked, saw Blocked", "--as", "ana").code == 0
    done = house.run("resume", run, "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    assert done.json["proof"]["attested"] == 1
    back = house.run("recover", run, "--yes", "--json")
    assert (back.code, back.json["word"]) == (3, "waiting"), back.text
    assert "Unblock svc-drift" in back.text
    assert house.closed() == (False, False, False)
    assert house.run("attest", run, "block", "--reason", "unblocked", "--as", "ben").code == 0
    whole = house.run("resume", run, "--json")
    assert (whole.code, whole.json["word"]) == (0, "recovered"), whole.text


@pytest.mark.long
def test_macros_close_every_foothold_of_an_integration_without_naming_one(house):
    said = house.run("contain", BOOKS / "cut_off_all.yaml", "--sandbox", "--yes", "--json")
    assert (said.code, said.json["word"]) == (0, "contained"), said.text
    assert house.closed() == (True, True, True)
    assert house.live_tokens() == []
    house.assert_word_true()
    assert set(house.assert_nothing_sent_blind().values()) == {1}
    back = house.run("recover", said.json["run"], "--yes", "--json")
    assert (back.code, back.json["word"]) == (0, "recovered"), back.text
    assert house.closed() == (False, False, False)


@pytest.mark.long
def test_an_incident_is_widened_by_a_run_of_its_own_and_looked_at_as_one(parked):
    house, run, scope = parked
    assert _says(house, "approve", run, scope, "ben").code == 0
    assert house.run("resume", run, "--json").json["word"] == "contained"
    (incident,) = {row[0] for row in house.rows("SELECT DISTINCT incident FROM leases WHERE run = ?", run)}
    other = house.place / "calendar.yaml"
    other.write_text(json.dumps({
        "playbook": "calendar", "title": "The other way in", "breaks": "Calendars.", "does_not": "More.",
        "inputs": {"integration": {"type": "integration", "has": ["practice_idp", "practice_crm"]}},
        "contain": [
            {"id": "apps", "uses": "isolate.application"}, {"id": "users", "uses": "isolate.identity"},
            {"approve": "approver"}, {"id": "cuts", "uses": "isolate.identity"},
        ],
    }))  # fmt: skip
    wide = house.run("widen", incident, "--integration", "calendar", "--playbook", other, "--yes", "--json")
    assert (wide.code, wide.json["word"]) == (0, "contained"), wide.text
    assert wide.json["incident"] == incident
    assert house.live_tokens("calendar-sync") == []
    looked = house.run("check", incident, "--json")
    assert (looked.code, looked.json["closed"], len(looked.json["runs"])) == (0, True, 2), looked.text
