"""Pruning takes out what may go and nothing else, leaves a signed tombstone, and the journal verifies as before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from journal import Draft, Journal, Keys, Seal
from journal.custody.prune import Prune, prune, retention, tombstone
from journal.custody.reading import absent
from journal.custody.standing import standing
from journal.errors import Pruned, UnknownRun
from journal.event import JOURNAL
from journal.proof.anchored import Trust
from journal.proof.examine import Examination
from journal.proof.sign import Signer, signed_by
from journal.proof.verify import examined, verify_url

DATABASES = ("sqlite", "postgresql")
DATABASES = ("sqlite", "postgresql")
SIGNER = Signer(b"s" * 32)
FUTURE = "2999-01-01T00:00:00.000000Z"
MARK = "a-mark-that-is-nowhere-else"


@pytest.fixture
async def sealing(url):
    opened = Journal.open(url, keys=Keys(b"k" * 32))
    yield opened
    await opened.aclose()


async def _run(journal, run, incident, *, lock=None, unlock=True):
    seals = [Seal("secret/1", MARK.encode())]
    lease, _ = await journal.begin(run, incident, Draft("opened", {"text": MARK}), lock=lock, sealed=seals)
    await journal.append(lease, [Draft("worded", {"word": "contained", "why": MARK})])
    journal.ask(run, "stop", "os:ann")
    await journal.release(lease, unlock=unlock)


async def _closed(journal, *incidents):
    await journal.record(*(Draft("incident_closed", {"incident": one}) for one in incidents))


async def _taken_out(journal, found):
    return [event async for event in prune(journal, found, SIGNER)]


async def test_a_pruned_run_leaves_no_row_but_its_tombstone(sealing, url, sql):
    await _run(sealing, "R1", "INC-1", lock="drift")
    await _run(sealing, "R2", "INC-2")
    await _closed(sealing, "INC-1")
    n, head = sealing.events("R1")[-1].n, sealing.events("R1")[-1].hash
    first_at, last_at = sealing.events("R1")[0].at, sealing.events("R1")[-1].at
    (gone,) = await _taken_out(sealing, retention(sealing, FUTURE))
    for table in ("events", "leases", "sealed", "run_keys", "wishes"):
        assert sql(f"SELECT count(*) FROM {table} WHERE run = 'R1'") == [(0,)], table
        assert sql(f"SELECT count(*) FROM {table} WHERE run = 'R2'") != [(0,)], table
    body = dict(gone.body)
    assert gone.type == "pruned"
    assert signed_by(SIGNER.public, "tombstone", {k: v for k, v in body.items() if k != "signature"}, body["signature"])
    assert body | {"signature": ""} == {
        "run": "R1", "incident": "INC-1", "n": n, "head": head, "first_at": first_at, "last_at": last_at,
        "before": FUTURE, "public": SIGNER.public, "signature": "",
    }  # fmt: skip
    assert verify_url(url) == []
    assert examined(url, Examination(trust=Trust(keys=frozenset({SIGNER.public})))) == []
    assert examined(url, Examination(trust=Trust(keys=frozenset({"0" * 64})))) != []
    assert sealing.unseal("R1") == {}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_what_a_pruned_run_held_is_in_no_page_of_the_file(sealing, url):
    await _run(sealing, "R1", "INC-1")
    await _closed(sealing, "INC-1")
    files = [Path(url.removeprefix("sqlite:///") + end) for end in ("", "-wal")]
    assert any(MARK.encode() in file.read_bytes() for file in files if file.exists())
    await _taken_out(sealing, retention(sealing, FUTURE))
    for file in files:
        assert not file.exists() or MARK.encode() not in file.read_bytes(), file


async def test_only_ended_runs_of_closed_incidents_without_a_hold_go_and_why_the_others_stay_is_said(sealing):
    await _run(sealing, "open", "INC-open")
    await _run(sealing, "parked", "INC-parked", lock="a", unlock=False)
    await _run(sealing, "held", "INC-held")
    await _run(sealing, "old", "INC-old")
    await _closed(sealing, "INC-parked", "INC-held", "INC-old")
    await sealing.record(Draft("legal_hold", {"incident": "INC-held", "on": True}))
    at_work, _ = await sealing.begin("at-work", "INC-at-work", Draft("opened", {}))
    limit = sealing.events("at-work")[-1].at
    await _run(sealing, "young", "INC-young")
    await _closed(sealing, "INC-young", "INC-at-work")
    found = retention(sealing, FUTURE)
    whys = {left.run: left.why for left in found.left}
    assert {row.run for row in found.old} == {"old", "young"}
    assert "ringfence close INC-open" in whys["open"]
    assert "not ended" in whys["parked"]
    assert "legal hold" in whys["held"]
    assert "process" in whys["at-work"]
    assert {row.run for row in retention(sealing, limit).old} == {"old"}
    assert {left.run: left.why for left in retention(sealing, limit).left}["young"] == "written since"
    await sealing.record(Draft("legal_hold", {"incident": "INC-held", "on": False}))
    assert "held" in {row.run for row in retention(sealing, FUTURE).old}
    await sealing.release(at_work, unlock=True)


async def test_a_run_that_was_altered_is_evidence_and_stays(sealing, sql):
    await _run(sealing, "R1", "INC-1")
    await _run(sealing, "R2", "INC-2")
    await _closed(sealing, "INC-1", "INC-2")
    sql("UPDATE events SET body = '{\"word\":\"failed\"}' WHERE run = 'R1' AND n = 2")
    sql("DELETE FROM events WHERE run = 'R2' AND n = 2")
    found = retention(sealing, FUTURE)
    assert found.old == []
    assert all("does not verify" in left.why for left in found.left)


@pytest.mark.parametrize("meanwhile", ["hold", "opened"])
async def test_what_changed_after_the_decision_is_seen_in_the_transaction(sealing, meanwhile):
    await _run(sealing, "R1", "INC-1")
    await _closed(sealing, "INC-1")
    found = retention(sealing, FUTURE)
    (row,) = found.old
    stone = tombstone(row, sealing.ends("R1").runs[0].head, FUTURE, SIGNER)
    if meanwhile == "hold":
        await sealing.record(Draft("legal_hold", {"incident": "INC-1", "on": True}))
    else:
        await _run(sealing, "R2", "INC-1")
    assert await sealing.carry_out(Prune(run="R1", tombstone=stone, seen=found.seen)) is None
    assert sealing.events("R1")
    assert await _taken_out(sealing, found) == []
    assert [left.run for left in found.left] == ["R1"]
    assert sealing.events("R1")


async def test_a_tombstone_of_another_head_takes_nothing_out(sealing):
    await _run(sealing, "R1", "INC-1")
    await _closed(sealing, "INC-1")
    found = retention(sealing, FUTURE)
    stone = tombstone(found.old[0], hashlib.sha256(b"").hexdigest(), FUTURE, SIGNER)
    assert await sealing.carry_out(Prune(run="R1", tombstone=stone, seen=found.seen)) is None
    assert sealing.events("R1")


async def test_records_that_come_between_two_prunings_do_not_stop_them(sealing, url):
    for run in ("R1", "R2", "R3"):
        await _run(sealing, run, f"INC-{run}")
        await _closed(sealing, f"INC-{run}")
    gone = []
    async for event in prune(sealing, retention(sealing, FUTURE), SIGNER):
        gone.append(event.body["run"])
        await sealing.record(Draft("read", {"run": "R2", "incident": "INC-R2"}))
    assert gone == ["R1", "R2", "R3"]
    assert verify_url(url) == []


async def test_two_at_once_take_each_run_out_once(sealing, url):
    other = Journal.open(url, keys=Keys.none())
    for run in ("R1", "R2", "R3", "R4"):
        await _run(sealing, run, f"INC-{run}")
        await _closed(sealing, f"INC-{run}")
    one, two = retention(sealing, FUTURE), retention(other, FUTURE)
    first = [event async for event in _interleaved(prune(sealing, one, SIGNER), prune(other, two, SIGNER))]
    await other.aclose()
    assert sorted(event.body["run"] for event in first) == ["R1", "R2", "R3", "R4"]
    assert verify_url(url) == []


async def _interleaved(*sources):
    left = list(sources)
    while left:
        for source in list(left):
            try:
                yield await anext(source)
            except StopAsyncIteration:
                left.remove(source)


async def test_a_run_that_is_gone_is_told_from_one_that_never_was(sealing):
    await _run(sealing, "R1", "INC-1")
    await _closed(sealing, "INC-1")
    head = sealing.events("R1")[-1].hash
    await _taken_out(sealing, retention(sealing, FUTURE))
    for named in ("R1", "INC-1"):
        said = absent(sealing, named)
        assert isinstance(said, Pruned)
        assert "was pruned on" in str(said)
        assert head in str(said)
    assert isinstance(absent(sealing, "R9"), UnknownRun)
    assert "R1" in standing(sealing.events(JOURNAL)).pruned
