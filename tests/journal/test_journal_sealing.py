"""A secret is in the journal only as long as its run needs it, and only for who has the master key."""

import base64
from pathlib import Path

import pytest

from journal import Draft, Journal, Keys, NoKey, Seal
from journal.proof.verify import verify_url

CANARY = b"canary-Zq81-secret-that-must-not-be-found"


def _traces(folder: Path) -> list[str]:
    needles = (CANARY, base64.b64encode(CANARY)[:-4], CANARY.hex().encode())
    return [f.name for f in folder.iterdir() if any(needle in f.read_bytes() for needle in needles)]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    folder = tmp_path / "keys"
    folder.mkdir()
    return Keys.make_file(folder / "master")


async def test_a_sealed_value_is_nowhere_in_the_clear(url: str, tmp_path: Path, keys: Keys):
    journal = Journal.open(url, keys=keys)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), sealed=[Seal("inputs.token", CANARY)])
    await journal.append(lease, [Draft("noted", {})], sealed=[Seal("new", b""), Seal("other", CANARY * 200)])
    files = {f.name for f in tmp_path.iterdir()}
    assert {"journal.db", "journal.db-wal"} <= files
    assert _traces(tmp_path / "keys") == _traces_in_files(tmp_path) == []
    assert journal.unseal("R1") == {"inputs.token": CANARY, "new": b"", "other": CANARY * 200}
    await journal.aclose()
    assert _traces_in_files(tmp_path) == []
    again = Journal.open(url, keys=Keys.from_reference(f"file:{tmp_path}/keys/master"))
    assert again.unseal("R1")["inputs.token"] == CANARY
    assert again.unseal("R9") == {}
    await again.aclose()
    assert verify_url(url) == []


def _traces_in_files(folder: Path) -> list[str]:
    return [f.name for f in folder.iterdir() if f.is_file() and CANARY in f.read_bytes()]


async def test_a_later_value_of_the_same_name_replaces_the_earlier(url: str, keys: Keys):
    journal = Journal.open(url, keys=keys)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), sealed=[Seal("a", b"1"), Seal("b", b"2")])
    await journal.append(lease, [Draft("noted", {})], sealed=[Seal("a", b"3")])
    assert journal.unseal("R1") == {"a": b"3", "b": b"2"}
    await journal.aclose()


async def test_without_a_key_nothing_is_written_and_the_sentence_tells_how_to_make_one(journal: Journal):
    with pytest.raises(NoKey, match=r"no master key is configured.*Make one"):
        await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift", sealed=[Seal("a", CANARY)])
    assert journal.runs() == []
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    with pytest.raises(NoKey):
        await journal.append(lease, [Draft("noted", {})], sealed=[Seal("a", CANARY)])
    assert len(journal.events("R1")) == 1
    assert journal.unseal("R1") == {}


async def test_another_key_does_not_open_it_and_says_which_would(url: str, keys: Keys, tmp_path: Path):
    journal = Journal.open(url, keys=keys)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), sealed=[Seal("a", b"1")])
    await journal.release(lease, unlock=True)
    await journal.aclose()
    other = Journal.open(url, keys=Keys.make_file(tmp_path / "other"))
    with pytest.raises(NoKey, match=keys.id):
        other.unseal("R1")
    taken, _ = await other.take("R1")
    with pytest.raises(NoKey, match=keys.id):
        await other.append(taken, [Draft("noted", {})], sealed=[Seal("b", b"2")])
    assert len(other.events("R1")) == 2
    await other.aclose()


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE sealed SET name = CASE name WHEN 'a' THEN 'z' ELSE 'a' END WHERE run = 'R1'",
        "UPDATE sealed SET box = (SELECT box FROM sealed WHERE run = 'R2') WHERE run = 'R1'",
        "UPDATE run_keys SET wrapped = (SELECT wrapped FROM run_keys WHERE run = 'R2')",
        "UPDATE sealed SET box = zeroblob(40)",
        "UPDATE sealed SET box = zeroblob(3)",
    ],
)
async def test_a_box_in_another_place_does_not_open(url: str, keys: Keys, move: str, sql):
    journal = Journal.open(url, keys=keys)
    for run in ("R1", "R2"):
        await journal.begin(run, "INC-1", Draft("opened", {}), sealed=[Seal("a", b"1")])
    sql(move)
    with pytest.raises(NoKey, match="altered"):
        journal.unseal("R1")
    await journal.aclose()


def test_nothing_shows_a_secret():
    key = base64.b64decode(base64.b64encode(b"k" * 32))
    assert CANARY.decode() not in repr(Seal("a", CANARY))
    assert "kkkk" not in repr(Keys(key))


def test_a_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path):
    path = tmp_path / "master"
    made = Keys.make_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert Keys.from_reference(f"file:{path}").id == made.id
    with pytest.raises(NoKey, match="never overwritten"):
        Keys.make_file(path)
    with pytest.raises(NoKey, match="could not be written"):
        Keys.make_file(tmp_path / "no" / "folder")
    path.chmod(0o640)
    with pytest.raises(NoKey, match=r"read by others.*chmod 600"):
        Keys.from_reference(f"file:{path}")


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:RF_NONE", "is not set"),
        ("env:RF_SHORT", "32 bytes"),
        ("env:RF_ODD", "not base64"),
        ("file:/none/such", "can not be read"),
        ("vault:x", "named by env:NAME or file:PATH"),
        ("env:", "named by env:NAME or file:PATH"),
    ],
)
def test_a_key_that_is_none_says_what_to_do(reference: str, says: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RF_SHORT", base64.b64encode(b"x" * 16).decode())
    monkeypatch.setenv("RF_ODD", "not base64 at all")
    with pytest.raises(NoKey, match=says) as error:
        Keys.from_reference(reference)
    assert "Make one with" in str(error.value)
    assert "not base64 at all" not in str(error.value)


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RF_KEY", base64.b64encode(b"k" * 32).decode() + "\n")
    assert Keys.from_reference("env:RF_KEY").id == Keys(b"k" * 32).id
