"""Checks a file of evidence that `ringfence journal export` wrote. Needs Python 3.9 and `cryptography`, nothing else.

    python verify.py FILE [--key HEX|FILE]... [--receipts FOLDER]

Exit code 0: the file is whole. 4: it is not, and every finding is named. 2: wrong usage.
`--key` is the public key that you were given on another way than this file; it may be said more than once.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = "ringfence evidence 1"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

# What a file looks like: exactly these keys, with values of these types. What is not in here is a finding.
COLUMNS = {"run": str, "n": int, "incident": str, "fence": int, "at": str, "type": str, "body": dict, "prev": str}
EVENT = {**COLUMNS, "hash": str}
HEAD = {"run": str, "n": int, "hash": str}
APPROVAL = {"at": str, "wall": str, "answer": str, "who": str, "how": str, "scope_hash": str, "shown": str}
RUN = {
    "run": str, "ended": bool, "playbook": {"sha256": str, "text": str}, "plan": dict, "approvals": [APPROVAL],
    "events": [EVENT], "head": HEAD,
}  # fmt: skip
PLACE = {"id": str, "n": int, "head": str}
ANCHOR = {
    "sink": str, "independent": str, "why": str, "receipt": str, "public": str, "signature": str,
    "statement": {"journal": PLACE, "run": {**PLACE, "incident": str}, "at": str, "key": str},
}  # fmt: skip
FILE = {
    "format": str, "journal": str, "incident": str, "exported": {"at": str, "by": str, "how": str}, "runs": [RUN],
    "records": [EVENT], "anchors": [ANCHOR], "people": str,
    "signature": {"public": str, "signature": str, "statement": {"sha256": str, "heads": [HEAD], "at": str}},
}  # fmt: skip


def canonical(value: Any) -> bytes:
    """One spelling for equal content (RFC 8785, for what a journal can hold): this is what is hashed and signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def message(domain: str, statement: Any) -> bytes:
    """What is signed: a signature made in one domain (head, tombstone, export) fits no other."""
    return b"ringfence " + domain.encode() + b"\0" + canonical(statement)


def signed_by(public: Any, domain: str, statement: Any, signature: Any) -> bool:
    """Whether this Ed25519 key made this signature over this statement."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message(domain, statement))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def clear(data: Any, text: Any) -> str:
    """What stands behind a sealed text, where the file's key opens it; else a pseudonym that stays the same."""
    if not isinstance(text, str) or not text.startswith("sealed:"):
        return safe(text)
    try:
        box, place = base64.urlsafe_b64decode(text[7:].encode()), b"people\0" + data["incident"].encode()
        return safe(AESGCM(base64.b64decode(data["people"])).decrypt(box[:12], box[12:], place).decode())
    except (InvalidTag, ValueError):
        return "person-" + sha256(text.encode())[:8]


def safe(value: Any, most: int = 200) -> str:
    """A value from the file on one line: it must not move the cursor of whoever reads what we print."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:most]) + ("…" if len(text) > most else "")


def strict(text: str) -> Any:
    """Read JSON as a journal writes it: no fractions, no integers of 2^53 or more."""

    def number(text: str) -> int:
        if len(text) < 18 and text.lstrip("-").isdigit() and abs(int(text)) < 2**53:
            return int(text)
        raise ValueError(f"it holds the number {safe(text, 20)}, which no journal writes")

    return json.loads(text, parse_int=number, parse_float=number, parse_constant=number)


def shaped(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Name what does not have the shape of such a file: all later checks rely on it."""
    if isinstance(shape, dict) and isinstance(value, dict):
        for key in sorted(set(value) ^ set(shape)):
            yield f"{where}.{safe(key, 40)} {'is missing' if key in shape else 'does not belong there'}."
        for key in sorted(set(value) & set(shape)):
            yield from shaped(value[key], shape[key], f"{where}.{key}")
    elif isinstance(shape, list) and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from shaped(inner, shape[0], f"{where}[{number}]")
    elif type(value) is not shape:
        yield f"{where} is not of the type that it must have."


def own_hash(event: Any) -> str:
    """An event's hash covers all its other columns: whoever changes one must calculate the hash anew."""
    return sha256(canonical({name: event[name] for name in COLUMNS}))


