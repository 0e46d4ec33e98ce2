"""Who may write: one owner at a time, a dead one replaced at once, a paused one told when it wakes."""

import asyncio
import os
import signal
import threading
import time

import pytest

from journal import Draft, Held, Journal, Keys, LeaseLost, UnknownRun
from journal.proof.verify import verify_url
from journal.write import lease as leasing
from journal.write.lease import Lease, Owner

pytestmark = pytest.mark.timeout(90)
DATABASES = ("sqlite", "postgresql")


async def _open(url: str, ttl_s: float = 10.0, renew_s: float = 3.0) -> Journal:
    return Journal.open(url, keys=Keys.none(), ttl_s=ttl_s, renew_s=renew_s)


@pytest.mark.crash
async def test_a_dead_owner_is_replaced_at_once(url: str, child, journal: Journal):
    child("work", url, "R1", 100, env={"RINGFENCE_KILL_AT": "40"}).communicate()
    assert [(r.run, r.alive) for r in journal.runs()] == [("R1", False)]
    started = time.monotonic()
    lease, event = await journal.take("R1", why="the worker died")
    assert time.monotonic() - started < 8
    assert (event.n, event.type, event.fence) == (41, "leased", 2)
    assert event.body == {
        "fence": 2,
        "owner": f"process {os.getpid()} on {os.uname().nodename}",
        "why": "the worker died",
        "gone": "dead",
    }
    assert lease.good()
    await journal.append(lease, [Draft("noted", {})])
    assert verify_url(url) == []


@pytest.mark.crash
async def test_a_dead_owner_that_nobody_buried_is_dead_too(url: str, child, journal: Journal):
    process = child("hold", url, 30)
    assert process.stdout.readline() == "held\n"
    process.kill()
    while (found := leasing._stat(process.pid)) and found[0] != "Z":
        await asyncio.sleep(0.01)
    await journal.take("R1")


@pytest.mark.crash
async def test_a_living_owner_keeps_its_run(url: str, child, journal: Journal):
    process = child("hold", url, 2)
    assert process.stdout.readline() == "held\n"
    for _ in range(12):
        with pytest.raises(Held, match=f"process {process.pid} on .* lapses in") as held:
            await journal.take("R1")
        assert 0 < held.value.seconds_left <= 2
        await asyncio.sleep(0.2)
    assert journal.runs()[0].alive


@pytest.mark.crash
async def test_a_paused_owner_is_replaced_when_its_lease_lapsed_and_writes_nothing_when_it_wakes(url, child, journal):
    process = child("hold", url, 1)
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(Held):
        await journal.take("R1")
    while True:
        try:
            lease, event = await journal.take("R1")
            break
        except Held as held:
            await asyncio.sleep(held.seconds_left)
    process.send_signal(signal.SIGCONT)
    out, err = await asyncio.to_thread(process.communicate, timeout=30)
    assert out == "LeaseLost False\n", (out, err)  # it saw that its lease was no good before it asked
    assert journal.events("R1")[-1] == event
    assert {e.fence for e in journal.events("R1")[:-1]} == {1}
    await journal.append(lease, [Draft("noted", {})])
    assert verify_url(url) == []


@pytest.mark.crash
async def test_one_of_many_processes_gets_the_integration(url: str, child, sql):
    rivals = [child("work", url, f"R{i}", 200, "drift") for i in range(6)]
    answers = await asyncio.gather(*(asyncio.to_thread(p.stdout.readline) for p in rivals))
    winners = [f"R{i}" for i, answer in enumerate(answers) if answer == "1\n"]
    assert len(winners) == 1
    assert set(answers) == {"1\n", f"Busy {winners[0]}\n"}
    assert sql("SELECT run FROM leases WHERE run != '@journal'") == [(winners[0],)]


@pytest.mark.crash
async def test_processes_that_write_at_once_all_succeed(url: str, child, sql):
    writers = [child("work", url, f"R{i}", 1000, f"lock-{i}") for i in range(3)]
    for out, err in await asyncio.gather(*(asyncio.to_thread(p.communicate, "\n", 60) for p in writers)):
        assert out.split()[-1] == "done", err
    assert sql("SELECT run, count(*), max(n) FROM events WHERE run != '@journal' GROUP BY run ORDER BY 1") == [
        (f"R{i}", 1001, 1001) for i in range(3)
    ]
    assert verify_url(url) == []


async def test_a_lease_is_renewed_in_the_background(url: str):
    journal, other = await _open(url, 1.5, 0.2), await _open(url)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    for _ in range(10):
        await asyncio.sleep(0.2)
        assert lease.good()
        assert lease.good(margin_s=0.2)
        assert not lease.good(margin_s=1.6)
        with pytest.raises(Held):
            await other.take("R1")
    assert len(journal.events("R1")) == 1
    await journal.aclose()
    await other.aclose()


