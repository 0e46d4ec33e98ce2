"""A worker that was paused and wakes after its lease: the journal's fence and the guard before each send hold it off."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime

import pytest

from connectors.core.wire import REQUEST_TIMEOUT_S
from journal.clock import boot_s
from journal.proof.verify import verify_url

pytestmark = [pytest.mark.crash, pytest.mark.long]

LEASE_S = 12


def _revokes(house):
    return [one for one in house.log(write=True) if one["path"].endswith("/revoke")]


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


def _cutting(house):
    """A containment that was paused in the midst of its cut, with much of it still to do."""
    house.up("--tokens", "300", "--attacker", "none", "--lag-s", "0.1")
    house.faults(slow_s=0.3)
    paused = house.start("contain", house.quick(), "--sandbox", "--yes", RINGFENCE_LEASE_S=str(LEASE_S))
    house.until(lambda: len(_revokes(house)) > 30)
    _pause(house, paused.process)
    house.faults()
    time.sleep(0.5)  # what the provider had is decided by now
    assert len(house.live_tokens()) > 50, "it was paused too late to prove anything"
    return paused


def _taken_over(house, paused):
    """Wait for the lease to lapse; another process that has taken the run."""
    early = house.run("resume", house.the_run())
    assert early.code == 1
    assert f"carried out by process {paused.process.pid}" in early.text
    lapsed = "SELECT 1 FROM leases WHERE owner IS NOT NULL AND renewed_ms + ttl_ms < ?"
    house.until(lambda: house.rows(lapsed, int(boot_s() * 1000)))
    other = house.start("resume", house.the_run(), "--json")
    house.until(lambda: house.events("leased"))
    return other


def _contained(house, other):
    done = other.end()
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    house.assert_nothing_sent_blind()


def _woken(house, paused):
    paused.process.send_signal(signal.SIGCONT)
    woken = paused.end()
    assert woken.code == 2, woken.text
    assert f"no longer holds run {house.the_run()}" in woken.text


@pytest.mark.slow
def test_a_worker_paused_in_its_cut_sends_and_writes_nothing_after_another_has_finished_its_run(house):
    paused = _cutting(house)
    _contained(house, _taken_over(house, paused))
    (taken_at, _, taken), *_ = house.events("leased")
    assert taken["gone"] == "lapsed"
    answered = {body["effect"] for at, _, body in house.events("answered") if at < taken_at}
    doubtful = {body["effect"] for at, _, body in house.events("intended") if at < taken_at} - answered
    again = [at for at, _, body in house.events("intended") if at > taken_at and body["effect"] in doubtful]
    assert again, "nothing that was in doubt had to be sent again: nothing is proven"
    waited_s = (datetime.fromisoformat(min(again)) - datetime.fromisoformat(taken_at)).total_seconds()
    assert waited_s >= REQUEST_TIMEOUT_S, "a request of the paused worker may still be on its way"

    sent, written = len(house.log()), house.events()
    _woken(house, paused)
    assert house.events() == written
    late = [one for one in house.log()[sent:] if one["write"]]
    assert [one for one in late if not one["path"].endswith("/revoke")] == []
    assert len(late) <= 1, "at most the call that was past its guard"
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []


@pytest.mark.slow
def test_a_worker_that_wakes_while_another_carries_its_run_out_writes_nothing_beside_it(house):
    paused = _cutting(house)
    other = _taken_over(house, paused)
    _woken(house, paused)
    assert other.process.poll() is None, "the other had ended: nothing is proven"
    _contained(house, other)
    fences = [fence for (fence,) in house.rows("SELECT fence FROM events WHERE run = ? ORDER BY n", house.the_run())]
    assert fences == sorted(fences)
    assert set(fences) == {1, 2}
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
