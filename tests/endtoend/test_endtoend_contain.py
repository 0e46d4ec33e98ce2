"""A containment as a responder has it: the word, what it rests on, and what the provider saw."""

from __future__ import annotations

import pytest

KEYS = {
    "run": None, "incident": None, "word": None, "seconds": {"hold", "cut", "total"},
    "effects": {"planned", "effective", "residual", "held_already", "failed", "contested", "in_doubt"},
    "proof": {"tried", "seen", "quiet", "attested", "said"},
    "footholds": {"declared", "covered", "closed", "residual", "open", "unknown"},
    "radius": {"footholds", "discovered", "credentials", "people", "data", "stops"}, "ways": {"client", "run_as", "api_path"},
    "residual_until": None, "attacker_calls_after": None, "plan_hash": None, "scope_hash": None,
    "journal": {"events", "head"}, "report": None,
}  # fmt: skip
KEY = {"id": "api_key", "kind": "key", "at": "practice_crm", "key": "k1"}
NOWHERE = {"id": "badge", "kind": "key", "key": "k2"}
SECOND = {"id": "second", "kind": "client", "at": "practice_idp", "client": "pdf-tools"}


@pytest.fixture
def contained(house):
    """(house, what the command said) of one containment with a plain thief."""
    said = house.contain()
    assert said.code == 0, said.text
    return house, said


def test_no_attacker_success_after_the_word_and_no_secret_left_anywhere(contained):
    house, said = contained
    found = said.json
    assert {name: set(part) if isinstance(part, dict) else None for name, part in found.items()} == KEYS
    assert found["word"] == house.words()[-1] == "contained"
    assert found["footholds"] == {
        "declared": 3, "covered": 3, "closed": 3, "residual": 0, "open": 0, "unknown": 0,
    }  # fmt: skip
    assert found["effects"]["effective"] == found["proof"]["seen"] >= 45
    assert found["attacker_calls_after"] > 0, "he was not at it: nothing is proven"
    house.assert_word_true()
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    assert not [s for s in house.state()["sessions"] if s["user"] == "svc-drift" and s["alive"]]
    received = house.assert_nothing_sent_blind()
    assert set(received.values()) == {1}, "a provider without faults needs each write once"

    assert _holds_settled_before_the_approval(house)
    assert not [one for one in house.log() if "calendar" in one["path"]]
    assert len(house.live_tokens("calendar-sync")) == 5
    assert house.state()["clients"]["calendar-sync"]["enabled"]
    assert not house.state()["users"]["svc-calendar"]["frozen"]
    assert [s["alive"] for s in house.state()["sessions"] if s["user"] == "svc-calendar"] == [True]

    assert house.run("check", "--last").code == 0
    house.run("status")
    house.run("journal", "show", "--limit", "0")
    house.run("sandbox", "status")
    _holds_no_secret(house)


def _holds_settled_before_the_approval(house):
    (approved, _, _), *_ = house.events("approved")
    settled = {body["step"]: at for at, _, body in house.events("settled") if body["word"] == "effective"}
    return all(settled[step] < approved for step in ("client", "user", "path"))


def _holds_no_secret(house):
    """Not in what was said, and in no file but the handshake itself."""
    secrets = {name: value.encode() for name, value in house.secrets.items() if value}
    assert len(secrets) >= 9
    handshake = house.home / "sandbox" / "handshake.json"
    texts = {str(number): said.text.encode() for number, said in enumerate(house.said)}
    texts |= {str(f): f.read_bytes() for f in house.home.rglob("*") if f.is_file() and f != handshake}
    assert str(house.home / "journal.db") in texts
    assert [(name, where) for where, text in texts.items() for name, value in secrets.items() if value in text] == []


@pytest.mark.slow
def test_an_admin_who_switches_things_back_on_is_said_and_does_not_win(house):
    house.up("--attacker", "admin")
    said = house.contain()
    assert said.code == 0, said.text
    words = house.words()
    assert words[-1] == "contained"
    assert "contested" in words[: len(words) - words[::-1].index("contained")]
    assert [one for one in house.log("attacker", write=True) if one["method"] == "PUT" and one["status"] == 200]
    house.assert_word_true()
    assert house.closed() == (True, True, True)
    house.assert_nothing_sent_blind()


@pytest.mark.parametrize("foothold", [KEY, NOWHERE, SECOND], ids=lambda one: one["id"])
def test_a_foothold_that_the_playbook_does_not_reach_is_named_and_never_contained(house, foothold):
    said = house.run(
        "contain", house.quick(), "--sandbox", "--yes", "--integrations", house.integrations(foothold)
    )  # fmt: skip
    assert said.code == 2, said.text
    assert house.words()[-1] == "partially-contained"
    assert "contained" not in house.words()
    assert foothold["id"] in said.text.partition("Approved by")[2], "the end says what is not closed"
    (_, _, body) = house.events("worded")[-1]
    assert body["footholds"][foothold["id"]]["state"] == "not-in-playbook"
    assert house.closed() == (True, True, True), "what it does reach is closed all the same"
    assert not house.live_tokens()


def test_a_find_that_lists_nothing_is_nothing_found(house):
    house.up("--tokens", "0")
    said = house.contain(playbook=house.quick())
    assert said.code == 2, said.text
    assert said.json["word"] == "nothing-found"
    assert "contained" not in house.words()


