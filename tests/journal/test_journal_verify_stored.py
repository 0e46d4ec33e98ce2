"""Every change of the stored record is found and named, down to its bytes; what is no record says so."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from journal import Draft, Event, Journal, JournalFailed, Keys, UnknownRun
from journal.proof.raw import _connect, _rows
from journal.proof.verify import BROKEN_LIMIT, verify_url

COLUMNS = [field.name for field in fields(Event)]


# Stored: every byte of every column.


def _mutations(value: object, seed: int) -> Iterator[object]:
    """Ways to change one byte of a stored value, and to keep its look with another type."""
    pick = random.Random(seed)
    if isinstance(value, int):
        yield from (value + 1, value + 10, -value, value ^ 64, f"{value}x", f"0x{value}", value + 0.5, 2**60)
        yield ("blob", str(value).encode())
        return
    assert isinstance(value, str)
    stored = value.encode()
    for position in {0, len(stored) - 1, *(pick.randrange(len(stored)) for _ in range(6))} if stored else ():
        changed = bytearray(stored)
        changed[position] ^= pick.choice((1, 2, 4, 32, 128, changed[position]))  # the last one: a NUL byte
        yield bytes(changed)
    yield stored + b" "
    yield stored + b"\0"
    yield stored[:-1] if stored else b"0"
    yield ("blob", stored)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_byte_in_any_column_names_the_event(written: str, column: str, sql, named):
    rows = sql("SELECT run, n, incident, fence, at, type, body, prev, hash FROM events")
    assert len(rows) == 24 + 9  # and the journal's own chain: three times opened, closed, resumed
    tried = 0
    for row in random.Random(column).sample(rows, 6):
        run, n, value = row[0], row[1], row[COLUMNS.index(column)]
        for change in _mutations(value, n):
            new, cast = _sql_value(change)
            try:
                assert sql(f"UPDATE events SET {column} = {cast} WHERE run = ? AND n = ? RETURNING n", new, run, n)
            except sqlite3.IntegrityError:
                continue  # that place is taken: the data base itself refuses
            found = verify_url(written)
            assert named(found, run, n), (column, run, n, change, found)
            sql("DELETE FROM events WHERE hash = ? OR (prev = ? AND (run, n) = (?, ?))", row[8], row[7], run, n)
            sql("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
            tried += 1
    assert tried >= 30
    assert verify_url(written) == []


def _sql_value(change: object) -> tuple[object, str]:
    if isinstance(change, tuple):
        return change[1], "?"  # the same bytes, as a BLOB
    return change, "CAST(? AS TEXT)" if isinstance(change, bytes) else "?"


@pytest.mark.parametrize(
    "spelling",
    [
        lambda body: body.replace(":", ": ", 1),
        lambda body: body.replace("{", "{ ", 1),
        lambda body: body.replace('"effect"', '"\\u0065ffect"'),
        lambda body: body[:-1] + ',"effect":"tokens/0"}',
        lambda body: body + "\n",
    ],
)
def test_the_same_body_spelled_in_another_way_is_found(written: str, spelling, sql):
    ((body,),) = sql("SELECT body FROM events WHERE run = 'R1' AND n = 2")
    assert spelling(body) != body
    sql("UPDATE events SET body = ? WHERE run = 'R1' AND n = 2", spelling(body))
    assert [(b.run, b.n) for b in verify_url(written)] == [("R1", 2)]


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "null", "NaN", '{"x":NaN}', "9" * 5000, "[" * 5000, '{"x":1e400}']
)
def test_a_body_that_is_nonsense_is_a_finding(written: str, body: str, sql):
    sql("UPDATE events SET body = ? WHERE run = 'R2' AND n = 3", body)
    assert [(b.run, b.n) for b in verify_url(written)] == [("R2", 3)]
    assert verify_url(written, "R1") == []


def test_a_removed_event_is_missed_wherever_it_stood(written: str, sql):
    for n in range(1, 9):
        (row,) = sql("SELECT * FROM events WHERE run = 'R2' AND n = ?", n)
        sql("DELETE FROM events WHERE run = 'R2' AND n = ?", n)
        assert ("R2", n) in [(b.run, b.n) for b in verify_url(written)]
        assert ("R2", n) in [(b.run, b.n) for b in verify_url(written, "R2")]
        sql("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
    sql("DELETE FROM events WHERE run = 'R2'")
    (broken,) = verify_url(written)
    assert "R2: events 1 to 8 are cut off" in broken.what


def test_exchanged_events_are_found(written: str, sql):
    sql("UPDATE events SET n = 100 WHERE run = 'R1' AND n = 2")
    sql("UPDATE events SET n = 2 WHERE run = 'R1' AND n = 3")
    sql("UPDATE events SET n = 3 WHERE run = 'R1' AND n = 100")
    assert [(b.run, b.n) for b in verify_url(written)] == [("R1", 2), ("R1", 3), ("R1", 4)]


def test_rows_in_leases_are_checked_against_the_chains(written: str, sql):
    for change in ("last_n = 9", "last_n = 7", "head = 'x'", "fence = 1", "incident = 'x'", "last_n = 'x'"):
        (row,) = sql("SELECT * FROM leases WHERE run = 'R2'")
        sql(f"UPDATE leases SET {change} WHERE run = 'R2'")
        assert [b.run for b in verify_url(written)] == ["R2"], change
        sql("DELETE FROM leases WHERE run = 'R2'")
        assert "no row in leases" in verify_url(written)[0].what
        sql(f"INSERT INTO leases VALUES ({','.join('?' * len(row))})", *row)
    assert verify_url(written) == []


def test_a_trigger_that_was_put_in_is_found(written: str, sql):
    sql("CREATE TRIGGER quiet AFTER INSERT ON events BEGIN SELECT 1; END")
    assert "trigger 'quiet'" in verify_url(written)[0].what


def test_the_list_of_findings_has_an_end(written: str, sql):
    sql(
        "INSERT INTO events SELECT 'X' || value, 1, 'i', 1, 'a', 't', '{}', '', 'h'"
        " FROM (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c LIMIT 3000) SELECT value FROM c)"
    )
    assert len(verify_url(written)) == BROKEN_LIMIT


# The file itself.


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_anywhere_in_the_file_is_no_traceback_and_never_a_silent_change(written, seed, tmp_path):
    original = Path(written.removeprefix("sqlite:///"))
    whole = _read(original)
    pick, seen = random.Random(seed), 0
    data = original.read_bytes()
    for k in range(260):
        copy = tmp_path / "copy.db"
        # the first two hundred bytes hold the header and the schema: half of the tries go there
        position = pick.randrange(200) if k % 5 == 0 else pick.randrange(len(data))
        changed = bytearray(data)
        changed[position] ^= 1 << pick.randrange(8)
        copy.write_bytes(changed)
        try:
            found = verify_url(f"sqlite:///{copy}")
        except JournalFailed:
            continue
        if not found:
            assert _read(copy) == whole, position
        seen += bool(found)
        for log in tmp_path.glob("copy.db-*"):
            log.unlink()
    assert seen > 10


def _read(path: Path) -> list[object]:
    with closing(_connect(path)) as connection:
        return list(_rows(connection, ""))


def test_what_is_no_data_base_is_a_finding(tmp_path: Path):
    file = tmp_path / "x.db"
    for content in (b"not a data base, but longer than its header of a hundred bytes would be. " * 3, b"x", b""):
        file.write_bytes(content)
        (broken,) = verify_url(f"sqlite:///{file}")
        assert str(file) in broken.what


def test_a_truncated_file_is_a_finding(written: str):
    file = Path(written.removeprefix("sqlite:///"))
    data = file.read_bytes()
    for size in (1, 100, 4096, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:size])
        assert verify_url(written), size


def test_no_file_and_no_such_run_say_so(written: str, tmp_path: Path):
    with pytest.raises(JournalFailed, match="no journal at"):
        verify_url(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(JournalFailed, match="no journal at"):
        verify_url(f"sqlite:///{tmp_path}")
    with pytest.raises(JournalFailed, match="sqlite:///PATH"):
        verify_url("mysql://x/y")
    with pytest.raises(UnknownRun):
        verify_url(written, "R9")


async def test_verify_works_while_others_write(journal: Journal, url: str):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await journal.append(lease, [Draft("noted", {})] * 20)

    writing = asyncio.create_task(write())
    for _ in range(10):
        assert await asyncio.to_thread(verify_url, url) == []
    stop.set()
    await writing


async def test_a_changed_record_is_no_traceback_for_its_readers(written: str, sql):
    sql("UPDATE events SET body = '{' WHERE run = 'R1' AND n = 2")
    sql("UPDATE leases SET owner = '[]' WHERE run = 'R1'")
    journal = Journal.open(written, keys=Keys.none())
    with pytest.raises(JournalFailed, match="ringfence journal verify"):
        journal.events("R1")
    with pytest.raises(JournalFailed, match="ringfence journal verify"):
        await journal.take("R1")
    assert len(journal.runs()) == 3
    await journal.aclose()


async def test_a_copy_verifies_without_its_writer_wherever_it_lies(written: str, tmp_path: Path, events_of):
    copy = tmp_path / "else where" / "copy #%.db"
    copy.parent.mkdir()
    shutil.copy(written.removeprefix("sqlite:///"), copy)
    url = f"sqlite:///{tmp_path}/else%20where/copy%20%23%25.db"
    assert verify_url(url) == []
    assert len(await events_of(url)) == 24
