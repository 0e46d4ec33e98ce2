"""The slow twin of the verifier: what a whole journal is, written down as plainly as the words of the design allow.

It shares no code with the product: SHA-256 over JSON with sorted keys, Ed25519 from the library, and a search through
the whole list wherever something is looked up. A journal is a dict:

    {"journal": id, "keys": [public keys that count], "events": [...], "heads": [...], "anchors": [...], "outside": [...]}

with rows as the data base has them (an event's `body` is text, an anchor's `receipt` hex or None) and `outside` the
lines of a file of anchors.
"""

import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

OWN = "@journal"
AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def spell(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def hash_of(event):
    columns = {name: value for name, value in event.items() if name != "hash"}
    return sha(spell({**columns, "body": json.loads(event["body"])}))


def message(domain, statement):
    return f"ringfence {domain}\0{spell(statement)}".encode()


def public_of(private):
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


def signature_of(private, domain, statement):
    return Ed25519PrivateKey.from_private_bytes(private).sign(message(domain, statement)).hex()


def is_signed(public, domain, statement, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), message(domain, statement)
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def digest_of(anchor):
    covered = {name: value for name, value in anchor.items() if name not in {"id", "receipt"}}
    covered["receipt"] = "" if anchor["receipt"] is None else sha(bytes.fromhex(anchor["receipt"]))
    return sha(spell(covered))


def is_whole(journal):
    try:
        return (
            all(_is_chain(journal, run) for run in {event["run"] for event in journal["events"]})
            and _ends_fit(journal)
            and _records_fit(journal)
            and _anchors_fit(journal)
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return False


def _of(journal, run):
    return [event for event in journal["events"] if event["run"] == run]


def _at(journal, run, n):
    """The one event of that place."""
    found = [event for event in _of(journal, run) if event["n"] == n]
    return found[0] if len(found) == 1 else None


def _is_chain(journal, run):
    events = _of(journal, run)
    if [event["n"] for event in events] != list(range(1, len(events) + 1)):
        return False
    return all(_is_link(event, events[:index]) for index, event in enumerate(events))


def _is_link(event, before):
    texts = ("run", "incident", "at", "type", "body", "prev", "hash")
    if not all(type(event[name]) is str for name in texts) or not all(
        type(event[name]) is int for name in ("n", "fence")
    ):
        return False
    body = json.loads(event["body"])
    return (
        type(body) is dict
        and spell(body) == event["body"]
        and event["hash"] == hash_of(event)
        and event["prev"] == (before[-1]["hash"] if before else "")
        and AT.fullmatch(event["at"]) is not None
        and event["fence"] >= 1
        and all(one["incident"] == event["incident"] for one in before)
        and all(one["fence"] <= event["fence"] and one["at"] <= event["at"] for one in before)
    )


def _ends_fit(journal):
    """Each run has one row in leases, and it ends where that says."""
    runs = {event["run"] for event in journal["events"]} | {head["run"] for head in journal["heads"]}
    for run in runs:
        heads = [head for head in journal["heads"] if head["run"] == run]
        events = _of(journal, run)
        if len(heads) != 1 or type(heads[0]["last_n"]) is not int or type(heads[0]["fence"]) is not int:
            return False
        last = events[-1] if events else {"hash": "", "fence": 1, "incident": heads[0]["incident"]}
        head = heads[0]
        if (head["last_n"], head["head"], head["incident"]) != (len(events), last["hash"], last["incident"]):
            return False
        if head["fence"] < last["fence"]:
            return False
    return True


def _records_fit(journal):
    """What the journal's own chain tells of each run is so."""
    records = [(record, json.loads(record["body"])) for record in _of(journal, OWN)]
    told = ("opened", "resumed", "closed", "pruned")
    runs = {event["run"] for event in journal["events"]} - {OWN}
    runs |= {body["run"] for record, body in records if record["type"] in told}
    return all(
        _story_fits(journal, run, [(r["type"], b) for r, b in records if r["type"] in told and b["run"] == run])
        for run in runs
    )


def _story_fits(journal, run, story):
    events = _of(journal, run)
    kinds = [kind for kind, _ in story]
    if kinds[:1] != ["opened"] or kinds.count("opened") != 1 or kinds.count("pruned") > 1:
        return False
    incident = story[0][1]["incident"]
    closings = [body for kind, body in story if kind == "closed"]
    if any(one["incident"] != incident for one in closings) or sorted({one["n"] for one in closings}) != [
        one["n"] for one in closings
    ]:
        return False
    if "pruned" in kinds:
        stone = story[-1][1]
        signed = {name: value for name, value in stone.items() if name != "signature"}
        return (
            kinds[-1] == "pruned"
            and not events
            and closings != []
            and (stone["n"], stone["head"], stone["incident"]) == (closings[-1]["n"], closings[-1]["head"], incident)
            and (stone["n"] > 1 or stone["head"] == story[0][1]["hash"])
            and all(body["n"] <= stone["n"] for kind, body in story if kind == "resumed")
            and stone["public"] in (journal["keys"] or [stone["public"]])
            and is_signed(stone["public"], "tombstone", signed, stone["signature"])
        )
    if not events or events[0]["hash"] != story[0][1]["hash"]:
        return False
    for kind, body in story:
        there = _at(journal, run, body["n"]) if kind != "opened" else None
        if kind == "closed" and (there is None or there["hash"] != body["head"]):
            return False
        if kind == "resumed" and (there is None or there["type"] != "leased" or there["fence"] != body["fence"]):
            return False
    last = closings[-1]["n"] if closings else None
    resumed = [body["n"] for kind, body in story if kind == "resumed"]
    return last is None or len(events) == last or resumed[-1:] == [last + 1]


def _anchors_fit(journal):
    """Every signed head is true, and every row has its record."""
    records = [json.loads(record["body"]) for record in _of(journal, OWN) if record["type"] == "anchored"]
    rows = {anchor["id"]: digest_of(anchor) for anchor in journal["anchors"]}
    if rows != {body["anchor"]: body["digest"] for body in records} or len(rows) != len(journal["anchors"]):
        return False
    carried = []
    for anchor in journal["anchors"]:
        statement = json.loads(anchor["statement"])
        run = statement["run"]
        if spell(statement) != anchor["statement"]:
            return False
        if (anchor["run"], anchor["n"], anchor["hash"], anchor["at"]) != (
            run["id"],
            run["n"],
            run["head"],
            statement["at"],
        ):
            return False
        carried.append({"statement": statement, "public": anchor["public"], "signature": anchor["signature"]})
    carried += [json.loads(line) for line in journal["outside"]]
    in_file = [json.loads(line)["signature"] for line in journal["outside"]]
    for anchor in journal["anchors"]:
        if anchor["why"] == "" and anchor["sink"] == "file:anchors.jsonl" and anchor["signature"] not in in_file:
            return False
    return all(_head_is_true(journal, one) for one in carried)


def _head_is_true(journal, carried):
    statement, public = carried["statement"], carried["public"]
    if carried.keys() != {"statement", "public", "signature"} or statement.keys() != {"journal", "run", "at", "key"}:
        return False
    if statement["journal"].keys() != {"id", "n", "head"} or statement["run"].keys() != {"id", "incident", "n", "head"}:
        return False
    if statement["key"] != sha(bytes.fromhex(public))[:16] or public not in (journal["keys"] or [public]):
        return False
    if (
        not is_signed(public, "head", statement, carried["signature"])
        or statement["journal"]["id"] != journal["journal"]
    ):
        return False
    return all(
        _has(journal, run, end["n"], end["head"])
        for run, end in ((OWN, statement["journal"]), (statement["run"]["id"], statement["run"]))
    )


def _has(journal, run, n, head):
    there = _at(journal, run, n)
    if there is not None:
        return there["hash"] == head
    stones = [json.loads(r["body"]) for r in _of(journal, OWN) if r["type"] == "pruned"]
    ends = [(stone["n"], stone["head"]) for stone in stones if stone["run"] == run]
    return any(n < last or (n, head) == (last, end) for last, end in ends)
