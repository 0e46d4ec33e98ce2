"""Closing, shredding, legal hold, erasing and the change of the master key: what opens afterwards, and what does not."""

import itertools
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from journal import Draft, Journal, Keys, NoKey, Seal
from journal.custody.incident import Close, Done, Erase, Hold
from journal.custody.standing import standing
from journal.errors import IncidentClosed, JournalFailed, NotNow, UnknownIncident
from journal.event import JOURNAL, Private
from journal.proof.verify import verify_url
from journal.seal.rekey import Rekey, Rekeyed
from journal.write.requests import Request

DATABASES = ("sqlite", "postgresql")
DATABASES = ("sqlite", "postgres")
OLD, NEW = Keys(b"a" * 32), Keys(b"b" * 32)
SECRET = b"canary-Xk42-a-token"
NAME = "os:jane.kanari"


def _open(url: str, *masters: Keys) -> Journal:
    return Journal.open(url, keys=masters[0], names=masters[1:])


async def _run(journal: Journal, run: str, incident: str, *, unlock: bool = True) -> None:
    opened = Draft("opened", {"by": Private(NAME), "reason": Private("over")})
    sealed = [Seal("secret/1", SECRET), Seal("before/1", SECRET * 9)]
    lease, _ = await journal.begin(run, incident, opened, lock=run, sealed=sealed)
    journal.ask(run, "stop", Private(NAME))
    await journal.append(lease, [Draft("ended", {"word": "contained" if unlock else "stopped"})])
    await journal.release(lease, unlock=unlock)


async def _do(journal: Journal, act: Request) -> Done:
    done: Done = await journal.carry_out(act)
    await journal.drop_traces()
    return done


def _close(incident: str = "INC-1") -> Close:
    return Close(incident=incident, by=NAME, why="over")


def _hold(*, on: bool) -> Hold:
    return Hold(incident="INC-1", on=on, by=NAME, why="court")


def _own(journal: Journal) -> list[str]:
    return [event.type for event in journal.events(JOURNAL)]


def _blobs(sql) -> list[bytes]:
    """Every wrapped key and every box that there is."""
    tables = ("wrapped FROM run_keys", "box FROM sealed", "wrapped FROM people_keys")
    return [bytes(blob) for table in tables for ((blob),) in sql(f"SELECT {table}")]


def _bytes(url: str) -> bytes:
    """Every byte of the journal's files; nothing on a server, whose files are not ours."""
    if url.startswith("postgresql"):
        return b""
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal", "-shm") if _is(path, ending))


def _is(path: Path, ending: str) -> bool:
    return Path(f"{path}{ending}").exists()


async def test_closing_shreds_what_its_runs_would_need_and_no_more(url: str, sql):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    await _run(journal, "R2", "INC-1")
    theirs = _blobs(sql)
    people = [bytes(blob) for ((blob),) in sql("SELECT wrapped FROM people_keys")]
    await _run(journal, "R3", "INC-3")
    assert not _bytes(url) or all(blob in _bytes(url) for blob in theirs), "else nothing is proven below"
    done = await _do(journal, _close())
    assert done == Done(("R1", "R2"), shredded=True)
    gone = [blob for blob in theirs if blob not in people]
    assert len(gone) == 6
    assert not [blob for blob in gone if blob in _bytes(url) or blob in _blobs(sql)]
    assert journal.unseal("R1") == journal.unseal("R2") == {}
    assert journal.asked("R1", 0) == []
    assert journal.unseal("R3")["secret/1"] == SECRET
    assert journal.events("R1")[0].body["by"] == NAME, "names stay until they are erased"
    assert [event.body for event in journal.events(JOURNAL)[-2:]] == [
        {"incident": "INC-1", "by": NAME, "why": "over"}, {"incident": "INC-1", "runs": ["R1", "R2"]},
    ]  # fmt: skip
    assert NAME not in repr(journal.events(JOURNAL, names=False))
    await journal.aclose()
    assert verify_url(url) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_after_closing_no_piece_of_the_files_opens_with_the_master_key(url: str):
    """The proof by trying: at each place of each file, a key that the master key wraps, or a value that such a key seals."""
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    before = _opens(_bytes(url), "R1")
    await _do(journal, _close())
    after = _opens(_bytes(url), "R1")
    await journal.aclose()
    assert before == 1, "the way of looking finds it while it is there"
    assert after == _opens(_bytes(url), "R1") == 0


