"""`ringfence supervise`: runs whose process died are carried on without any person, and nothing is doubled or invented."""

from __future__ import annotations

import json
import signal
from collections import Counter

import pytest

from journal.proof.verify import verify_url
from tests.crash.conftest import EVERY_KIND

pytestmark = [pytest.mark.crash, pytest.mark.long]

KILLED = -signal.SIGKILL


def _killed(house, point, *more, attacker="none"):
    house.up("--tokens", "4", "--attacker", attacker, "--lag-s", "0.1")
    killed = house.run("contain", EVERY_KIND, "--sandbox", *more, RINGFENCE_KILL_AT=point)
    assert killed.code == KILLED, killed.text
    return house.the_run()


def _said(text):
    return [json.loads(line) for line in text.splitlines()]


def _own(house, type_):
    rows = house.rows("SELECT body FROM events WHERE run = '@journal' AND type = ? ORDER BY n", type_)
    return [json.loads(body) for (body,) in rows]


def _sent_once(house):
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    assert set(house.assert_nothing_sent_blind().values()) == {1}
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []


def test_a_containment_that_is_killed_midway_is_contained_within_seconds_without_any_person(house):
    house.up("--tokens", "4", "--attacker", "plain", "--lag-s", "0.1")
    begun = house.start("supervise", "--json")
    killed = house.run("contain", EVERY_KIND, "--sandbox", "--yes", RINGFENCE_KILL_AT="after:answered@tokens")
    assert killed.code == KILLED, killed.text
    house.until(lambda: house.rows("SELECT 1 FROM leases WHERE run != '@journal' AND owner IS NULL"), 30)
    assert house.words()[-1] == "contained"
    _sent_once(house)
    house.assert_word_true(wait_s=1.0)
    house.until(lambda: '"went"' in begun.files[0].read_text(), 20)
    begun.process.send_signal(signal.SIGTERM)
    ended = begun.end()
    assert ended.code == 0, ended.text
    assert [(one["did"], one["word"]) for one in _said(ended.out)] == [("taken", ""), ("went", "contained")]


def test_the_end_of_the_supervisor_is_not_the_end_of_what_it_took_up(house):
    run = _killed(house, "after:answered@tokens", "--yes")
    house.faults(slow_s=0.5)
    begun = house.start("supervise")
    house.until(lambda: house.events("leased"))
    begun.process.send_signal(signal.SIGINT)
    ended = begun.end()
    assert ended.code == 0, ended.text
    assert f"go on to their end: {run}" in ended.text
    assert "contained" not in house.words(), "it had ended before: nothing is proven"
    house.faults()
    house.until(lambda: house.rows("SELECT 1 FROM leases WHERE run != '@journal' AND owner IS NULL"), 60)
    assert house.words()[-1] == "contained"
    _sent_once(house)


def test_an_approval_that_nobody_gave_is_not_invented(house):
    run = _killed(house, "after:answered@user")
    once = house.run("supervise", "--once")
    assert once.code == 3, once.text
    assert f"`ringfence resume {run}` asks for the approval" in once.text
    assert (house.words()[-1], house.events("approved")) == ("waiting", [])
    acted = [one for one in house.log(write=True) if not one["path"].startswith("/chat/")]
    assert {one["method"] for one in acted} == {"PUT"}, "only holds were sent"
    again = house.run("supervise", "--once", "--json")
    assert (again.code, again.out) == (0, ""), "it waits for people: it is left alone"


def test_a_drill_whose_sandbox_is_gone_is_given_up_and_recorded_once(house):
    run = _killed(house, "after:answered@user", "--yes")
    assert house.run("sandbox", "down").code == 0
    once = house.run("supervise", "--once")
    assert once.code == 2, once.text
    assert f"GIVEN UP: run {run}" in once.text
    assert "sandbox that it was carried out on does not run any more" in once.text
    (given_up,) = _own(house, "given_up")
    assert given_up["run"] == run
    again = house.run("supervise", "--once", "--json")
    assert (again.code, again.out) == (0, "")
    assert len(_own(house, "given_up")) == 1
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []


def test_a_run_that_kills_its_process_kills_no_supervisor(house):
    run = _killed(house, "after:intended@tokens", "--yes")
    once = house.run("supervise", "--once", "--json", RINGFENCE_KILL_AT="after:leased")
    assert once.code == 2, once.text
    assert [(one["did"], one["said"]) for one in _said(once.out)][1:] == [("went", "killed by signal 9")]
    assert house.run("supervise", "--once").code == 0
    assert house.words()[-1] == "contained"
    assert len(house.events("leased", run=run)) == 2
    _sent_once(house)


@pytest.mark.slow
def test_two_supervisors_at_once_double_nothing(house):
    run = _killed(house, "after:send@tokens", "--yes")
    both = [house.start("supervise", "--once", "--json") for _ in range(2)]
    ended = [one.end() for one in both]
    assert house.words()[-1] == "contained"
    assert len(house.events("leased", run=run)) == 1, "one of them had it"
    did = Counter(said["did"] for one in ended for said in _said(one.out))
    assert (did["went"], did["given_up"], did["failed"]) == (1, 0, 0)
    assert [one.code for one in ended] == [0, 0]
    _sent_once(house)
