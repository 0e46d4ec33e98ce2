"""Wrong inputs: one clear message, exit 1, no traceback, and the provider hears of no write."""

from __future__ import annotations

import pytest

UNTYPED = ("inputs:\n", "inputs:\n  since: {type: time}\n")
WRONG_WORDS = {
    "unknown playbook": (["stolen_oauth_token"], "did you mean 'stolen_oauth_tokens'?"),
    "no such file": (["no/such.yaml"], "no file no/such.yaml"),
    "unknown integration": (["stolen_oauth_tokens", "-i", "integration=drfit"], "did you mean 'drift'?"),
    "unknown input": (["stolen_oauth_tokens", "-i", "integraton=drift"], "did you mean 'integration'?"),
    "an input without a value": (["stolen_oauth_tokens", "-i", "integration"], "-i NAME=VALUE"),
    "an unreadable file": (["stolen_oauth_tokens", "-i", "integration=@none.txt"], "none.txt"),
    "unknown option": (["stolen_oauth_tokens", "--dryrun"], "--help"),
}
BY_PEOPLE = ("mode: auto", "mode: propose")  # what starts by itself may ask for no further input
WRONG_TEXTS = {
    "missing input": (UNTYPED, [], "'since' is missing"),
    "ill-typed input": (UNTYPED, ["-i", "since=soon"], "since"),
    "unknown key": (("  - id: user\n", "  - idd: user\n"), [], ":24:5: unknown key 'idd'"),
    "wrong step": (("steps.found.items", "steps.fond.items"), [], "did you mean 'found'?"),
    "wrong field": (("practice_crm.user}", "practice_crm.usr}"), [], "did you mean 'user'?"),
    "wrong action": (("practice_crm.freeze_user", "practice_crm.freeze_users"), [], "practice_crm.freeze_user"),
    "a cut above the wall": (("  - approve: approver\n    within: 10m\n", ""), [], "approve"),
}


def _refused(house, said, sentence):
    assert said.code == 1, said.text
    assert sentence in said.err
    assert house.log(write=True) == []
    assert house.closed() == (False, False, False)


@pytest.fixture
def up(house):
    house.up("--attacker", "none")
    return house


@pytest.mark.slow
def test_wrong_words_are_refused_before_anything_is_opened(up):
    for words, sentence in WRONG_WORDS.values():
        said = up.run("contain", *words, "--sandbox", "--yes")
        _refused(up, said, sentence)
        assert len(said.err.splitlines()) == 1
        assert said.out == ""
    assert up.log() == [], "not even looked"
    assert not (up.home / "journal.db").exists()


@pytest.mark.slow
def test_wrong_playbooks_are_refused_with_their_place_before_anything_is_opened(up):
    for change, words, sentence in WRONG_TEXTS.values():
        said = up.run("contain", up.quick(change, BY_PEOPLE), "--sandbox", "--yes", *words)
        _refused(up, said, sentence)
        assert said.out == ""
    assert up.log() == [], "not even looked"
    assert not (up.home / "journal.db").exists()


@pytest.mark.slow
def test_a_provider_that_nobody_reaches_is_refused_and_said_once(up):
    urls = {name: f"http://127.0.0.1:1/{name}" for name in ("practice_idp", "practice_crm", "practice_firewall")}
    said = up.run(
        "contain", "stolen_oauth_tokens", "--config", up.live_config(urls=urls), "-i", "integration=drift", "--yes", "--scope-hash", "0" * 64,
    )  # fmt: skip
    _refused(up, said, "no connection")
    assert "http://127.0.0.1:1/practice_idp" in said.err
    assert up.words() == ["refused"]
    assert up.events("intended") == []


def test_a_wrong_secret_is_refused_and_does_not_lock_the_integration(up):
    wrong = dict.fromkeys(("practice_idp", "practice_crm", "practice_firewall"), "not-the-key")
    words = [up.quick(), "-i", "integration=drift"]
    more = ["--yes", "--scope-hash", "0" * 64, "--json", "--config"]
    said = up.run("contain", *words, *more, up.live_config(keys=wrong))
    _refused(up, said, "401")
    assert "not-the-key" not in said.text
    assert up.events("intended") == []
    config = up.live_config()
    more[1:3] = ["--scope-hash", up.scope(*words, "--config", config)]
    mended = up.run("contain", *words, *more, config)
    assert (mended.code, mended.json["word"]) == (0, "contained"), mended.text
    assert not up.live_tokens()


def test_resume_recover_and_stop_of_a_run_that_is_not_there_say_so(house):
    for words in (
        ["resume", "R-1"],
        ["recover", "R-1"],
        ["stop", "R-1"],
        ["check", "R-1"],
        ["resume"],
        ["resume", "--last"],
    ):
        said = house.run(*words)
        assert said.code == 1, said.text
        assert len(said.err.splitlines()) == 1