def in_chain(run: Any, n: Any, digest: Any) -> bool:
    """Whether the run's event n has this hash."""
    return type(n) is int and 0 < n <= len(run["events"]) and run["events"][n - 1]["hash"] == digest


def approvals(events: Any) -> list[dict[str, Any]]:
    """Who answered at which wall, for which scope, and the SHA-256 of the very words that they were shown."""
    named = {"wall": "wall", "who": "by", "how": "how", "scope_hash": "scope_hash", "shown": "shown"}
    kinds = ("decided", "approved", "declined")
    answers = [(e["at"], e["type"], e["body"]) for e in events if e["type"] in kinds]
    return [
        {"at": at, "answer": answer, **{k: body.get(v, "") for k, v in named.items()}} for at, answer, body in answers
    ]


def is_signed(run: Any, body: Any) -> bool:
    """Whether a decision bears the signature of the person's key that it names; one that names none was not signed."""
    if not (body.get("public") or body.get("signature")):
        return True
    said = {key: body.get(key) for key in ("wall", "answer", "scope_hash", "shown")}
    statement = {"run": run, "at": body.get("signed_at"), **said}
    return signed_by(body.get("public"), "decision", statement, body.get("signature"))


def check_run(data: Any, run: Any) -> Iterator[str]:
    """Each event holds the hash of the one before it: none can be changed, removed, put in or moved alone."""
    name, events, told = safe(run["run"]), run["events"], run["playbook"]
    before: Any = {"n": 0, "hash": "", "at": "", "fence": 1}
    for event in events:
        at = f"Run {name}, event {event['n']}"
        if event["n"] != before["n"] + 1:
            yield f"{at}: it stands after event {before['n']}: events are missing, doubled or exchanged."
        if own_hash(event) != event["hash"]:
            yield f"{at}: it is not what was written: its hash does not fit its content."
        if event["prev"] != before["hash"]:
            yield f"{at}: it does not follow the event before it."
        if (event["run"], event["incident"]) != (run["run"], data["incident"]):
            yield f"{at}: it is of another run or incident."
        if not TIME.fullmatch(event["at"]) or event["at"] < before["at"] or event["fence"] < before["fence"]:
            yield f"{at}: its time or its lease is older than that of the event before it."
        if event["type"] == "decided" and not is_signed(run["run"], event["body"]):
            yield f"{at}: this decision does not bear the signature of the key that it names."
        before = event
    if not events or run["head"] != {key: before[key] for key in HEAD}:
        yield f"Run {name}, event {run['head']['n']}: this head is not the last event: the end was cut off."
    # Playbook, plan and approvals stand apart for readers: they must be what the events say.
    opened = events[0]["body"] if events else {}
    if not events or events[0]["type"] != "opened" or told != {key: opened.get(key, "") for key in told}:
        yield f"Run {name}, event 1: the playbook is not the one that the run was opened with."
    if told["text"] and sha256(told["text"].encode()) != told["sha256"]:
        yield f"Run {name}, event 1: the playbook's text does not have the SHA-256 that the opening names."
    plans = [event["body"] for event in events if event["type"] == "planned"]
    if canonical(run["plan"]) != canonical(plans[-1] if plans else {}):
        yield f"Run {name}: the plan is not the newest one in the events."
    if canonical(run["approvals"]) != canonical(approvals(events)):
        yield f"Run {name}: the approvals are not those in the events."


