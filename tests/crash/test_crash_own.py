"""Killed around the records of the journal's own chain: openings, closings, anchors. The run ends well, the record is whole."""

from __future__ import annotations

import json
import signal

import pytest

from journal.proof.verify import verify_url

pytestmark = [pytest.mark.crash, pytest.mark.long]

KILLED = -signal.SIGKILL


def _own(house):
    rows = house.rows("SELECT type, body FROM events WHERE run = '@journal' ORDER BY n")
    return [(kind, json.loads(body)) for kind, body in rows]


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("point", ["opened", "anchored", "closed"])
def test_killed_around_a_record_of_the_journals_own_chain_nothing_is_half_done(house, side, point):
    house.up("--tokens", "4", "--attacker", "none")
    killed = house.contain(playbook=house.quick(), RINGFENCE_KILL_AT=f"{side}:own-{point}")
    assert killed.code == KILLED, killed.text
    kinds = [kind for kind, _ in _own(house)]
    assert (point in kinds) is (side == "after")
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []
    if "opened" not in kinds:
        assert house.rows("SELECT count(*) FROM events") == [(0,)]
        done = house.contain(playbook=house.quick())
    else:
        done = house.run("resume", house.the_run(), "--yes", "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    own = _own(house)
    assert own[0][0] == "opened"
    ended = house.rows("SELECT max(n) FROM events WHERE run = ?", house.the_run())
    assert [(body["n"],) for kind, body in own if kind == "closed"][-1:] == ended
    anchored = [body["n"] for kind, body in own if kind == "anchored"]
    assert anchored[-1:] == [ended[0][0]]
    house.assert_nothing_sent_blind()
    assert house.run("journal", "verify").code == 0


def test_killed_around_the_record_that_a_closed_run_was_taken_up_it_is_recovered_all_the_same(house):
    house.up("--tokens", "4", "--attacker", "none")
    done = house.contain(playbook=house.quick())
    run = done.json["run"]
    for side, there in (("before", 0), ("after", 1)):
        killed = house.run("recover", run, "--yes", "--json", RINGFENCE_KILL_AT=f"{side}:own-resumed")
        assert killed.code == KILLED, killed.text
        assert sum(kind == "resumed" for kind, _ in _own(house)) == there
        assert verify_url(f"sqlite:///{house.home}/journal.db") == []
    done = house.run("resume", run, "--yes", "--json")
    assert (done.code, done.json["word"]) == (0, "recovered"), done.text
    assert house.run("journal", "verify").code == 0
