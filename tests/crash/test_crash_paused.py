"""A worker that was paused and wakes after its lease: the journal's fence and the guard before each send hold it off."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime

import pytest

from engine.settle import ADRIFT_WAIT_S
from journal.proof.verify import verify_url

pytestmark = pytest.mark.crash

LEASE_S = 12


def _revokes(house):
    return [one for one in house.log(write=True) if one["path"].endswith("/revoke")]


def _seconds(earlier, later):
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _pause(house, process):
    """Stop it between two of its transactions: in one it would keep the whole SQLite file locked until it wakes."""
    with closing(sqlite3.connect(house.home / "journal.db", timeout=0.1, isolation_level=None)) as journal:
        while True:
            process.send_signal(signal.SIGSTOP)
            try:
                journal.execute("BEGIN IMMEDIATE")
                journal.execute("ROLLBACK")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.003)
            else:
                return


@pytest.mark.slow
def test_a_worker_paused_in_its_cut_sends_and_writes_nothing_after_another_has_taken_its_run(house):
    house.up("--tokens", "300", "--attacker", "none", "--lag-s", "0.1")
    house.faults(slow_s=0.3)
    paused = house.start("contain", house.quick(), "--sandbox", "--yes", RINGFENCE_LEASE_S=str(LEASE_S))
    house.until(lambda: len(_revokes(house)) > 30)
    _pause(house, paused.process)
    house.faults()
    run = house.the_run()
    house.until(lambda: house.live_tokens() and house.log()[-1]["at"])
    assert len(house.live_tokens()) > 50, "it was paused too late to prove anything"

    early = house.run("resume", run)
    assert early.code == 1
    assert f"carried out by process {paused.process.pid}" in early.text
    while (done := house.run("resume", run, "--json")).code == 1:
        assert "its lease lapses in" in done.text
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    house.assert_nothing_sent_blind()
    (taken_at, _, taken), *_ = house.events("leased")
    assert taken["gone"] == "lapsed"
    answered = {body["effect"] for at, _, body in house.events("answered") if at < taken_at}
    doubtful = {body["effect"] for at, _, body in house.events("intended") if at < taken_at} - answered
    again = [at for at, _, body in house.events("intended") if at > taken_at and body["effect"] in doubtful]
    assert again, "nothing that was in doubt had to be sent again: nothing is proven"
    assert _seconds(taken_at, min(again)) >= ADRIFT_WAIT_S, "a request of the paused worker may still be on its way"

    sent, written = len(house.log()), house.events()
    paused.process.send_signal(signal.SIGCONT)
    woken = paused.end()
    assert woken.code == 2, woken.text
    assert f"no longer holds run {run}" in woken.text
    assert house.events() == written
    late = house.log()[sent:]
    assert [one for one in late if one["write"] and not one["path"].endswith("/revoke")] == []
    assert len([one for one in late if one["write"]]) <= 1, "at most the call that was past its guard"
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RINGFENCE_LEASE_S", "3", "12 to 3600 seconds"), ("RINGFENCE_LEASE_S", "nan", "12 to 3600 seconds"),
        ("RINGFENCE_LEASE_S", "soon", "12 to 3600 seconds"), ("RINGFENCE_KILL_AT", "during:send", "is no fault point"),
    ],
)  # fmt: skip
def test_a_senseless_setting_is_refused_before_anything_is_done(house, name, value, said):
    refused = house.run("supervise", "--once", **{name: value})
    assert refused.code == 1
    assert f"{name}='{value}'" in refused.text
    assert said in refused.text
