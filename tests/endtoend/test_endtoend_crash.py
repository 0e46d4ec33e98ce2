"""Killed at any instant, stopped by a key or from elsewhere: taken up again, nothing is lost and nothing is sent blind."""

from __future__ import annotations

import signal

import pytest

pytestmark = pytest.mark.long

KILLED = -signal.SIGKILL


@pytest.mark.crash
@pytest.mark.parametrize("event", [110, -600, 850])
def test_killed_in_the_midst_of_many_a_resumed_run_is_contained_and_sends_nothing_blind(house, event):
    house.up("--tokens", "300")
    killed = house.contain(playbook=house.quick(), RINGFENCE_KILL_AT=str(event))
    assert killed.code == KILLED, killed.text
    run = house.the_run()
    assert len(house.events()) == (event if event > 0 else -event - 1)
    before = len(house.log(write=True))
    done = house.run("resume", run, "--yes", "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    assert done.json["run"] == run
    house.assert_word_true(wait_s=1.5)
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    received = house.assert_nothing_sent_blind()
    assert sum(received.values()) > before
    assert house.run("journal", "verify").code == 0


def _cutting(house, slow_s=0.15, **environ):
    """A containment in the midst of its cut."""
    house.up("--tokens", "300")
    house.faults(slow_s=slow_s)
    begun = house.start("contain", house.quick(), "--sandbox", "--yes", **environ)
    house.until(lambda: [one for one in house.log(write=True) if one["path"].endswith("/revoke")])
    return begun


def _stopped(house, said):
    """Resumable, and silent: nothing reaches the provider once the process is gone."""
    assert said.code == 130, said.text
    assert house.words()[-1] == "stopped"
    assert "contained" not in house.words()
    sent = len(house.log())
    left = len(house.live_tokens())
    assert left, "it was stopped too late to prove anything"
    house.until(lambda: len(house.log("attacker")) > 5)
    assert len(house.log()) == sent
    assert house.closed() == (True, True, True), "what is held stays held"
    house.faults()
    done = house.run("resume", house.the_run(), "--yes", "--json")
    assert (done.code, done.json["word"]) == (0, "contained"), done.text
    house.assert_word_true()
    house.assert_nothing_sent_blind()


@pytest.mark.slow
def test_ctrl_c_once_ends_what_is_in_flight_and_the_run_can_be_resumed(house):
    begun = _cutting(house)
    begun.process.send_signal(signal.SIGINT)
    _stopped(house, begun.end())


@pytest.mark.slow
def test_stop_from_another_terminal_does_the_same(house):
    begun = _cutting(house, slow_s=0.5)  # another command starts first, on a machine that may be busy
    asked = house.run("stop", house.the_run(), "--json")
    assert asked.code == 0, asked.text
    _stopped(house, begun.end())


def test_stopping_a_run_whose_process_is_gone_is_recorded_and_it_can_be_resumed(house):
    killed = house.contain(playbook=house.quick(), RINGFENCE_KILL_AT="30")
    assert killed.code == KILLED
    run = house.the_run()
    assert house.run("stop", run).code == 0
    assert house.words()[-1] == "stopped"
    done = house.run("resume", "--last", "--yes", "--json")
    assert (done.code, done.json["run"], done.json["word"]) == (0, run, "contained"), done.text
    house.assert_word_true()
    house.assert_nothing_sent_blind()
