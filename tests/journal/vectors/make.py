"""Writes the vectors: `uv run python tests/journal/vectors/make.py`. One JSON a case; the file's name is the attack.

Each holds a journal as the twin takes it, and what must be found in it: [run, n] of each finding, and a part of what
the findings say. Whether it is whole is said here by hand, and held against the twin and the product by the tests.
Time stamps (`stamps.json`, by `openssl ts`) are made once and kept: `make.py --stamps` makes them anew.
"""

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import authority  # noqa: E402  found by the line above
import forge  # noqa: E402
import twin  # noqa: E402

CASES = {}


def case(says, *broken):
    """Name the attack by the function's name; without `says` nothing may be found."""

    def keep(attack):
        made = forge.whole()
        attack(made)
        data = made.data | {"broken": [list(one) for one in broken], "says": says}
        CASES[attack.__name__.strip("_").replace("_", "-")] = data
        return attack

    return keep


def event(made, run, n):
    return next(one for one in made.events if (one["run"], one["n"]) == (run, n))


def edit(made, run, n, **columns):
    event(made, run, n).update(columns)


def rewrite(made, run, n, **body):
    """Change an event's content and calculate its run anew, to the end and in leases."""
    one = event(made, run, n)
    one["body"] = twin.spell(json.loads(one["body"]) | body)
    made.rechain(run, n)


def own(made, kind, run):
    """The record of the journal's own chain about a run, the newest of its kind."""
    return [e for e in made.of(twin.OWN) if e["type"] == kind and json.loads(e["body"])["run"] == run][-1]


def forget_anchors(made):
    """What an attacker does who rewrites: no anchor may tell, so each goes, with its record; files outside stay."""
    made.data["anchors"].clear()
    made.data["events"] = [one for one in made.events if one["type"] != "anchored"]
    for n, one in enumerate(made.of(twin.OWN), 1):
        one["n"] = n
    made.rechain(twin.OWN, 1)


@case("")
def happy_path(made):
    pass


@case("")
def happy_failed_anchor(made):
    made.anchor("R2", sink="webhook:hooks.example", why="it answered 503")


@case("")
def happy_taken_up_after_closing(made):
    made.take("R1")
    made.write("R1", "noted", {"text": "recovers"})
    made.close("R1")


@case("its hash does not fit its content", ("R1", 3))
def edited_field(made):
    edit(made, "R1", 3, body=twin.spell({"effect": "tokens/0", "status": 404}))


@case("missing before event 5", ("R1", 4))
def dropped_record(made):
    made.events.remove(event(made, "R1", 4))


@case("does not follow", ("R1", 3), ("R1", 4), ("R1", 4), ("R1", 5))
def swapped_records(made):
    one, other = event(made, "R1", 3), event(made, "R1", 4)
    one["n"], other["n"] = 4, 3
    for each in (one, other):
        each["hash"] = twin.hash_of(each)
    made.events.sort(key=lambda each: (each["run"], each["n"]))


@case("it was written anew or exchanged", ("R1", 8), ("R1", 9), ("R1", 9), ("R1", 9))
def inserted_record(made):
    last = event(made, "R1", 8)
    false = last | {"body": twin.spell({"effect": "tokens/9", "status": 200}), "type": "answered"}
    false["hash"] = twin.hash_of(false)
    last["n"] = 9
    made.events.insert(made.events.index(last), false)


@case("its row in leases counts them", ("R1", 8))
def truncated_tail(made):
    made.events.remove(event(made, "R1", 8))


@case("was cut off, or an older copy was put back", ("R2", 6))
def truncated_tail_with_its_lease_row(made):
    """Only an anchor tells: R2 is under way, and no record of the journal's own chain speaks of its end."""
    for n in (7, 6):
        made.events.remove(event(made, "R2", n))
    made.rechain("R2", 99)


@case("was cut off, or an older copy was put back", ("@journal", 11), ("R2", 8))
def rolled_back_database(made):
    """An older copy is put back whole, with its leases and anchors; the file outside knows of a later head."""
    older = made.copy()
    made.write("R2", "ended", {"word": "contained"})
    made.close("R2")
    made.anchor("R2")
    older.data["outside"] = made.data["outside"]
    made.data = older.data


@case("it was signed by a foreign key")
def foreign_key(made):
    made.private = forge.FOREIGN
    made.anchor("R2")


CASES["foreign-key"]["broken"] = [["R2", 7], ["", 0]]


@case("give two heads of the same event 7 of run R2: it was forked", ("R2", 7))
def forked_run(made):
    """Two copies of the journal went on from the same event, and each had its head signed."""
    other = made.copy()
    rewrite(other, "R2", 7, effect="tokens/2")
    signed = other.signed("R2")
    made.anchor("R2")
    made.data["outside"].append(twin.spell(signed))