def check_records(data: Any, trusted: set[str]) -> Iterator[str]:
    """The journal's own chain tells of the openings and ends of runs, of prunings, of who read and who exported."""
    runs = {run["run"]: run for run in data["runs"]}
    last: Any = {}
    before: Any = {"n": 0, "hash": ""}
    for event in data["records"]:
        at, kind, body = f"Record {event['n']} of the journal ({safe(event['type'])})", event["type"], event["body"]
        if own_hash(event) != event["hash"]:
            yield f"{at}: it is not what was written: its hash does not fit its content."
        if event["n"] <= before["n"] or (event["n"] == before["n"] + 1 and event["prev"] != before["hash"]):
            yield f"{at}: it does not follow the record before it."
        name = safe(body.get("run"))
        if event["run"] != "@journal" or (name not in runs and body.get("incident") != data["incident"]):
            yield f"{at}: it is not about this incident."
        if kind == "pruned":
            rest, key = {name: body[name] for name in body if name != "signature"}, str(body.get("public"))
            if key not in trusted or not signed_by(key, "tombstone", rest, body.get("signature")):
                yield f"{at}: this tombstone is not signed by the trusted key."
        if kind == "opened" and name in runs and (name in last or not in_chain(runs[name], 1, body.get("hash"))):
            yield f"{at}: run {name}, event 1: it is not the opening that the journal recorded."
        if kind == "closed" and name in runs and not in_chain(runs[name], body.get("n"), body.get("head")):
            yield f"{at}: run {name}, event {safe(body.get('n'))}: it is not the end that the journal recorded."
        if kind in ("opened", "resumed", "closed"):
            last[name] = event if kind == "opened" or name in last else {"type": "not opened"}
        before = event
    for name, run in runs.items():
        end = last.get(name, {"type": "not opened"})
        closed_at = end["body"].get("n") if end["type"] == "closed" else 0
        if end["type"] == "not opened" or run["ended"] != bool(closed_at) or closed_at not in (0, run["head"]["n"]):
            yield f"Run {safe(name)}: whether and where it was opened and ended is not what the journal recorded."


def check_anchors(data: Any, trusted: set[str]) -> Iterator[str]:
    """A signed head that was carried away binds the chain up to it: it can not be calculated anew after that."""
    runs, records = {run["run"]: run for run in data["runs"]}, {event["n"]: event for event in data["records"]}
    recorded = {str(event["body"].get("digest")) for event in data["records"] if event["type"] == "anchored"}
    for anchor in data["anchors"]:
        public, said = anchor["public"], anchor["statement"]
        run, own = said["run"], said["journal"]
        at = f"Run {safe(run['id'])}, event {run['n']}: its anchor at {safe(anchor['sink'])}"
        if public not in trusted or not signed_by(public, "head", said, anchor["signature"]):
            yield f"{at} is not signed by the trusted key."
        if own["id"] != data["journal"] or (own["n"] in records and records[own["n"]]["hash"] != own["head"]):
            yield f"{at} is of another journal, or this one was rolled back."
        of = runs.get(run["id"], {"events": []})
        if run["incident"] != data["incident"] or not in_chain(of, run["n"], run["head"]):
            yield f"{at} names a head that is not in the chain: the chain was written anew, or the anchor is foreign."
        try:
            receipt = base64.b64decode(anchor["receipt"], validate=True)
        except ValueError:
            yield f"{at} has a receipt that is no base64."
            continue
        row = {name: anchor[name] for name in ("sink", "independent", "why", "public", "signature")}
        row.update(run=run["id"], n=run["n"], hash=run["head"], at=said["at"], statement=canonical(said).decode())
        recorded.discard(sha256(canonical({**row, "receipt": sha256(receipt) if receipt else ""})))
        named = hashlib.sha256(message("head", said)).digest() in receipt
        if receipt and anchor["sink"].startswith("timestamp:") and not named:
            yield f"{at} has a receipt that does not name this statement."
    if recorded:
        yield f"{len(recorded)} of the anchors that the journal recorded are missing, or not what was recorded."


def check(data: Any, text: str, keys: set[str]) -> list[str]:
    """Give every finding; an empty list means: whole."""
    found = list(shaped(data, FILE, "file"))
    if found or data["format"] != FORMAT:
        return [*found, f"It is no file of the format '{FORMAT}'."]
    if text != json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n":
        found.append(
            "Its bytes are not as they were written, be it a key twice, spaces or line ends: get the file again."
        )
    public, said = data["signature"]["public"], data["signature"]["statement"]
    for run in data["runs"]:
        found += check_run(data, run)
    found += [*check_records(data, keys or {public}), *check_anchors(data, keys or {public})]
    # One signature over all of the file: nothing of its content changed since it was exported.
    content = sha256(canonical({name: data[name] for name in FILE if name != "signature"}))
    if said != {"sha256": content, "heads": [run["head"] for run in data["runs"]], "at": data["exported"]["at"]}:
        found.append("The file is not what was signed: something in it was changed after the export.")
    if not signed_by(public, "export", said, data["signature"]["signature"]):
        found.append("The signature of the export was not made by the key that it names.")
    if keys and public not in keys:
        found.append(f"The export is signed by another key than the trusted one: {safe(public)}.")
    return found


