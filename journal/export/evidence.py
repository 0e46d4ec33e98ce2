"""What a file of evidence holds: the runs of an incident, what the journal says about them, and one signature over all.

Its form is what `verifier.py` checks; events and names stand in it as they are stored and hashed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from journal.anchors.record import Anchor
from journal.errors import JournalFailed
from journal.event import JOURNAL, Event
from journal.export import verifier
from journal.proof.sign import Signer
from journal.seal.people import seal_text
from journal.store import Journal

TRIES = 20
"""How often the journal is read again because it told something new of these runs meanwhile."""
_MOVES = frozenset({"opened", "resumed", "closed", "pruned"})


@dataclass(frozen=True)
class Gathered:
    """One reading of the journal that fits together.

    Attributes:
        journal: its id.
        runs: the events of each run, in the order of their opening.
        records: what the journal's own chain says of these runs and of their incident.
        people: the key that opens the names; None where it is gone, or not ours.
    """

    journal: str
    incident: str
    runs: Mapping[str, Sequence[Event]]
    records: Sequence[Event]
    anchors: Sequence[Anchor]
    people: bytes | None


def gather(journal: Journal, incident: str, runs: Sequence[str]) -> Gathered:
    """Read all that belongs to these runs of an incident. Raises JournalFailed where their end was cut off."""
    for _ in range(TRIES):
        own = journal.events(JOURNAL, names=False)
        ends = [end for run in runs for end in journal.ends(run).runs]
        anchors = [anchor for run in runs for anchor in journal.anchors(run)]
        chains = {run: journal.events(run, names=False) for run in runs}
        since = journal.events(JOURNAL, own[-1].n if own else 0, names=False)
        if any(event.type in _MOVES and event.body.get("run") in runs for event in since):
            continue
        for end in ends:
            if end.head not in {event.hash for event in chains[end.run]}:
                raise JournalFailed(
                    f"Run {end.run} was altered: `ringfence journal verify --run {end.run}` says where."
                )
        records = [event for event in own if _about(event.body, incident, runs)]
        return Gathered(journal.id, incident, chains, records, anchors, journal.people_key(incident))
    raise JournalFailed("The runs were opened and closed while they were read. Try again when they rest.")


def _about(body: Mapping[str, Any], incident: str, runs: Sequence[str]) -> bool:
    """Whether a record is about one of these runs, or about the incident as a whole, or about a run of it that is gone."""
    if body.get("run"):
        return body["run"] in runs or ("signature" in body and body.get("incident") == incident)
    return body.get("incident") == incident


def evidence(found: Gathered, signer: Signer, *, at: str, by: str, how: str, names: bool) -> dict[str, Any]:
    """Put the file together and sign it.

    `by` is who exports, and is sealed like every name; with `names` the key that opens them lies in the file.
    """
    runs = [_run(run, events, found.records) for run, events in found.runs.items()]
    content = {
        "format": verifier.FORMAT,
        "journal": found.journal,
        "incident": found.incident,
        "exported": {"at": at, "by": seal_text(found.people, found.incident, by) if found.people else "", "how": how},
        "runs": runs,
        "records": [asdict(event) for event in found.records],
        "anchors": [_anchor(anchor) for anchor in found.anchors],
        "people": base64.b64encode(found.people).decode() if names and found.people else "",
    }
    digest = verifier.sha256(verifier.canonical(content))
    statement = {"sha256": digest, "heads": [run["head"] for run in runs], "at": at}
    signature = {
        "public": signer.public, "statement": statement, "signature": signer.sign("export", statement),
    }  # fmt: skip
    return {**content, "signature": signature}


def layout(file: Mapping[str, Any]) -> str:
    """Write a file out: indented for people, and in one way only, so that every changed byte is found."""
    return json.dumps(file, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _run(run: str, events: Sequence[Event], records: Sequence[Event]) -> dict[str, Any]:
    rows = [asdict(event) for event in events]
    opened = events[0].body
    moves = [record.type for record in records if record.type in _MOVES and record.body.get("run") == run]
    return {
        "run": run,
        "ended": moves[-1:] == ["closed"],
        "playbook": {"sha256": opened.get("sha256", ""), "text": opened.get("text", "")},
        "plan": next((event.body for event in reversed(events) if event.type == "planned"), {}),
        "approvals": verifier.approvals(rows),
        "events": rows,
        "head": {"run": run, "n": events[-1].n, "hash": events[-1].hash},
    }


def _anchor(anchor: Anchor) -> dict[str, Any]:
    try:
        statement = orjson.loads(anchor.statement)
    except orjson.JSONDecodeError:
        raise JournalFailed(f"An anchor of run {anchor.run} was altered: `ringfence journal verify`.") from None
    return {
        "sink": anchor.sink, "independent": anchor.independent, "why": anchor.why, "public": anchor.public,
        "signature": anchor.signature, "statement": statement,
        "receipt": base64.b64encode(anchor.receipt or b"").decode(),
    }  # fmt: skip


def keys_of(found: Gathered) -> set[str]:
    """Give the public keys that signed its anchors and tombstones: the journal's key may have been another then."""
    tombstones = {str(record.body.get("public")) for record in found.records if record.type == "pruned"}
    return tombstones | {anchor.public for anchor in found.anchors}
