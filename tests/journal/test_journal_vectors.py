"""Each attack on the record that has a name is found, and a whole record is left in peace: by us, and by the slow twin."""

import json
from pathlib import Path

import pytest
import twin
from forge import FILE, Forge

from journal import Event
from journal.proof.anchored import Outside, Trust
from journal.proof.examine import Examination
from journal.proof.stored import Found, Stored, StoredAnchor, StoredHead
from journal.proof.verify import verify

FOLDER = Path(__file__).parent / "vectors"
ATTACKS = sorted(FOLDER.glob("*.json"))
CHAINS = sorted(FOLDER.glob("chains/*.json"))
STAMPS = {"wrong-timestamp-token", "timestamp-by-a-foreign-authority", "edited-timestamp-token"}
"""The twin knows nothing of time stamps."""


def examined(journal, run=None, *, first=False):
    """Let the product's verifier go through a journal as the twin takes it."""
    anchors = [{**one, "receipt": one["receipt"] and bytes.fromhex(one["receipt"])} for one in journal["anchors"]]
    own = [Stored(**one) for one in journal["events"] if one["run"] == twin.OWN]
    rows = [Stored(**one) for one in journal["events"] if one["run"] != twin.OWN]
    found = Found(
        journal["journal"], [StoredAnchor(**one) for one in anchors], own, rows,
        [StoredHead(**one) for one in journal["heads"]],
    )  # fmt: skip
    roots = {sink: text.encode() for sink, text in journal.get("roots", {}).items()}
    lines = [line.encode() for line in journal["outside"]]
    examination = Examination(run, Trust(frozenset(journal["keys"]), roots), [Outside("anchors.jsonl", lines, FILE)])
    findings = examination.check(found)
    return examination, next(findings, None) if first else list(findings)


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
def test_attack(path):
    vector = json.loads(path.read_text())
    _, found = examined(vector)
    assert [[one.run, one.n] for one in found] == vector["broken"], [str(one) for one in found]
    if vector["broken"]:
        assert any(vector["says"] in one.what for one in found), [str(one) for one in found]
    assert path.stem.startswith("happy") == (not vector["broken"])
    if path.stem not in STAMPS:
        assert twin.is_whole(vector) == (not found)


@pytest.mark.parametrize("path", CHAINS, ids=lambda path: path.stem)
def test_attack_on_a_chain_alone(path):
    vector = json.loads(path.read_text())
    found = verify(Event(**event) for event in vector["events"])
    assert [[b.run, b.n] for b in found] == vector["broken"], found
    for one in found:
        assert vector["says"] in one.what


def test_the_attacks_that_people_know_are_there():
    assert {
        "edited-field", "dropped-record", "swapped-records", "inserted-record", "truncated-tail",
        "truncated-tail-with-its-lease-row", "rolled-back-database", "foreign-key", "forked-run",
        "rewritten-to-the-end", "removed-anchor", "edited-anchor", "moved-anchor",
        "replayed-anchor-of-another-journal", "forged-tombstone", "removed-opening", "closed-head-exchanged",
        "wrong-timestamp-token", "happy-path", "happy-timestamp",
    } <= {path.stem for path in ATTACKS}  # fmt: skip


@pytest.mark.parametrize(
    "attack", ["truncated-tail-with-its-lease-row", "rolled-back-database", "rewritten-to-the-end"]
)
def test_only_what_was_signed_and_carried_outside_tells(attack):
    """The same journal without the lines outside is whole: what neither the chains nor the data base can show."""
    bare = json.loads((FOLDER / f"{attack}.json").read_text())
    known = {one["signature"] for one in bare["anchors"]}
    bare["outside"] = [line for line in bare["outside"] if json.loads(line)["signature"] in known]
    if attack.startswith("truncated"):  # there the data base itself still has the anchor
        bare = forget(bare)
    assert examined(bare)[1] == []
    assert twin.is_whole(bare)


def forget(journal):
    """The journal as if R2 had not been anchored: its row, its record and the line outside were never made."""
    kept = Forge()
    kept.data = journal
    journal["anchors"] = [row for row in journal["anchors"] if row["run"] != "R2"]
    known = {row["signature"] for row in journal["anchors"]}
    journal["outside"] = [line for line in journal["outside"] if json.loads(line)["signature"] in known]
    journal["events"] = [
        one for one in journal["events"] if one["type"] != "anchored" or json.loads(one["body"])["run"] != "R2"
    ]
    for n, one in enumerate(kept.of(twin.OWN), 1):
        one["n"] = n
    kept.rechain(twin.OWN, 1)
    return journal
