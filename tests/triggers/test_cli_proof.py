"""Heads are carried out by hand, listed, and held against the record: what is not proven is said, what is wrong is 4."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat

import pytest

from journal.proof.sign import Signer, key_id
from triggers.cli import place

CONFIG = """
connections: {{idp: {{system: practice_idp, url: 'https://idp.example'}}}}
journal:
  sign: file:signing
  anchors:
{anchors}
"""


@pytest.fixture
def configured(tmp_path):
    """Write a configuration that signs with a key of its own; gives its public key."""

    def write(*anchors: str) -> str:
        lines = "\n".join(f"    - {anchor}" for anchor in anchors)
        (tmp_path / "ringfence.yaml").write_text(CONFIG.format(anchors=lines))
        (tmp_path / "integrations.yaml").write_text(
            "integrations: {a: {title: A, owner: b, footholds: [{id: c, kind: client, at: idp, client: d}]}}\n"
        )
        return Signer.of_file(tmp_path / "signing").public

    return write


def sql(home, statement):
    with sqlite3.connect(home / "journal.db") as opened:
        opened.execute(statement)
    opened.close()


def test_what_was_never_anchored_is_said_and_is_4_only_when_asked_for(ringfence, written):
    said = ringfence("journal", "verify")
    assert said.code == 0
    assert "Unanchored since 20" in said.out
    assert "(9 events)" in said.out  # six of two runs, and three records
    assert "No independent anchor at all" in said.out
    assert ringfence("journal", "verify", "--strict").code == 4
    assert ringfence("journal", "anchors").out == "Nothing was ever anchored.\n"


def test_anchor_carries_all_heads_into_the_state_folder_and_says_that_this_is_not_independent(ringfence, written, home):
    said = ringfence("journal", "anchor")
    assert said.code == 0
    assert "1 head carried there" in said.out  # R2 was closed: the head of the journal's own chain stands for it
    assert "nothing new" in ringfence("journal", "anchor").out
    assert stat.S_IMODE((home / "anchors.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "keys" / "sign").stat().st_mode) == 0o600
    (one,) = ringfence("journal", "anchors", "--json").json["anchors"]
    assert (one["run"], one["n"], one["why"], one["independent"]) == ("R1", 3, "", "")
    assert "(not independent)" in ringfence("journal", "anchors").out
    verified = ringfence("journal", "verify", "--strict")
    assert verified.code == 0
    assert "Unanchored" not in verified.out
    assert "No independent anchor at all" in verified.out
    assert key_id((home / "keys" / "sign.pub").read_text().strip()) in verified.out


def test_the_key_given_counts_alone(ringfence, written, home, tmp_path):
    ringfence("journal", "anchor")
    ours = (home / "keys" / "sign.pub").read_text().strip()
    other = tmp_path / "other.pub"
    other.write_text("ab" * 32 + "\n")
    assert ringfence("journal", "verify", "--key", ours).code == 0
    assert ringfence("journal", "verify", "--key", str(home / "keys" / "sign.pub")).code == 0
    assert ringfence("journal", "verify", "--key", str(other), "--key", ours).code == 0
    foreign = ringfence("journal", "verify", "--key", str(other))
    assert foreign.code == 4
    assert "foreign key" in foreign.out
    refused = ringfence("journal", "verify", "--key", "nonsense")
    assert refused.code == 1
    assert "64 hex digits" in refused.err
    private = ringfence("journal", "verify", "--key", str(home / "keys" / "sign"))
    assert private.code == 1
    assert (home / "keys" / "sign").read_text().strip() not in private.out + private.err


def test_a_rolled_back_data_base_is_told_by_a_file_kept_elsewhere(ringfence, written, home, tmp_path):
    shutil.copy(home / "journal.db", tmp_path / "older.db")
    ringfence("journal", "anchor")
    shutil.copy(home / "anchors.jsonl", tmp_path / "kept.jsonl")
    for name in ("journal.db", "anchors.jsonl"):
        (home / name).unlink()
    for log in home.glob("journal.db-*"):
        log.unlink()
    with sqlite3.connect(tmp_path / "older.db") as older:
        older.execute("DELETE FROM events WHERE run = 'R1' AND n = 3")
        older.execute(
            "UPDATE leases SET last_n = 2, head = (SELECT hash FROM events WHERE run = 'R1' AND n = 2) WHERE run = 'R1'"
        )
    older.close()
    shutil.copy(tmp_path / "older.db", home / "journal.db")
    assert ringfence("journal", "verify").code == 0  # nothing here tells
    said = ringfence("journal", "verify", "--anchors", str(tmp_path / "kept.jsonl"))
    assert said.code == 4
    assert "R1, which ends with event 2: it was cut off, or an older copy was put back" in said.out
    found = ringfence("journal", "verify", "--anchors", str(tmp_path / "kept.jsonl"), "--json")
    assert ("R1", 3) in [(one["run"], one["n"]) for one in found.json["broken"]]
    assert ringfence("journal", "verify", "--anchors", str(tmp_path / "none.jsonl")).code == 1


def test_a_configured_file_is_compared_and_counts_as_its_configuration_says(ringfence, written, configured, tmp_path):
    public = configured("{file: far/anchors.jsonl, independent: a disk of the auditors}", "{file: near.jsonl}")
    assert ringfence("journal", "anchor").code == 0
    line = json.loads((tmp_path / "far" / "anchors.jsonl").read_text())
    assert line["public"] == public
    said = ringfence("journal", "verify", "--strict")
    assert said.code == 0
    assert "independent" not in said.out
    (tmp_path / "far" / "anchors.jsonl").unlink()
    gone = ringfence("journal", "verify")
    assert gone.code == 4
    assert "not there any more" in gone.out


def test_a_place_that_fails_is_2_and_the_others_get_theirs(ringfence, written, configured, monkeypatch, tmp_path):
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/services/s3cret")
    configured("{webhook: 'env:HOOK'}", "{webhook: 'env:NOT_SET'}", "{file: near.jsonl}")
    said = ringfence("journal", "anchor")
    assert said.code == 2
    assert "near.jsonl: 1 head carried there" in said.out
    assert "webhook:127.0.0.1: it cannot be reached" in said.out
    assert "NOT_SET" in said.out
    assert "s3cret" not in said.out + said.err
    listed = ringfence("journal", "anchors")
    assert "NOT CARRIED: it cannot be reached" in listed.out
    everything = (place.state_path() / "journal.db").read_bytes() + said.out.encode() + listed.out.encode()
    assert b"s3cret" not in everything
    assert ringfence("journal", "verify").code == 0


@pytest.mark.parametrize(
    ("anchor", "says"),
    [
        ("{independent: nothing}", "one of file, webhook, timestamp"),
        ("{file: a, webhook: 'env:X'}", "one of file, webhook, timestamp"),
        ("{timestamp: 'https://tsa.example'}", "needs trust"),
        ("{file: a, trust: b}", "nothing else has it"),
        ("{timestamp: 'https://tsa.example', trust: b, independent: yes it is}", "always independent"),
        ("{webhook: 'https://hooks.example/s3cret'}", "by reference only"),
    ],
)
def test_a_wrong_anchor_is_refused_with_its_place(ringfence, written, configured, anchor, says):
    configured(anchor)
    said = ringfence("journal", "anchor")
    assert said.code == 1
    assert says in said.err
    assert "s3cret" not in said.err


def test_an_altered_anchor_is_4(ringfence, written, home):
    ringfence("journal", "anchor")
    sql(home, "UPDATE anchors SET independent = 'a bucket'")
    said = ringfence("journal", "verify")
    assert said.code == 4
    assert "anchor 1 of run R1 was altered" in said.out
    sql(home, "DELETE FROM anchors")
    assert "anchor 1 of run R1 was removed" in ringfence("journal", "verify").out