def summary(data: Any, keys: set[str], receipts: Path | None) -> Iterator[str]:
    """Say what a file that is whole proves, what was not checked here, and what no check of it can prove."""
    told = data["exported"]
    yield f"Incident {safe(data['incident'])}, exported {told['at']} by {clear(data, told['by'])} ({safe(told['how'])})."
    for run in data["runs"]:
        events, opened = run["events"], run["events"][0]["body"]
        yield f"Run {safe(run['run'])}: {safe(opened.get('playbook'))}, {safe(opened.get('mode'))}, opened by {clear(data, opened.get('by'))}"
        ended = "ended" if run["ended"] else "NOT ENDED when it was exported"
        yield f"  events 1 to {len(events)}, {events[0]['at']} to {events[-1]['at']}; {ended}"
        for at, body in [(event["at"], event["body"]) for event in events if event["type"] == "worded"][-1:]:
            yield f"  word: {safe(body.get('word'))} at {at}; footholds: {safe(body.get('footholds'), 2000)}"
        for one in run["approvals"]:
            who = f"{clear(data, one['who'])} ({safe(one['how'])})"
            yield f"  {one['answer']} at {one['at']} by {who}, wall {safe(one['wall'])}, shown text's SHA-256 {safe(one['shown'])}"
        of = [one for one in data["anchors"] if one["statement"]["run"]["id"] == run["run"] and not one["why"]]
        near = max([one["statement"]["run"]["n"] for one in of], default=0)
        far = max([one["statement"]["run"]["n"] for one in of if one["independent"]], default=0)
        yield f"  anchored up to event {near} of {len(events)}; as the journal says, out of its own hands up to {far}"
    for body in [event["body"] for event in data["records"] if event["type"] == "pruned"]:
        yield f"Run {safe(body.get('run'))} was pruned: {safe(body.get('n'))} events, head {safe(body.get('head'))}"
    stamps = [one for one in data["anchors"] if one["receipt"] and one["sink"].startswith("timestamp:")]
    for number, anchor in enumerate(stamps, 1):
        file = (receipts or Path()) / f"receipt-{number}.tsr"
        if receipts is not None:
            file.write_bytes(base64.b64decode(anchor["receipt"]))
        digest = sha256(message("head", anchor["statement"]))
        yield f"A time stamp of {safe(anchor['sink'])} is NOT checked here, only that it names its head. `--receipts .` writes it out, then:"
        yield f"  openssl ts -verify -digest {digest} -in {file} -CAfile ROOTS-OF-THE-AUTHORITY.pem"
    public = data["signature"]["public"]
    yield f"Signed by key {sha256(bytes.fromhex(public))[:16]} ({public})."
    if not keys:
        yield "It came with the file, and so may be anybody's: compare it with the one you were given, or say --key."
    yield "Not proven: that what was written was true; that no run was left out; and, after the last anchor out of our hands,"
    yield "that whoever holds the key and the journal did not calculate the end of a chain anew before this export."


def main() -> int:
    """Check the file that the command line names; give the exit code."""
    parser = argparse.ArgumentParser(description="Check a file of evidence.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="trusted public key: 64 hex digits, or a file")
    parser.add_argument("--receipts", type=Path, help="write time stamps to this folder, for openssl")
    given = parser.parse_args()
    try:
        keys = {(Path(key).read_text() if Path(key).is_file() else key).strip().lower() for key in given.key}
        raw = given.file.read_bytes()
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if not all(re.fullmatch("[0-9a-f]{64}", key) for key in keys):
        parser.error("--key wants 64 hex digits, or a file with them")
    try:
        data = strict(raw.decode())
        found = check(data, raw.decode(), keys)
        bad = [*found, f"NOT WHOLE: {len(found)} findings."]
        lines = bad if found else [*summary(data, keys, given.receipts), "WHOLE."]
    except OSError as error:
        parser.error(str(error))
    except Exception as error:  # noqa: BLE001  whatever a hostile file brings about, it is not whole
        lines = [f"NOT WHOLE: it can not be read as a file of evidence: {safe(str(error))}."]
    for line in lines:
        sys.stdout.buffer.write(line.encode() + b"\n")
    return 0 if lines[-1] == "WHOLE." else 4


if __name__ == "__main__":
    sys.exit(main())
