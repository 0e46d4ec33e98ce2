"""The record as people read it, and exit code 4 when it is not what was written."""

from __future__ import annotations

import sqlite3

import pytest

from triggers.cli import place


def test_verify_counts_what_it_went_through(ringfence, written):
    said = ringfence("journal", "verify")
    assert said.code == 0
    assert said.out.startswith("6 events of 2 runs verify, and the journal's own chain of 3 records.")
    one = ringfence("journal", "verify", "--run", "R1", "--json").json
    assert {name: one[name] for name in ("verifies", "events", "runs", "records", "broken")} == {
        "verifies": True, "events": 3, "runs": 1, "records": 3, "broken": [],
    }  # fmt: skip


def test_a_changed_byte_is_4_and_named(ringfence, written, home):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute("""UPDATE events SET body = replace(body, '7', '8') WHERE run = 'R1' AND n = 1""")
    opened.close()
    said = ringfence("journal", "verify")
    assert said.code == 4
    assert "Run R1, event 1" in said.out
    assert "does NOT verify" in said.out
    found = ringfence("journal", "verify", "--json")
    assert found.code == 4
    assert [(one["run"], one["n"]) for one in found.json["broken"]] == [("R1", 1)]
    assert ringfence("journal", "verify", "--run", "R2").code == 0


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM events WHERE run = 'R1' AND n = 2", "DELETE FROM events WHERE run = 'R2' AND n = 3"],
)
def test_a_removed_event_is_4(ringfence, written, home, change):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute(change)
    opened.close()
    assert ringfence("journal", "verify").code == 4


def test_a_file_that_is_no_journal_is_4(ringfence, home):
    (place.state_folder() / "journal.db").write_bytes(b"no data base at all, but long enough to be read as one" * 40)
    said = ringfence("journal", "verify")
    assert said.code == 4
    assert ringfence("journal", "show").code == 1
    assert ringfence("journal", "runs").code == 1


def test_an_unknown_run_is_1(ringfence, written):
    for command in ("show", "verify"):
        said = ringfence("journal", command, "--run", "R9")
        assert said.code == 1
        assert "R9" in said.err


def test_show_gives_the_newest_run_in_order(ringfence, written):
    said = ringfence("journal", "show")
    assert said.out.startswith("Run R2, 3 events:")
    shown = ringfence("journal", "show", "--run", "R1", "--json").json
    assert [event["type"] for event in shown["events"]] == ["opened", "worded", "ended"]
    assert shown["events"][0]["body"] == {"playbook": "p", "number": 7}
    one = ringfence("journal", "show", "--limit", "1")
    assert "2 earlier ones" in one.out
    assert one.out.count("ended") == 1


def test_runs_lists_the_newest_first(ringfence, written):
    rows = ringfence("journal", "runs", "--json").json["runs"]
    assert [(row["run"], row["lock"], row["n"]) for row in rows] == [("R2", None, 3), ("R1", "drift", 3)]
    assert ringfence("journal", "runs").out.splitlines()[0].startswith("R2")


def test_a_home_with_strange_letters_has_one_journal(ringfence, tmp_path, monkeypatch):
    from journal import Keys

    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "a b%20#?&é"))
    place.open_journal(Keys.none()).close()
    assert place.has_journal()
    assert ringfence("journal", "verify").code == 0


def test_a_key_is_made_once_and_read_from_the_configurations_folder(ringfence, tmp_path, monkeypatch):
    (tmp_path / "ringfence.yaml").write_text(
        "connections: {idp: {system: practice_idp, url: 'https://idp.example'}}\nseal: file:master\n"
    )
    (tmp_path / "integrations.yaml").write_text(
        "integrations: {a: {title: A, owner: b, footholds: [{id: c, kind: client, at: idp, client: d}]}}\n"
    )
    assert ringfence("journal", "key", str(tmp_path / "master")).code == 0
    again = ringfence("journal", "key", str(tmp_path / "master"))
    assert again.code == 1
    assert "never overwritten" in again.err
    ours = place.configuration()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert place.open_keys(ours, sandbox=False).id
    assert place.open_keys(ours, sandbox=True).id == place.open_keys(ours, sandbox=False).id


def test_the_sandbox_has_a_key_of_its_own_that_stays(home):
    first = place.open_keys(None, sandbox=True)
    assert first.id
    assert place.open_keys(None, sandbox=True).id == first.id
    assert not place.open_keys(None, sandbox=False).id
