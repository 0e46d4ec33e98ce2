"""When the data base cannot be written the caller gets a sentence, and what was acknowledged stays."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from journal import Draft, Journal, JournalFailed, Keys
from journal.db import sqlite
from journal.proof.verify import verify_url

BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@pytest.mark.crash
def test_a_full_disk_is_a_sentence_and_loses_nothing(url: str, child):
    out, err = child("full", url).communicate(timeout=60)
    first, second = out.splitlines()
    assert first.startswith("JournalFailed The journal"), err
    assert "disk" in first
    acknowledged, stored = map(int, second.split())
    assert acknowledged == stored
    assert verify_url(url) == []


@pytest.mark.crash
def test_a_folder_that_cannot_be_written_is_a_sentence(child):
    out, err = child("readonly").communicate(timeout=60)
    new, there, verified = out.splitlines()
    assert new.startswith("JournalFailed The journal"), err
    assert "Permission denied" in new
    assert there.startswith("JournalFailed The journal"), err
    assert verified == "verified []"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://h/d", "mysql is not supported"),
        ("postgresql://h:port/d", "is no URL"),
        ("nonsense", "is not a URL"),
        ("sqlite:////dev/null/x.db", "can not be opened"),
    ],
)
def test_a_url_that_is_no_journal_is_a_sentence(url: str, says: str):
    with pytest.raises(JournalFailed, match=says):
        Journal.open(url, keys=Keys.none())


def test_a_file_that_is_no_data_base_is_a_sentence(tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("These are somebody's notes, not a data base.\n" * 100)
    with pytest.raises(JournalFailed, match=r"not a data base.*URL"):
        Journal.open(f"sqlite:///{file}", keys=Keys.none())
    assert file.read_text().startswith("These are"), "it is left as it was"


async def test_a_lock_that_is_never_let_go_is_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "WAIT_S", 0.1)
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    rival = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalFailed, match="another process holds it"):
        await journal.append(lease, [Draft("noted", {})])
    assert len(journal.events("R1")) == 1, "reading goes on"
    with pytest.raises(JournalFailed, match="another process holds it"):
        await asyncio.to_thread(journal.ask, "R1", "stop", "ann")
    rival.execute("ROLLBACK")
    rival.close()
    assert [e.n for e in await journal.append(lease, [Draft("noted", {})])] == [2]
    await journal.aclose()


async def test_a_lock_that_is_let_go_in_time_is_waited_for(url: str):
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    rival = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(journal.append(lease, [Draft("noted", {})]))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    rival.execute("COMMIT")
    rival.close()
    assert (await waiting)[0].n == 2
    await journal.aclose()


@BOTH
async def test_a_row_that_another_put_in_stops_that_run_alone(journal: Journal, sql):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    other, _ = await journal.begin("R2", "INC-1", Draft("opened", {}))
    sql("INSERT INTO events VALUES ('R1', 2, 'x', 1, 'x', 'x', '{}', 'x', 'x')")
    results = await asyncio.gather(
        *(journal.append(one, [Draft("noted", {})]) for one in (lease, other)), return_exceptions=True
    )
    assert isinstance(results[0], JournalFailed)
    assert "did not write" in str(results[0])
    assert results[1][0].n == 2


async def test_tables_that_are_gone_are_a_sentence(journal: Journal, sql):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    sql("DROP TABLE events")
    with pytest.raises(JournalFailed, match="tables of a journal"):
        await journal.append(lease, [Draft("noted", {})])
    for read in (journal.runs, lambda: journal.events("R1")):
        with pytest.raises(JournalFailed, match="tables of a journal"):
            read()


@BOTH
def test_many_that_make_one_journal_at_once_all_can(url: str, child, sql):
    writers = [child("work", url, f"R{i}", 20) for i in range(4)]
    for process in writers:
        out, err = process.communicate("\n", timeout=60)
        assert out.split()[-1] == "done", err
    assert sql("SELECT count(*) FROM leases WHERE run != '@journal'") == [(4,)]