def _opens(data: bytes, run: str) -> int:
    """How many different keys of this run the master key opens, wherever in these bytes they begin."""
    cipher, size = AESGCM(b"a" * 32), 12 + 32 + 16
    found = set()
    for start in range(len(data) - size + 1):
        piece = data[start : start + size]
        try:
            found.add(cipher.decrypt(piece[:12], piece[12:], b"run key\0" + run.encode()))
        except InvalidTag:
            continue
    return len(found)


async def test_a_closed_incident_is_neither_resumed_nor_closed_again(url: str):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    assert journal.closed_at("INC-1") is None
    await _do(journal, _close())
    told = _own(journal)
    with pytest.raises(IncidentClosed, match=r"R1 can not go on.*INC-1 was closed"):
        await journal.take("R1")
    with pytest.raises(NotNow, match="closed already"):
        await _do(journal, _close())
    assert journal.closed_at("INC-1") is not None
    assert _own(journal) == told
    assert len(journal.events("R1")) == 2
    await journal.aclose()


async def test_closing_waits_for_every_run_and_says_which_and_what_to_do(url: str, sql, child):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    await _run(journal, "R2", "INC-1", unlock=False)
    lease, _ = await journal.begin("R3", "INC-1", Draft("opened", {}), lock="R3")
    blobs = _blobs(sql)
    with pytest.raises(NotNow) as refused:
        await _do(journal, _close())
    assert "R1" not in str(refused.value)
    assert "run R2 rests and holds R2: `ringfence resume R2`" in str(refused.value)
    assert "run R3 is being carried out by process" in str(refused.value)
    assert "`ringfence stop R3`" in str(refused.value)
    with pytest.raises(NotNow, match="names in incident INC-1 can not be erased"):
        await _do(journal, Erase(incident="INC-1", why=""))
    assert _blobs(sql) == blobs
    assert not {"incident_closed", "shredded", "erased"} & set(_own(journal))
    await journal.release(lease, unlock=True)
    sql("UPDATE leases SET lock = NULL WHERE run = 'R2'")
    with pytest.raises(NotNow, match="run R2 rests: "):
        await _do(journal, _close())
    await journal.aclose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_run_whose_process_died_is_not_closed_over(url: str):
    dead = _open(url, OLD)
    await dead.begin("R1", "INC-1", Draft("opened", {}))
    await dead.aclose()
    journal = _open(url, OLD)
    with pytest.raises(NotNow, match=r"R1 was not carried to its end.*resume R1"):
        await _do(journal, _close())
    await journal.aclose()


async def test_what_is_no_incident_is_said(url: str):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    with pytest.raises(UnknownIncident, match="R1 is a run; its incident is INC-1"):
        await _do(journal, _close("R1"))
    for act in (_close("INC-9"), Erase(incident="INC-9", why=""), Hold(incident="@journal", on=True, by="", why="")):
        with pytest.raises(UnknownIncident, match="no incident"):
            await _do(journal, act)
    await journal.aclose()


async def test_a_legal_hold_keeps_secrets_and_names_until_it_ends(url: str, sql):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    assert (await _do(journal, _hold(on=True))).held
    assert not (await _do(journal, _hold(on=True))).changed
    blobs = _blobs(sql)
    assert await _do(journal, _close()) == Done(("R1",), held=True)
    with pytest.raises(NotNow, match=r"legal hold.*legal-hold INC-1 off"):
        await _do(journal, Erase(incident="INC-1", why=""))
    assert _blobs(sql) == blobs
    assert journal.unseal("R1")["secret/1"] == SECRET
    with pytest.raises(IncidentClosed):
        await journal.take("R1")
    assert (await _do(journal, _hold(on=False))).shredded
    assert journal.unseal("R1") == {}
    assert not [blob for blob in blobs[:3] if blob in _bytes(url)]
    assert not (await _do(journal, _hold(on=False))).changed
    assert _own(journal)[2:] == ["legal_hold", "incident_closed", "legal_hold", "shredded"]
    own = standing(journal.events(JOURNAL))
    assert (own.closed("INC-1"), own.shredded("INC-1"), own.on_hold("INC-1")) == (True, True, False)
    await journal.aclose()
    assert verify_url(url) == []