def test_a_dry_run_plans_the_same_effects_and_writes_nothing(house):
    house.up("--attacker", "none")
    dry = house.run("contain", "stolen_oauth_tokens", "--sandbox", "--dry-run", "--json")
    assert (dry.code, dry.json["word"]) == (0, "dry-run"), dry.text
    planned = house.run("plan", "stolen_oauth_tokens", "--sandbox", "--json")
    assert planned.code == 0, planned.text
    assert house.log(write=False)
    assert house.log(write=True) == []
    assert house.closed() == (False, False, False)
    # The vendor works on and may refresh a token between two looks: count what was asked for with what was there.
    live = house.contain(playbook=house.quick())
    assert live.code == 0, live.text
    vendor = [one for one in house.log("vendor") if one["path"] == "/idp/oauth/token" and one["status"] == 200]
    counts = [said.json["effects"]["planned"] for said in (dry, live)]
    assert 0 <= counts[1] - counts[0] <= len(vendor)
    assert dry.json["effects"]["effective"] == 0
    assert dry.json["scope_hash"] is not None


def test_without_a_terminal_and_without_yes_it_holds_and_waits_for_a_person(house):
    said = house.run("contain", house.quick(), "--sandbox", "--json")
    assert said.code == 3, said.text
    assert said.json["word"] == house.words()[-1] == "waiting"
    assert house.closed() == (True, True, True)
    acted = [one for one in house.log(write=True) if not one["path"].startswith("/chat/")]
    assert {one["method"] for one in acted} == {"PUT"}, "only holds were sent"
    assert len(house.live_tokens()) >= 40
    assert house.events("approved") == []
    again = house.run("resume", said.json["run"], "--yes", "--json")
    assert (again.code, again.json["word"]) == (0, "contained"), again.text
    house.assert_word_true()
    house.assert_nothing_sent_blind()


def test_two_at_once_are_one_run_and_the_other_is_told_which(house):
    house.up("--tokens", "100")
    playbook = house.quick()
    both = [house.start("contain", playbook, "--sandbox", "--yes", "--json") for _ in range(2)]
    won, lost = sorted((one.end() for one in both), key=lambda said: said.code)
    assert (won.code, lost.code) == (0, 1), won.text + lost.text
    run = won.json["run"]
    assert run in lost.err
    assert house.the_run() == run
    house.assert_word_true()
    assert set(house.assert_nothing_sent_blind().values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 11])
@pytest.mark.long
def test_the_word_is_true_over_a_provider_that_is_busy_loses_answers_and_lies(house, seed):
    house.up("--seed", seed)
    house.faults(busy=0.05, lost=0.05, false_200=0.05, seed=seed)
    said = house.contain()
    assert (said.code, said.json["word"]) == (0, "contained"), said.text
    met = {one["fault"] for one in house.log()}
    assert {"busy", "lost"} <= met
    house.assert_word_true()
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    house.assert_nothing_sent_blind()
    assert house.state()["messages"] <= 1


def test_a_report_that_cannot_be_written_hides_neither_the_word_nor_the_exit(house):
    house.up("--attacker", "none")
    (house.home / "reports").write_text("a file where a folder belongs")
    said = house.contain(playbook=house.quick())
    assert (said.code, said.json["word"], said.json["report"]) == (0, "contained", None), said.text
    assert "could not be written" in said.text


@pytest.mark.slow
def test_a_system_that_is_down_stops_nobody_else_and_its_foothold_is_named(house):
    house.up("--mint-per-s", "0")  # what is approved is the scope of some seconds ago
    config = house.live_config(urls={"practice_firewall": "http://127.0.0.1:1/firewall"})
    book = house.quick(("  - id: path\n", "  - id: path\n    within: 2s\n"))
    words = (book, "--config", config, "-i", "integration=drift")
    said = house.run("contain", *words, "--yes", "--scope-hash", house.scope(*words))
    assert said.code == 2, said.text
    assert house.words()[-1] == "partially-contained"
    (_, _, body) = house.events("worded")[-1]
    states = {name: one["state"] for name, one in body["footholds"].items()}
    assert states.pop("api_path") in {"unknown", "open"}
    assert set(states.values()) == {"closed"}
    assert "api_path" in said.text.partition("Approved by")[2]
    assert not house.live_tokens()
    assert house.closed() == (True, True, False)


@pytest.mark.long
def test_a_company_that_was_contained_starts_afresh_for_the_next_practice(house):
    house.up("--tokens", "5")
    first = house.run("contain", house.quick(), "--sandbox", "--yes", "--json")
    before = house.run("sandbox", "status", "--json").json["url"]
    assert house.run("contain", house.quick(), "--sandbox", "--dry-run").code == 0
    assert house.run("sandbox", "status", "--json").json["url"] == before, "a dry run changes nothing"
    second = house.run("contain", house.quick(), "--sandbox", "--yes", "--json")
    assert [first.json["word"], second.json["word"]] == ["contained", "contained"], second.text
    assert "starts afresh" in second.text
    now = house.run("sandbox", "status", "--json").json
    assert now["url"] != before
    assert now["options"]["tokens"] == 5, "with the same options"


@pytest.mark.slow
def test_an_empty_list_beside_steps_that_gave_up_comes_to_a_word(house):
    house.up("--tokens", "0", "--attacker", "none")
    house.faults(false_200=1.0)
    uses = (
        "practice_idp.disable_client",
        "practice_crm.freeze_user",
        "practice_firewall.allow_only",
        "practice_crm.end_session",
    )
    playbook = house.quick(*((f"uses: {name}", f"uses: {name}\n    within: 3s") for name in uses))
    done = house.contain("--attacker", "none", playbook=playbook)
    assert done.code == 2, done.text
    assert done.json["word"] in {"partially-contained", "nothing-found"}
    assert house.closed() == (False, False, False)
