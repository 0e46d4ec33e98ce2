"""What breaks in one run of a process that lives on: the run is let go and gone on with, and the others are left alone."""

from __future__ import annotations

import asyncio

import pytest

import engine.contain
from triggers.cli import place
from triggers.cli.company import ensure
from triggers.house import Asked, House
from triggers.house.ours import Ours
from triggers.serve.workers import Workers

CANARY = "canary-of-a-fault-77"


@pytest.fixture
async def house(home):
    ensure(place.state_folder(), tokens=5)
    said = []
    ours = Ours(None, sandbox=True, tell=said.append)
    inventory = ours.now()
    journal = place.open_journal(place.open_keys(inventory, sandbox=True))
    mine = House(inventory, journal, place.state_folder(), sandbox=True, ours=ours, tell=said.append)
    mine.said = said
    yield mine
    await mine.end()
    await journal.aclose()


def _ana(house):
    return house.who(token=ensure(house.state)["secrets"]["ana_token"])


ASKED = {"playbook": "stolen_oauth_tokens", "inputs": {"integration": "drift"}}


async def _until(true, seconds=60.0):
    end = asyncio.get_running_loop().time() + seconds
    while not (found := await true()):
        assert asyncio.get_running_loop().time() < end, "never came true"
        await asyncio.sleep(0.05)
    return found


async def test_a_fault_in_one_run_lets_it_go_and_it_is_gone_on_with(house, monkeypatch):
    real, faults = engine.contain.contain, []

    async def broken(live, around):
        if not faults:
            faults.append(live.run.id)
            raise RuntimeError(CANARY)
        return await real(live, around)

    monkeypatch.setenv("RINGFENCE_PREFECT", "off")
    monkeypatch.setattr(engine.contain, "contain", broken)
    workers = house.workers = Workers(house, at_once=2, tell=house.said.append, config=None)
    sweeping = asyncio.create_task(workers.run())
    started = await house.start(Asked(**ASKED, by=_ana(house)))

    async def waits():
        return (await house.run(started.run)).word == "waiting"

    await _until(waits)
    types = [event.type for event in house.journal.events(started.run)]
    assert types[:3] == ["opened", "left", "leased"]
    assert CANARY not in "".join(house.said)
    assert "RuntimeError: a fault of ours" in "".join(house.said)
    (fault,) = (house.state / "faults").iterdir()
    assert CANARY not in fault.read_text()
    await workers.drain(5)
    await sweeping


async def test_a_recovery_that_nobody_has_room_for_keeps_who_ordered_it(house, monkeypatch):
    monkeypatch.setenv("RINGFENCE_PREFECT", "off")
    workers = house.workers = Workers(house, at_once=1, tell=house.said.append, config=None)
    sweeping = asyncio.create_task(workers.run())
    ana = _ana(house)
    run = (await house.start(Asked(**ASKED, by=ana))).run

    async def word(*words):
        found = await house.run(run)
        return found.word in words and run not in workers.supervisor.at_it

    await _until(lambda: word("waiting"))
    put = await house.asks(run)
    ben = house.who(token=ensure(house.state)["secrets"]["ben_token"])
    assert (await house.say(run, "approve", ben, scope_hash=put.question.scope_hash, shown=put.digest)).opened
    await _until(lambda: word("contained"))
    hold = asyncio.create_task(asyncio.sleep(3600))
    workers.supervisor.at_it["another"] = hold
    assert (await house.recover(run, ben)).run == run
    found = await house.run(run)
    assert (found.left, found.orders["recover"]["by"]) == (True, "person:ben")
    del workers.supervisor.at_it["another"]
    hold.cancel()
    await _until(lambda: word("waiting"))
    put = await house.asks(run)
    assert put.question.requesters == {"person:ana", "person:ben"}
    await workers.drain(5)
    await sweeping


async def test_without_workers_a_run_is_left_to_whoever_sweeps(house):
    started = await house.start(Asked(**ASKED, by=_ana(house)))
    assert (await house.run(started.run)).left
    assert (await house.start(Asked(**ASKED, by=_ana(house)))).busy == started.run
    row = next(row for row in await house.runs() if row.run == started.run)
    assert (row.owner, row.lock, row.latest) == (None, "drift", "left")


async def test_changes_are_one_reader_for_all_who_look_on_and_end_with_the_run(house):
    started = await house.start(Asked(**ASKED, by=_ana(house)))
    seen = [[], []]

    async def look(into):
        async for run in house.changes(started.run):
            into.append((run.n, run.word))

    tasks = [asyncio.create_task(look(into)) for into in seen]
    await asyncio.sleep(0.3)
    ana = _ana(house)
    assert (await house.say(started.run, "note", ana, reason="rang the vendor")).counts
    assert (await house.say(started.run, "stop", ana)).counts

    async def stopped():
        return all(into and into[-1][1] == "stopped" for into in seen)

    await _until(stopped, 10)
    await house.end()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert [n for n, _ in seen[0]] == sorted({n for n, _ in seen[0]})