async def test_a_hold_on_an_open_incident_shreds_nothing_when_it_ends(url: str):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    await _do(journal, _hold(on=True))
    assert await _do(journal, _hold(on=False)) == Done(("R1",))
    assert journal.unseal("R1")["secret/1"] == SECRET
    await journal.aclose()


async def test_erasing_leaves_pseudonyms_and_a_chain_that_verifies(url: str, sql):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    await _run(journal, "R2", "INC-2")
    before = journal.events("R1", names=False)
    ((wrapped,),) = sql("SELECT wrapped FROM people_keys WHERE incident = 'INC-1'")
    key = journal.people_key("INC-1")
    await _do(journal, Erase(incident="INC-1", why="asked for"))
    assert key is not None
    assert wrapped not in _bytes(url)
    assert key not in _bytes(url)
    assert journal.people_key("INC-1") is None
    assert journal.events("R1", names=False) == before, "what is hashed has not changed"
    shown = journal.events("R1")
    assert all(shown[0].body[name].startswith("person-") for name in ("by", "reason"))
    assert journal.events("R1") == shown
    assert journal.asked("R1", 0) == []
    assert journal.events("R2")[0].body["by"] == NAME
    assert journal.events(JOURNAL)[-1].body == {"incident": "INC-1", "why": "asked for"}
    assert journal.unseal("R1")["secret/1"] == SECRET
    with pytest.raises(NotNow, match="No name in incident INC-1"):
        await _do(journal, Erase(incident="INC-1", why=""))
    await journal.record(Draft("read", {"incident": "INC-1", "by": Private("os:later")}))
    assert journal.events(JOURNAL)[-1].body["by"] == "os:later"
    assert journal.events("R1") == shown, "a later key opens nothing that was erased"
    await journal.aclose()
    assert verify_url(url) == []


async def test_after_a_change_of_the_master_key_all_opens_with_the_new_and_nothing_with_the_old(url: str, sql):
    state = Keys(b"s" * 32)
    journal = _open(url, OLD, state)
    await _run(journal, "R1", "INC-1")
    await _run(journal, "R2", "INC-2")
    await journal.aclose()
    named = _open(url, Keys.none(), state)
    await named.begin("R3", "INC-3", Draft("opened", {"by": Private(NAME)}), lock="R3")
    await named.aclose()
    journal = _open(url, OLD, state)
    lease, _ = await journal.take("R3")
    await journal.release(lease, unlock=True)
    wrapped = [bytes(b) for t in ("run_keys", "people_keys") for ((b),) in sql(f"SELECT wrapped FROM {t}")]
    assert await _do(journal, Rekey(new=NEW)) == Rekeyed(tuple(sorted((OLD.id, state.id))), 2, 3)
    assert not [one for one in wrapped if one in _bytes(url) or one in _blobs(sql)]
    with pytest.raises(NoKey, match=NEW.id):
        journal.unseal("R1")
    assert [journal.people_key(f"INC-{n}") for n in (1, 2, 3)] == [None] * 3
    assert journal.events(JOURNAL)[-1].body == {
        "from": sorted((OLD.id, state.id)), "to": NEW.id, "runs": 2, "incidents": 3,
    }  # fmt: skip
    await journal.aclose()
    fresh = _open(url, NEW)
    assert [fresh.unseal(run)["secret/1"] for run in ("R1", "R2")] == [SECRET] * 2
    assert [fresh.events(run)[0].body["by"] for run in ("R1", "R2", "R3")] == [NAME] * 3
    assert await _do(fresh, Rekey(new=NEW)) == Rekeyed((), 0, 0)
    await fresh.aclose()
    assert verify_url(url) == []
    for master, (of, kind) in itertools.product((b"a" * 32, b"s" * 32), (("R1", b"run"), ("INC-1", b"people"))):
        for blob in _blobs(sql):
            with pytest.raises(InvalidTag):
                AESGCM(master).decrypt(blob[:12], blob[12:], kind + b" key\0" + of.encode())


