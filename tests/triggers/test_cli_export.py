"""Exporting, reading and pruning from the command line: recorded, refused in a sentence, nothing half done."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys

import pytest

from journal import Draft, Keys
from journal.event import JOURNAL, Private
from journal.export import verifier
from triggers.cli import place
from triggers.cli.desk import who


def _own(home, type_):
    """The records of one type, as they are stored."""
    with sqlite3.connect(home / "journal.db") as opened:
        rows = opened.execute(
            "SELECT body FROM events WHERE run = ? AND type = ? ORDER BY n", (JOURNAL, type_)
        ).fetchall()
    opened.close()
    return [json.loads(body) for (body,) in rows]


def _write(*drafts):
    async def write():
        journal = place.open_journal(Keys.none())
        await journal.record(*drafts)
        await journal.aclose()

    asyncio.run(write())


@pytest.fixture
def named(home):
    """A run that ended, with a name in it."""

    async def write():
        journal = place.open_journal(Keys.none())
        opened = {"playbook": "p", "mode": "drill", "by": Private("os:zoe"), "reason": Private("seen at night")}
        lease, _ = await journal.begin("R1", "INC-1", Draft("opened", opened))
        await journal.append(lease, [Draft("worded", {"word": "contained"}), Draft("ended", {"word": "contained"})])
        await journal.release(lease, unlock=True)
        await journal.aclose()

    asyncio.run(write())


def test_an_export_is_recorded_and_its_digest_is_the_files(ringfence, named, home, tmp_path):
    said = ringfence("journal", "export", "R1", "-o", tmp_path / "f", "--json")
    assert said.code == 0, said.err
    file = json.loads((tmp_path / "f").read_text())
    (record,) = _own(home, "exported")
    content = {name: value for name, value in file.items() if name != "signature"}
    digest = verifier.sha256(verifier.canonical(content))
    assert record | {"by": ""} == {"run": "R1", "incident": "INC-1", "by": "", "sha256": digest}
    assert record["by"].startswith("sealed:")
    assert said.json["sha256"] == digest
    assert said.json["verifier"] == "written"
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "verify.py", tmp_path / "f", "--key", said.json["key"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "os:zoe" in done.stdout
    assert f"by {who()}" in done.stdout
    assert ringfence("journal", "verify").code == 0


def test_nothing_is_handed_over_when_the_export_cannot_be_recorded(ringfence, named, home, tmp_path):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    opened.close()
    said = ringfence("journal", "export", "R1", "-o", tmp_path / "f")
    assert said.code == 1
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


def test_an_incident_is_exported_with_all_its_runs_and_no_names_where_none_are_wanted(ringfence, named, home, tmp_path):
    async def second():
        journal = place.open_journal(Keys.none())
        await journal.begin("R2", "INC-1", Draft("opened", {"playbook": "p", "by": Private("os:yan")}), lock="drift")
        await journal.aclose()

    asyncio.run(second())
    said = ringfence("journal", "export", "INC-1", "-o", tmp_path / "f", "--no-names")
    assert said.code == 0, said.err
    assert "it has not ended" in said.out
    text = (tmp_path / "f").read_text()
    assert [run["run"] for run in json.loads(text)["runs"]] == ["R1", "R2"]
    assert json.loads(text)["people"] == ""
    assert "os:" not in text
    last = ringfence("journal", "export", "--last", "-o", tmp_path / "g", "--json")
    assert [run["run"] for run in last.json["runs"]] == ["R2"]


def test_what_is_there_is_not_written_over(ringfence, named, home, tmp_path):
    (tmp_path / "f").write_text("mine")
    (tmp_path / "verify.py").write_text("mine")
    said = ringfence("journal", "export", "R1", "-o", tmp_path / "f")
    assert said.code == 1
    assert "--force" in said.err
    assert (tmp_path / "f").read_text() == "mine"
    assert _own(home, "exported") == []
    forced = ringfence("journal", "export", "R1", "-o", tmp_path / "f", "--force")
    assert forced.code == 0
    assert "NOT ours" in forced.out
    assert (tmp_path / "verify.py").read_text() == "mine"
    assert json.loads((tmp_path / "f").read_text())["format"] == verifier.FORMAT


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("R9", "-o", "f"), "no run R9"),
        (("-o", "f"), "Name a run"),
        (("R1", "-o", "."), "is a folder"),
        (("R1", "-o", "no/such/folder/f"), "cannot be written"),
        (("R1",), "--output"),
    ],
)
def test_what_cannot_be_exported_is_said(ringfence, named, home, words, says):
    said = ringfence("journal", "export", *words)
    assert said.code == 1
    assert says in said.err
    assert _own(home, "exported") == []


def test_an_altered_run_is_not_signed(ringfence, named, home, tmp_path):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute("""UPDATE events SET body = '{"word":"failed"}' WHERE run = 'R1' AND n = 2""")
    opened.close()
    said = ringfence("journal", "export", "R1", "-o", tmp_path / "f")
    assert said.code == 1
    assert "Run R1, event 2" in said.err
    assert not (tmp_path / "f").exists()


def test_reading_is_recorded(ringfence, named, home):
    assert ringfence("journal", "show", "R1").code == 0
    assert ringfence("journal", "show", "--json").code == 0
    records = _own(home, "read")
    assert [(one["run"], one["incident"], one["how"]) for one in records] == [("R1", "INC-1", "journal show")] * 2
    assert all(one["by"].startswith("sealed:") for one in records)
    assert ringfence("journal", "verify").code == 0


def test_what_cannot_be_recorded_is_read_all_the_same_and_said_so(ringfence, named, home):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    opened.close()
    said = ringfence("journal", "show", "R1")
    assert said.code == 0
    assert said.out.startswith("Run R1, 3 events:")
    assert len(said.err.splitlines()) == 1
    assert "was not recorded" in said.err


def test_a_journal_that_cannot_be_opened_to_write_is_read_as_it_lies(ringfence, named, home):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute("UPDATE alembic_version SET version_num = 'newer'")
    opened.close()
    said = ringfence("journal", "show", "R1")
    assert said.code == 0
    assert said.out.startswith("Run R1, 3 events:")
    assert "person-" in said.out
    assert "os:zoe" not in said.out
    assert "was not recorded" in said.err
    assert ringfence("journal", "show").out.startswith("Run R1, 3 events:")
    assert ringfence("journal", "show", "R9").code == 1


def test_pruning_says_what_goes_and_what_stays_and_asks_first(ringfence, written, home):
    said = ringfence("journal", "prune", "--before", "0d", "--dry-run")
    assert said.code == 0
    assert "nothing that may go" in said.out
    assert "stays: R2 (incident INC-2 is open: `ringfence close INC-2`)" in said.out
    _write(Draft("incident_closed", {"incident": "INC-2"}))
    assert ringfence("journal", "prune", "--before", "0d", "--dry-run", "--json").json["would_prune"][0]["run"] == "R2"
    refused = ringfence("journal", "prune", "--before", "0d")
    assert refused.code == 1
    assert "--yes" in refused.err
    assert _own(home, "pruned") == []
    assert ringfence("journal", "prune", "--before", "1d", "--yes").out.count("taken out") == 0


def test_a_pruned_run_is_said_to_be_pruned_and_its_export_still_verifies(ringfence, written, home, tmp_path):
    page = home / "reports" / "R2.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("R2")
    assert ringfence("journal", "export", "R2", "-o", tmp_path / "f").code == 0
    _write(Draft("incident_closed", {"incident": "INC-2"}))
    said = ringfence("journal", "prune", "--before", "0d", "--yes")
    assert said.code == 0
    head = json.loads((tmp_path / "f").read_text())["runs"][0]["head"]["hash"]
    assert head in said.out
    assert not page.exists()
    (stone,) = _own(home, "pruned")
    assert (stone["run"], stone["head"]) == ("R2", head)
    for words in (
        ("status", "R2"),
        ("journal", "show", "R2"),
        ("journal", "export", "R2", "-o", "g"),
        ("check", "R2"),
    ):
        told = ringfence(*words)
        assert told.code == 1, words
        assert "Run R2 was pruned on" in told.err, words
        assert head in told.err, words
    verified = ringfence("journal", "verify")
    assert verified.code == 0, verified.out
    done = subprocess.run(
        [sys.executable, "-I", tmp_path / "verify.py", tmp_path / "f"], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert ringfence("journal", "export", "R1", "-o", tmp_path / "h").code == 0


@pytest.mark.parametrize("before", ["tomorrow", "90", "-1d", "2999-01-01", ""])
def test_a_time_that_is_none_is_refused(ringfence, written, before):
    said = ringfence("journal", "prune", f"--before={before}", "--yes")
    assert said.code == 1
    assert "--before" in said.err