async def test_a_lease_that_cannot_be_renewed_is_no_good(url: str, monkeypatch: pytest.MonkeyPatch):
    journal = await _open(url, 0.5, 0.1)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    gate = threading.Event()
    gather = journal._writer._write
    monkeypatch.setattr(journal._writer, "_write", lambda batch: (gate.wait(5), gather(batch))[1])
    await asyncio.sleep(0.9)
    assert not lease.good()
    gate.set()
    while not lease.good():  # nobody took it meanwhile: it is renewed
        await asyncio.sleep(0.01)
    await journal.aclose()


async def test_the_old_owner_alone_is_refused(url: str):
    old, new = await _open(url, 0.2, 60), await _open(url)
    first, _ = await old.begin("R1", "INC-1", Draft("opened", {}))
    second, _ = await old.begin("R2", "INC-1", Draft("opened", {}))
    await asyncio.sleep(0.25)
    assert not first.good()
    taken, _ = await new.take("R1")
    results = await asyncio.gather(
        *(old.append(lease, [Draft("noted", {})]) for lease in (first, second)), return_exceptions=True
    )
    assert isinstance(results[0], LeaseLost)
    assert (results[0].fence, results[0].now) == (1, 2)
    assert results[1][0].n == 2
    with pytest.raises(LeaseLost):
        await old.release(first, unlock=True)
    assert taken.good()
    assert not first.good()
    await old.aclose()
    await new.aclose()


async def test_an_owner_learns_from_renewal_that_it_was_replaced(url: str):
    old, new = await _open(url, 0.3, 1.5), await _open(url)
    lease, _ = await old.begin("R1", "INC-1", Draft("opened", {}))
    await asyncio.sleep(0.35)
    await new.take("R1")
    assert not lease.good()
    while not lease._lost or old._writer._held:  # it stops to renew it
        await asyncio.sleep(0.01)
    await old.aclose()
    await new.aclose()


async def test_a_journal_that_was_closed_in_this_process_owns_nothing(url: str, journal: Journal):
    other = await _open(url)
    lease, _ = await other.begin("R1", "INC-1", Draft("opened", {}))
    with pytest.raises(Held):
        await journal.take("R1")
    await other.aclose()
    assert not lease.good()
    _, event = await journal.take("R1")
    assert event.fence == 2


async def test_an_unknown_run_cannot_be_taken(journal: Journal):
    with pytest.raises(UnknownRun, match="R9"):
        await journal.take("R9")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_after_a_restart_of_the_machine_the_wall_clock_decides(url: str, monkeypatch: pytest.MonkeyPatch, sql):
    before, journal = await _open(url, 9.0, 60), await _open(url)
    await before.begin("R1", "INC-1", Draft("opened", {}))
    monkeypatch.setattr(leasing, "_boot_id", lambda: "another start")
    with pytest.raises(Held):
        await journal.take("R1")
    assert journal.runs()[0].alive
    sql("UPDATE leases SET renewed_at = '2000-01-01T00:00:00.000000Z'")
    assert not journal.runs()[0].alive
    await journal.take("R1")
    await before.aclose()
    await journal.aclose()


async def test_a_wall_clock_that_went_wrong_delays_by_one_ttl_only(url: str, monkeypatch: pytest.MonkeyPatch, sql):
    before, journal = await _open(url, 0.3, 60), await _open(url)
    await before.begin("R1", "INC-1", Draft("opened", {}))
    sql("UPDATE leases SET renewed_at = '2999-01-01T00:00:00.000000Z'")
    monkeypatch.setattr(leasing, "_boot_id", lambda: "another start")
    with pytest.raises(Held) as held:
        await journal.take("R1")
    assert held.value.seconds_left <= 0.3
    await asyncio.sleep(0.35)
    await journal.take("R1")
    await before.aclose()
    await journal.aclose()


def test_a_reused_pid_is_not_its_former_owner():
    me = Owner.me("x")
    leasing.opened("x")
    assert not me.dead()
    earlier = Owner(me.host, me.boot, me.space, me.pid, "1", "x")
    assert earlier.dead()
    parent = Owner(me.host, me.boot, me.space, os.getppid(), leasing._stat(os.getppid())[1], "y")
    assert not parent.dead()
    leasing.closed("x")
    assert me.dead()


def test_what_cannot_be_known_is_not_called_dead():
    me = Owner.me("not open")
    assert Owner(me.host, me.boot, "another pid namespace", me.pid, "1", "x").dead() is False
    assert Owner(me.host, "another machine", me.space, me.pid, "1", "x").dead() is False
    assert Owner(me.host, "", "", me.pid, "", "x").dead() is False
    assert Owner.read(me.text()) == me


def test_a_lease_shows_no_more_than_it_is():
    lease = Lease("R1", "INC-1", 3, 0.0)
    assert repr(lease) == "Lease(run='R1', fence=3, good=False)"
