"""Fault points: the process dies at exactly the event that was named, and nothing acknowledged is lost."""

import subprocess

import pytest

from journal import KillAt
from journal.proof.verify import verify_url


@pytest.mark.crash
@pytest.mark.parametrize("at", [1, 2, 3, 8, 61, -1, -2, -3, -8, -61])
def test_the_process_dies_at_the_event_that_was_named(at: int, url: str, child, sql):
    process = child("work", url, "R1", 100, "drift", env={"RINGFENCE_KILL_AT": str(at)})
    out, err = process.communicate(timeout=60)
    assert process.returncode == -9, err
    durable = [n for (n,) in sql("SELECT n FROM events WHERE run != '@journal' ORDER BY n")]
    assert durable == list(range(1, (at if at > 0 else -at - 1) + 1))
    acknowledged = {int(word) for word in out.split()}
    assert acknowledged <= set(durable)
    assert verify_url(url) == []
    assert len(sql("SELECT run FROM leases WHERE run != '@journal'")) == (1 if durable else 0), (
        "a run stands with its first event only"
    )


def test_without_the_variable_nothing_dies(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("RINGFENCE_KILL_AT", raising=False)
    assert KillAt.from_env() is None
    monkeypatch.setenv("RINGFENCE_KILL_AT", " ")
    assert KillAt.from_env() is None


def test_two_journals_of_a_process_count_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGFENCE_KILL_AT", "987654")
    assert KillAt.from_env() is KillAt.from_env()


@pytest.mark.parametrize("text", ["0", "x", "1.5"])
def test_a_senseless_fault_point_is_refused(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGFENCE_KILL_AT", text)
    with pytest.raises(ValueError, match="RINGFENCE_KILL_AT"):
        KillAt.from_env()


def test_a_kill_beyond_the_end_lets_the_process_finish(url: str, child, sql):
    process: subprocess.Popen[str] = child("work", url, "R1", 100, env={"RINGFENCE_KILL_AT": "102"})
    out, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert out.split()[-1] == "done"
    assert len(sql("SELECT n FROM events WHERE run != '@journal'")) == 101