@case("has another hash of it")
def rewritten_to_the_end(made):
    """A run, its leases, the journal's own chain and the anchors: all calculated anew. Only what lies outside tells."""
    forget_anchors(made)
    rewrite(made, "R1", 3, status=404)
    closed = own(made, "closed", "R1")
    closed["body"] = twin.spell(json.loads(closed["body"]) | {"head": made.head("R1")["head"]})
    made.rechain(twin.OWN, 1)


CASES["rewritten-to-the-end"]["broken"] = [["@journal", 4], ["R1", 8], ["@journal", 7]]


@case("it was written anew or exchanged", ("R1", 8))
def rewritten_run(made):
    """A run and its row in leases calculated anew: its closing and its anchor tell."""
    rewrite(made, "R1", 3, status=404)


@case("never taken up again", ("R1", 9))
def appended_after_closing(made):
    made.write("R1", "noted", {"text": "added later"})


@case("anchor 3 of run R1 was removed", ("@journal", 8))
def removed_anchor(made):
    made.data["anchors"].pop(2)


@case("anchor 1 of run R3 was altered", ("@journal", 3))
def edited_anchor(made):
    made.data["anchors"][0]["independent"] = "a write-once bucket"


@case("", ("R2", 7), ("@journal", 11), ("", 0))
def edited_statement(made):
    row = made.anchor("R2")
    row["statement"] = row["statement"].replace('"n":7', '"n":6')


CASES["edited-statement"]["broken"] = [["R2", 7], ["@journal", 11]]


@case("it was moved", ("R2", 1), ("@journal", 9))
def moved_anchor(made):
    made.data["anchors"][3].update(run="R2", n=1, hash=event(made, "R2", 1)["hash"])


@case("it is about another journal")
def replayed_anchor_of_another_journal(made):
    made.anchor("R2", signed=made.signed("R2", journal="another"), sink="webhook:hooks.example")


CASES["replayed-anchor-of-another-journal"]["broken"] = [["R2", 7]]


@case("it is about another journal")
def exchanged_journal(made):
    """A new data base is put in the old one's place; the file outside is the old one's."""
    old = list(made.data["outside"])
    made.data = forge.Forge(journal="new").data
    made.open("R1", "INC-1")
    made.data["outside"] = old


CASES["exchanged-journal"]["broken"] = [["", 0]] * 4


@case("has no record in the journal's own chain", ("", 0))
def inserted_anchor(made):
    row = made.anchor("R2", sink="webhook:hooks.example")
    made.events.remove(own(made, "anchored", "R2"))
    made.rechain(twin.OWN, 99)
    row["independent"] = "put in"


@case("not there any more", ("", 0))
def removed_line_outside(made):
    made.data["outside"].pop(1)


@case("does not bear the signature", ("", 0))
def edited_line_outside(made):
    made.data["outside"][1] = made.data["outside"][1].replace('"n":1', '"n":2', 1)


@case("does not bear the signature of the key", ("@journal", 11))
def forged_tombstone(made):
    made.close("R2")
    made.prune("R2", public=twin.public_of(forge.OURS), private=forge.FOREIGN)


CASES["forged-tombstone"]["broken"] = [["@journal", 12]]


@case("the tombstone of run R2 was signed by a foreign key", ("@journal", 12))
def tombstone_by_a_foreign_key(made):
    made.close("R2")
    made.prune("R2", private=forge.FOREIGN)


@case("another end", ("@journal", 12))
def tombstone_of_another_end(made):
    made.close("R2")
    made.prune("R2", n=5, head=event(made, "R2", 5)["hash"])


@case("it was removed", ("R2", 0))
def removed_run(made):
    made.data["events"] = [one for one in made.events if one["run"] != "R2"]
    made.data["heads"].remove(made.head("R2"))


@case("put back after pruning", ("R3", 1))
def put_back_after_pruning(made):
    """An old copy of a pruned run, as it was."""
    before = forge.Forge()
    before.open("R3", "INC-0", playbook="an_old_one")
    before.write("R3", "ended", {"word": "contained"})
    made.events.extend(before.of("R3"))
    made.data["heads"].append(before.head("R3"))


@case("has no opening of it", ("R1", 0))
def removed_opening(made):
    """The record of R1's opening goes, and the journal's own chain is calculated anew; nothing was anchored."""
    forget_anchors(made)
    made.data["outside"].clear()
    made.events.remove(own(made, "opened", "R1"))
    for n, one in enumerate(made.of(twin.OWN), 1):
        one["n"] = n
    made.rechain(twin.OWN, 1)


CASES["removed-opening"]["broken"] = [["@journal", 4], ["R1", 0]]


