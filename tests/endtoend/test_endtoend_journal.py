"""The record of a real run: it verifies, no byte of it can be changed unnoticed, and its heads leave beside the run."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
import yaml

from journal.proof.sign import key_id
from triggers.cli.place import COMPANY


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
    assert whole.json["records"] == len(house.rows("SELECT n FROM events WHERE run = '@journal'"))
    middle, last = len(house.events()) // 2, len(house.events())
    places = [(1, "at"), (2, "body"), (middle, "type"), (middle, "prev"), (last, "incident"), (last, "hash")]
    for n, column in places:
        ((before,),) = house.rows(f"SELECT {column} FROM events WHERE run = ? AND n = ?", run, n)
        _write(house, f"UPDATE events SET {column} = ? WHERE run = ? AND n = ?", _changed(before), run, n)
        said = house.run("journal", "verify")
        assert said.code == 4, f"{column} of event {n}: {said.text}"
        assert run in said.out
        assert f"event {n}" in said.out, said.out
        _write(house, f"UPDATE events SET {column} = ? WHERE run = ? AND n = ?", before, run, n)
    assert house.run("journal", "verify").code == 0


def test_a_run_is_anchored_at_its_opening_and_at_its_end_and_a_cut_tail_is_found_by_it(house):
    house.up("--tokens", "6", "--attacker", "none")
    said = house.contain(playbook=house.quick())
    assert said.code == 0
    run, last = said.json["run"], len(house.events())
    lines = [json.loads(line) for line in (house.home / "anchors.jsonl").read_text().splitlines()]
    assert lines[0]["statement"]["run"]["n"] < last
    end = lines[-1]["statement"]
    assert (end["run"]["id"], end["run"]["n"], end["run"]["head"]) == (run, last, said.json["journal"]["head"])
    key = key_id((house.home / "keys" / "sign.pub").read_text().strip())
    assert {line["statement"]["key"] for line in lines} == {key}
    assert key in (house.home / "reports" / f"{run}.html").read_text()
    assert house.run("journal", "verify", "--strict").code == 0
    ((before,),) = house.rows("SELECT hash FROM events WHERE run = ? AND n = ?", run, last - 1)
    _write(house, "DELETE FROM events WHERE run = ? AND n = ?", run, last)
    _write(house, "UPDATE leases SET last_n = ?, head = ? WHERE run = ?", last - 1, before, run)
    cut = house.run("journal", "verify", "--run", run)
    assert cut.code == 4
    assert f"tells of event {last} of run {run}, which ends with event {last - 1}: it was cut off" in cut.out


@pytest.fixture
def silent():
    """A server that takes every request and answers none."""
    over, asked = Event(), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            over.wait(60)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/s3cret", asked
    over.set()
    server.shutdown()
    server.server_close()


def test_a_place_that_never_answers_holds_up_no_word_and_the_end_by_two_seconds(house, silent):
    url, asked = silent
    entries = yaml.safe_load(COMPANY.read_text()) | {"integrations": str(COMPANY.with_name("integrations.yaml"))}
    config = house.place / "ringfence.yaml"
    config.write_text(
        yaml.safe_dump(entries | {"journal": {"anchors": [{"webhook": "env:HOOK"}, {"file": "kept.jsonl"}]}})
    )
    house.up("--tokens", "6", "--attacker", "none")
    begun = house.start(
        "contain", house.quick(), "--sandbox", "--yes", "--config", config, "--json", HOOK=url
    )  # fmt: skip
    house.until(lambda: (house.home / "anchors.jsonl").exists() or (house.place / "kept.jsonl").exists())
    house.until(lambda: house.rows("SELECT at FROM events WHERE type = 'ended'"))
    waited = time.monotonic()
    said = begun.end()
    waited = time.monotonic() - waited
    assert said.code == 0, said.text
    assert said.json["word"] == "contained"
    assert waited < 15, "the place would have taken a minute"
    assert set(asked) == {"/s3cret"}
    assert said.text.count("Anchor webhook:127.0.0.1: ") == 1  # said once, whether it fails once or is tried again
    assert "s3cret" not in said.text + (house.home / "journal.db").read_bytes().decode("latin-1")
    assert json.loads((house.place / "kept.jsonl").read_text().splitlines()[-1])["statement"]["run"]["n"] == len(
        house.events()
    )
    verified = house.run("journal", "verify", "--strict", "--config", config, HOOK=url)
    assert verified.code == 0, verified.text
    assert "NOT CARRIED" in house.run("journal", "anchors", "--config", config).out


def _write(house, statement, *values):
    with closing(sqlite3.connect(house.home / "journal.db")) as journal, journal:
        journal.execute(statement, values)
