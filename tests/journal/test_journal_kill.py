"""Fault points: the process dies at exactly the event that was named, and nothing acknowledged is lost."""

import subprocess

import pytest

from journal import Draft, Journal, Keys, KillAt
from journal.proof.verify import verify_url

DATABASES = ("sqlite", "postgresql")


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


@pytest.mark.crash
@pytest.mark.parametrize(
    ("at", "kinds", "last"),
    [
        ("before:opened", {}, None),
        ("after:opened", {"opened": 1}, "opened"),
        ("before:intended", {"opened": 1}, "opened"),
        ("after:intended#7", {"intended": 7}, "intended"),
        ("before:answered#3", {"answered": 2}, "intended"),
        ("after:answered#40", {"answered": 40}, "answered"),
    ],
)
def test_a_named_point_is_met_exactly(at: str, kinds: dict[str, int], last: str | None, url: str, child, sql):
    """Before an event: all earlier ones are durable and it is not. After it: it is, and nothing later."""
    process = child("work", url, "R1", 1000, "drift", env={"RINGFENCE_KILL_AT": at})
    out, err = process.communicate(timeout=60)
    assert process.returncode == -9, err
    durable = sql("SELECT n, type FROM events WHERE run != '@journal' ORDER BY n")
    assert [n for n, _ in durable] == list(range(1, len(durable) + 1))
    found = [kind for _, kind in durable]
    assert {kind: found.count(kind) for kind in kinds} == kinds
    assert found[-1:] == ([last] if last else [])
    assert {int(word) for word in out.split()} <= {n for n, _ in durable}
    assert verify_url(url) == []
    assert len(sql("SELECT run FROM leases WHERE run != '@journal'")) == (1 if durable else 0)


@pytest.mark.crash
@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_point_at_a_lease_leaves_the_run_with_its_old_or_its_new_owner(side: str, url: str, child, sql):
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    await journal.release(lease, unlock=True)
    await journal.aclose()
    process = child("take", url, "R1", env={"RINGFENCE_KILL_AT": f"{side}:leased"})
    _, err = process.communicate(timeout=60)
    assert process.returncode == -9, err
    ((fence, owner),) = sql("SELECT fence, owner FROM leases WHERE run = 'R1'")
    assert (fence, owner is None) == ((1, True) if side == "before" else (2, False))
    assert [kind for (kind,) in sql("SELECT type FROM events WHERE run = 'R1' ORDER BY n")][1:] == (
        [] if side == "before" else ["leased"]
    )
    assert verify_url(url) == []


def test_a_step_is_found_wherever_an_event_names_it():
    kill = KillAt.read("before:answered@tokens#2")
    assert (kill.side, kill.point, kill.step, kill.count) == ("before", "answered", "tokens", 2)
    assert kill.names("answered", {"effect": "tokens/tk_1"})
    assert not kill.names("answered", {"effect": "sessions/tokens"})
    assert not kill.names("intended", {"step": "tokens"})
    assert KillAt.read("after:settled@tokens").names("settled", {"step": "tokens", "effect": "other/x"})
    assert KillAt.read("after:asked@wall").names("asked", {"wall": "wall"})
    assert not KillAt.read("after:worded@tokens").names("worded", {"word": "contained"})
    assert KillAt.read("-4").names("anything", {})


def test_without_the_variable_nothing_dies(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("RINGFENCE_KILL_AT", raising=False)
    assert KillAt.from_env() is None
    monkeypatch.setenv("RINGFENCE_KILL_AT", " ")
    assert KillAt.from_env() is None


def test_two_journals_of_a_process_count_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGFENCE_KILL_AT", "987654")
    assert KillAt.from_env() is KillAt.from_env()


@pytest.mark.parametrize("text", [
        "0", "x", "1.5", "+3", "intended", "during:intended", "before:", "before:@tokens", "after:send@",
        "after:send#0", "after:send#x", "after:send#1@tokens", "after:send\n60", "after: send", "Before:send",
    ],
)  # fmt: skip
def test_a_senseless_fault_point_is_refused_and_said_as_it_was(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RINGFENCE_KILL_AT", text)
    with pytest.raises(ValueError, match="is no fault point") as refused:
        KillAt.from_env()
    assert f"RINGFENCE_KILL_AT={text!r}" in str(refused.value)


def test_a_kill_beyond_the_end_lets_the_process_finish(url: str, child, sql):
    process: subprocess.Popen[str] = child("work", url, "R1", 100, env={"RINGFENCE_KILL_AT": "102"})
    out, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert out.split()[-1] == "done"
    assert len(sql("SELECT n FROM events WHERE run != '@journal'")) == 101