async def test_a_change_of_the_master_key_is_refused_whole_when_one_key_does_not_open(url: str, sql):
    journal = _open(url, OLD)
    for number in (1, 2):
        await _run(journal, f"R{number}", f"INC-{number}")
    await journal.aclose()
    other = _open(url, NEW)
    await _run(other, "R3", "INC-3")
    await other.aclose()
    journal = _open(url, OLD)
    blobs = _blobs(sql)
    with pytest.raises(NoKey, match="Nothing was changed") as refused:
        await _do(journal, Rekey(new=Keys(b"c" * 32)))
    assert "run R3" in str(refused.value)
    assert "incident INC-3" in str(refused.value)
    assert "R1" not in str(refused.value)
    assert _blobs(sql) == blobs
    assert "rekeyed" not in _own(journal)
    await journal.aclose()


async def test_the_master_key_is_not_changed_under_a_run_that_is_carried_out(url: str, sql):
    journal = _open(url, OLD)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), sealed=[Seal("a", SECRET)])
    with pytest.raises(NotNow, match=r"while runs are carried out: R1 \(process"):
        await _do(journal, Rekey(new=NEW))
    await journal.append(lease, [Draft("step", {})], sealed=[Seal("b", SECRET)])
    await journal.release(lease, unlock=False)
    assert (await _do(journal, Rekey(new=NEW))).runs == 1
    await journal.aclose()


KILLED = """
import asyncio, os, sys
from sqlalchemy import event
from journal import Journal, Keys
from journal.seal.rekey import Rekey
journal = Journal.open(sys.argv[1], keys=Keys(b"a" * 32))
left = [int(sys.argv[2])]
def count(conn, cursor, statement, *rest):
    if statement.lstrip().upper().startswith(("UPDATE", "INSERT", "COMMIT")):
        left[0] -= 1
        if left[0] < 0:
            os._exit(137)
event.listen(journal._db.engine, "after_cursor_execute", count)
asyncio.run(journal.carry_out(Rekey(new=Keys(b"b" * 32))))
print("through")
"""


async def test_a_crash_midway_leaves_every_key_under_the_old_master_or_every_one_under_the_new(url: str, sql, tmp_path):
    journal = _open(url, OLD)
    for number in range(3):
        await _run(journal, f"R{number}", f"INC-{number}")
    await journal.aclose()
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    seen = set()
    for after in range(20):
        done = subprocess.run(
            [sys.executable, script, url, str(after)],
            capture_output=True, text=True, check=False, env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        masters = {
            master for table in ("run_keys", "people_keys") for ((master),) in sql(f"SELECT master FROM {table}")
        }
        assert len(masters) == 1, masters
        seen |= masters
        assert verify_url(url) == []
        if done.returncode == 0:
            break
        assert done.returncode == 137, done.stderr
    assert after >= 6, "it was killed after each of its writes"
    assert seen == {OLD.id, NEW.id}
    fresh = _open(url, NEW)
    assert [fresh.unseal(f"R{number}")["secret/1"] for number in range(3)] == [SECRET] * 3
    await fresh.aclose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_reader_that_keeps_traces_alive_is_told(url: str, sql):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM run_keys").fetchall()
    await journal.carry_out(_close())
    assert "another process was reading" in (await journal.drop_traces()).lower()
    reader.execute("COMMIT")
    assert await journal.drop_traces() == ""
    reader.close()
    await journal.aclose()


@pytest.mark.parametrize("body", ["{}", "[]", "{", "null"])
async def test_an_altered_record_is_said_and_closes_nothing(url: str, sql, body: str):
    journal = _open(url, OLD)
    await _run(journal, "R1", "INC-1")
    await _run(journal, "R2", "INC-2")
    await _do(journal, _close("INC-2"))
    assert journal.closed_at("INC-2") is not None
    sql("UPDATE events SET body = ? WHERE type = 'incident_closed'", body)
    lease, _ = await journal.take("R1")
    await journal.release(lease, unlock=True)
    assert journal.closed_at("INC-1") is None
    with pytest.raises(JournalFailed, match=r"own chain was altered.*journal verify"):
        await _do(journal, Hold(incident="INC-1", on=True, by=NAME, why=""))
    await journal.aclose()
    assert verify_url(url) != []
