"""What the journal promises to one process: order, durability before the answer, one fold's worth of truth."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from journal import Busy, Draft, Journal, JournalFailed, Keys, LeaseLost, UnknownRun
from journal.proof.verify import verify, verify_url

DATABASES = ("sqlite", "postgresql")


async def test_a_run_is_a_chain_of_events(journal: Journal, url: str):
    lease, first = await journal.begin("R1", "INC-1", Draft("opened", {"title": "Ünï", "deep": [{"a": (1, True)}]}))
    second, third = await journal.append(lease, [Draft("intended", {"b": 1, "a": 2}), Draft("answered", {})])
    assert [e.n for e in (first, second, third)] == [1, 2, 3]
    assert (first.prev, second.prev, third.prev) == ("", first.hash, second.hash)
    assert {(e.run, e.incident, e.fence) for e in (first, second, third)} == {("R1", "INC-1", 1)}
    assert journal.events("R1") == [first, second, third]
    assert first.body["deep"] == [{"a": [1, True]}]
    assert verify(journal.events("R1")) == []
    assert verify_url(url) == []


async def test_what_is_returned_is_what_is_stored(journal: Journal):
    lease, first = await journal.begin("R1", "INC-1", Draft("opened", {}))
    written = [first]
    for size in range(5):
        written += await journal.append(lease, [Draft("noted", {"i": i}) for i in range(size)])
    assert journal.events("R1") == written
    assert journal.events("R1", after=3) == written[3:]


async def test_appends_at_once_are_grouped_and_keep_their_order(journal: Journal, url: str):
    leases = [(await journal.begin(f"R{i}", "INC-1", Draft("opened", {})))[0] for i in range(5)]
    before = _syncs(journal)

    async def one(i: int) -> None:
        for k in range(20):
            pair = await journal.append(leases[i % 5], [Draft("intended", {"k": k}), Draft("answered", {"k": k})])
            assert pair[1].n == pair[0].n + 1
            assert pair[1].prev == pair[0].hash

    await asyncio.gather(*(one(i) for i in range(50)))
    assert [len(journal.events(f"R{i}")) for i in range(5)] == [401] * 5
    assert 0 < _syncs(journal) - before < 400, "1,000 appends at 50 in flight should share transactions"
    assert verify_url(url) == []


def _syncs(journal: Journal) -> int:
    return journal._writer.batches


async def test_a_bad_draft_is_refused_alone(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    good = journal.append(lease, [Draft("noted", {})])
    bad = journal.append(lease, [Draft("noted", {}), Draft("noted", {"x": float("nan")})])
    results = await asyncio.gather(good, bad, return_exceptions=True)
    assert results[0][0].n == 2
    assert isinstance(results[1], TypeError)
    assert "body.x" in str(results[1])
    assert len(journal.events("R1")) == 2
    with pytest.raises(ValueError, match="no name"):
        await journal.append(lease, [Draft("", {})])


async def test_callers_may_live_in_other_threads_and_loops(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))

    def elsewhere() -> None:
        async def go() -> None:
            await asyncio.gather(*(journal.append(lease, [Draft("noted", {})]) for _ in range(20)))

        asyncio.run(go())

    threads = [threading.Thread(target=elsewhere) for _ in range(4)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(journal.append(lease, [Draft("noted", {})]) for _ in range(20)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert [e.n for e in journal.events("R1")] == list(range(1, 102))


async def test_a_cancelled_caller_disturbs_nobody(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    tasks = [asyncio.create_task(journal.append(lease, [Draft("noted", {})])) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(r, list) for r in results[1::2])
    assert verify(journal.events("R1")) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_times_never_go_back_in_a_run(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    lease, first = await journal.begin("R1", "INC-1", Draft("opened", {}))
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
    (second,) = await journal.append(lease, [Draft("noted", {})])
    assert second.at == first.at
    monkeypatch.undo()
    (third,) = await journal.append(lease, [Draft("noted", {})])
    assert third.at > first.at
    assert verify([first, second, third]) == []


async def test_one_run_an_integration(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    with pytest.raises(Busy, match="R1 is at drift") as busy:
        await journal.begin("R2", "INC-1", Draft("opened", {}), lock="drift")
    assert busy.value.run == "R1"
    assert journal.events("R2") == []
    await journal.begin("R3", "INC-1", Draft("opened", {}), lock="other")
    await journal.release(lease, unlock=False)
    with pytest.raises(Busy):
        await journal.begin("R2", "INC-1", Draft("opened", {}), lock="drift")
    again, _ = await journal.take("R1")
    await journal.release(again, unlock=True)
    await journal.begin("R2", "INC-1", Draft("opened", {}), lock="drift")


async def test_a_run_id_is_used_once(journal: Journal):
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    with pytest.raises(JournalFailed, match="already"):
        await journal.begin("R1", "INC-2", Draft("opened", {}))


async def test_a_released_run_takes_no_events(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    other, _ = await journal.begin("R2", "INC-1", Draft("opened", {}))
    await journal.release(lease, unlock=True)
    assert not lease.good()
    results = await asyncio.gather(
        journal.append(lease, [Draft("noted", {})]), journal.append(other, [Draft("noted", {})]), return_exceptions=True
    )
    assert isinstance(results[0], LeaseLost)
    assert results[1][0].n == 2
    assert len(journal.events("R1")) == 1


async def test_the_list_of_runs(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    await journal.begin("R2", "INC-1", Draft("opened", {}))
    await journal.append(lease, [Draft("worded", {"word": "held"})])
    await journal.release(lease, unlock=False)
    newest, oldest = journal.runs()
    assert (newest.run, newest.n, newest.latest, newest.alive) == ("R2", 1, "opened", True)
    assert (oldest.run, oldest.n, oldest.latest, oldest.alive) == ("R1", 2, "worded", False)
    assert (oldest.lock, oldest.owner, oldest.incident) == ("drift", None, "INC-1")
    assert oldest.first_at < oldest.last_at


async def test_wishes_stand_beside_the_chain(journal: Journal, url: str):
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    asker = Journal.open(url, keys=Keys.none())
    asker.ask("R1", "stop", "ann")
    asker.ask("R1", "stop\ud800", "bob")
    await asker.aclose()
    first, second = journal.asked("R1", 0)
    assert (first.what, first.by) == ("stop", "ann")
    assert journal.asked("R1", first.id) == [second]
    assert journal.asked("R1", second.id) == []
    assert len(journal.events("R1")) == 1
    with pytest.raises(UnknownRun):
        journal.ask("R9", "stop", "ann")


async def test_a_closed_journal_says_so_and_has_written_everything(url: str):
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    tasks = [asyncio.create_task(journal.append(lease, [Draft("noted", {})])) for _ in range(100)]
    await asyncio.sleep(0)
    await journal.aclose()
    await asyncio.gather(*tasks)
    assert not lease.good()
    with pytest.raises(JournalFailed, match="closed"):
        await journal.append(lease, [Draft("noted", {})])
    journal.close()
    reader = Journal.open(url, keys=Keys.none())
    assert len(reader.events("R1")) == 101
    await reader.aclose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_files_are_their_owners_alone(journal: Journal, tmp_path: Path):
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    files = list(tmp_path.glob("journal.db*"))
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


async def test_a_fault_in_one_request_is_that_ones_alone(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    from journal.write import requests

    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    plain = requests.Append.do

    def faulty(self, book):
        if self.lines[0].type == "bad":
            raise RuntimeError("a fault of ours")
        return plain(self, book)

    monkeypatch.setattr(requests.Append, "do", faulty)
    results = await asyncio.gather(
        *(journal.append(lease, [Draft(t, {})]) for t in ("good", "bad", "good")), return_exceptions=True
    )
    assert [type(r).__name__ for r in results] == ["list", "RuntimeError", "list"]
    assert [e.type for e in journal.events("R1")] == ["opened", "good", "good"]


def test_reading_an_event_loads_no_data_base():
    code = (
        "import sys, journal.event, journal.proof.verify, journal.proof.raw, journal;"
        "print([m for m in ('sqlalchemy', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_of_the_room_is_importable():
    import journal

    for name in journal._MODULE_OF:
        assert getattr(journal, name) is not None
    with pytest.raises(AttributeError):
        journal.nothing  # noqa: B018
