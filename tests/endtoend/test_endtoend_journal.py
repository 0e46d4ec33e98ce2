"""The record of a real run: it verifies, and no byte of it can be changed unnoticed."""

from __future__ import annotations

import sqlite3
from contextlib import closing


def _changed(text):
    """The same with one byte in its middle changed."""
    place = len(text) // 2
    return text[:place] + ("1" if text[place] != "1" else "2") + text[place + 1 :]


def test_a_changed_byte_anywhere_in_an_event_is_found_and_the_event_is_named(house):
    house.up("--tokens", "6", "--attacker", "none")
    run = house.contain(playbook=house.quick()).json["run"]
    whole = house.run("journal", "verify", "--json")
    assert (whole.code, whole.json["verifies"]) == (0, True)
    assert whole.json["events"] == len(house.events())
    middle, last = len(house.events()) // 2, len(house.events())
    places = [(1, "at"), (2, "body"), (middle, "type"), (middle, "prev"), (last, "incident"), (last, "hash")]
    for n, column in places:
        ((before,),) = house.rows(f"SELECT {column} FROM events WHERE run = ? AND n = ?", run, n)
        _write(house, column, _changed(before), run, n)
        said = house.run("journal", "verify")
        assert said.code == 4, f"{column} of event {n}: {said.text}"
        assert run in said.out
        assert f"event {n}" in said.out, said.out
        _write(house, column, before, run, n)
    assert house.run("journal", "verify").code == 0


def _write(house, column, value, run, n):
    with closing(sqlite3.connect(house.home / "journal.db")) as journal, journal:
        for (name,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            journal.execute(f"DROP TRIGGER {name}")
        journal.execute(f"UPDATE events SET {column} = ? WHERE run = ? AND n = ?", (value, run, n))