@case("missing before event 5", ("@journal", 4), ("@journal", 7), ("R1", 0))
def removed_record(made):
    made.events.remove(own(made, "opened", "R1"))


@case("Its opening (record 4) has another hash", ("R1", 1))
def exchanged_opening(made):
    """R1 begins with another first event, calculated anew to its end, before anything was closed or anchored."""
    forget_anchors(made)
    made.data["outside"].clear()
    made.events.remove(own(made, "closed", "R1"))
    for n, one in enumerate(made.of(twin.OWN), 1):
        one["n"] = n
    made.rechain(twin.OWN, 1)
    rewrite(made, "R1", 1, playbook="another")


CASES["exchanged-opening"]["says"] = "Its opening (record 3) has another hash"


@case("Its closing (record 5) has another hash", ("R1", 8))
def closed_head_exchanged(made):
    forget_anchors(made)
    made.data["outside"].clear()
    closed = own(made, "closed", "R1")
    closed["body"] = twin.spell(json.loads(closed["body"]) | {"head": event(made, "R1", 7)["hash"]})
    made.rechain(twin.OWN, 1)


@case("its body is spelled in another way than it was written", ("R1", 3))
def respelled_body(made):
    """The same content with a space in it: its hash still fits, its bytes are not what was written."""
    one = event(made, "R1", 3)
    one["body"] = one["body"].replace(":", ": ", 1)


@case("under fence 7: it was not", ("R1", 9))
def taken_up_under_another_fence(made):
    made.take("R1")
    record = made.of(twin.OWN)[-1]
    record["body"] = twin.spell(json.loads(record["body"]) | {"fence": 7})
    made.rechain(twin.OWN, 1)


@case("in another way than it was opened", ("@journal", 11))
def closed_in_another_incident(made):
    made.close("R2")
    record = made.of(twin.OWN)[-1]
    record["body"] = twin.spell(json.loads(record["body"]) | {"incident": "INC-9"})
    made.rechain(twin.OWN, 1)


@case("tells of another end of run R2 than its tombstone", ("R2", 8))
def pruned_before_its_anchored_end(made):
    """The tail of a run is cut off, with its lease row; then it is closed there and pruned."""
    longer = made.copy()
    longer.write("R2", "ended", {"word": "contained"})
    made.data["outside"].append(twin.spell(longer.signed("R2")))
    made.close("R2")
    made.prune("R2")


@case("it is no statement about a head", ("", 0), ("", 0))
def padded_statement(made):
    """A word is added to a signed statement: what was signed is still in it, and it says more."""
    line = json.loads(made.data["outside"][2])
    line["statement"]["run"]["approved"] = "by nobody"
    made.data["outside"][2] = twin.spell(line)


def stamps():
    """Tokens of an authority over a statement, over another, and of another authority: hex."""
    made = forge.whole()
    one, other = made.signed("R2"), made.signed("R1")
    found = {"signed": one}
    with tempfile.TemporaryDirectory() as folder:
        ours, foreign = authority.Authority(Path(folder) / "a"), authority.Authority(Path(folder) / "b")
        over = twin.message("head", one["statement"])
        found["right"] = ours.answer(ours.query(over)).hex()
        found["of_another"] = ours.answer(ours.query(twin.message("head", other["statement"]))).hex()
        found["foreign"] = foreign.answer(foreign.query(over)).hex()
        found["roots"] = ours.root.read_text()
    return found


def stamped(kept, which, says):
    def attack(made):
        receipt = bytearray.fromhex(kept[which.removeprefix("edited_")])
        if which.startswith("edited_"):
            receipt[-9] ^= 1
        made.data["roots"] = {"timestamp:tsa.example": kept["roots"]}
        made.clock += 1
        made.anchor(
            "R2", sink="timestamp:tsa.example", independent="time stamp", receipt=receipt.hex(), signed=kept["signed"]
        )

    attack.__name__ = {
        "right": "happy_timestamp", "of_another": "wrong_timestamp_token", "foreign": "timestamp_by_a_foreign_authority",
        "edited_right": "edited_timestamp_token",
    }[which]  # fmt: skip
    case(says, *([("R2", 7)] if says else []))(attack)


def main():
    file = HERE / "authority" / "stamps.json"
    if "--stamps" in sys.argv or not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(stamps(), indent=1) + "\n")
    kept = json.loads(file.read_text())
    stamped(kept, "right", "")
    stamped(kept, "of_another", "the stamp is over something else")
    stamped(kept, "foreign", "no trusted authority made it")
    stamped(kept, "edited_right", "its time stamp proves nothing")
    for old in HERE.glob("*.json"):
        old.unlink()
    for name, data in CASES.items():
        (HERE / f"{name}.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    print(len(CASES), "vectors")


if __name__ == "__main__":
    main()
