"""What was changed before the run came: recovery leaves it off, says so, and gives it back on a commander's tick alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

HIS = {"mode": "only", "addresses": ["198.51.100.66"]}


@pytest.fixture
def tampered(house):
    """(house, run): discovered, then an address of his let in, then contained."""
    house.up("--attacker", "none", "--tokens", "4")
    assert house.run("integrations", "discover", "--sandbox").code == 0
    assert house.run("sandbox", "by-hand", "allow-list", *HIS["addresses"]).code == 0
    house.until(lambda: house.state()["paths"]["crm-api"] == HIS)
    said = house.contain(playbook=house.quick())
    assert (said.code, said.json["word"]) == (0, "contained"), said.text
    return house, said.json["run"]


def _puts(house):
    return [one["path"] for one in house.log(write=True) if one["method"] == "PUT"]


@pytest.mark.long
def test_it_stays_off_and_is_named_until_a_commander_ticks_it(tampered):
    house, run = tampered
    before = _puts(house).count("/firewall/paths/crm-api")
    said = house.run("recover", run, "--yes")
    assert said.code == 2, said.text
    assert house.words()[-1] == "partially-recovered"
    assert house.closed() == (False, False, True), "the rest is given back"
    assert _puts(house).count("/firewall/paths/crm-api") == before
    assert "TAINTED" in said.text
    assert "addresses was [] and had become ['198.51.100.66']" in said.text
    assert "--tick" in said.text

    again = house.run("recover", run, "--yes")
    assert (again.code, house.closed()) == (2, (False, False, True)), again.text
    for who, what, sentence in (
        ("ana", "path", "a commander does"),
        ("cleo", "client", "nothing tainted by the name 'client'"),
    ):
        refused = house.run("recover", run, "--yes", "--tick", what, "--reason", "looked", "--as", who)
        assert refused.code == 1, refused.text
        assert sentence in refused.text
    assert "--reason" in house.run("recover", run, "--yes", "--tick", "path", "--as", "cleo").text
    assert house.closed() == (False, False, True)

    done = house.run("recover", run, "--yes", "--tick", "path", "--reason", "our own test", "--as", "cleo", "--json")
    assert (done.code, done.json["word"]) == (0, "recovered"), done.text
    assert house.state()["paths"]["crm-api"] == HIS
    assert len(house.events("tainted")) == 1
    assert [(body["effects"], body["how"]) for _, _, body in house.events("ticked")] == [(["path/crm-api"], "token")]
    page = (house.home / "reports" / f"{run}.html").read_text()
    assert "ticked by" in page
    assert house.run("journal", "verify").code == 0


@pytest.mark.long
def test_a_snapshot_that_was_altered_shows_nothing_and_the_approver_is_told(tampered):
    house, run = tampered
    with closing(sqlite3.connect(house.home / "journal.db")) as journal:
        changed = journal.execute(
            'UPDATE things SET body = replace(body, \'"mode":"any"\', \'"mode":"only"\')'
        ).rowcount
        journal.commit()
    assert changed
    said = house.run("recover", run, "--yes")
    assert "Nothing shows what was clean before" in said.text, said.text
    assert "altered" in said.text or "not what" in said.text
    assert "stand on the before-state of this run alone" in said.text


def test_what_was_changed_after_the_first_sign_of_him_is_compared_with_what_was_before(house):
    """A discovery that ended after `since` is his as well as ours: it shows nothing."""
    house.up("--attacker", "none", "--tokens", "4")
    assert house.run("integrations", "discover", "--sandbox").code == 0
    said = house.contain("--since", "2h", playbook=house.quick())
    assert (said.code, said.json["word"]) == (0, "contained"), said.text
    back = house.run("recover", said.json["run"], "--yes")
    assert back.code == 0, back.text
    assert "no discovery ended before the first sign of the attacker" in back.text
    assert house.run("contain", "stolen_oauth_tokens", "--sandbox", "--since", "2999-01-01T00:00:00Z").code == 1
