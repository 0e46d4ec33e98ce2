"""Writes journals by hand, whole ones and forged ones, with the twin's words alone: no code of the product."""

import copy
import json
from datetime import UTC, datetime, timedelta

import twin

OURS, FOREIGN = b"\1" * 32, b"\2" * 32
FILE = "file:anchors.jsonl"


class Forge:
    """A journal as the twin takes it, that grows as the product's would."""

    def __init__(self, journal="3f5ac1d2", private=OURS):
        self.private = private
        self.data = {
            "journal": journal, "keys": [twin.public_of(OURS)], "events": [], "heads": [], "anchors": [], "outside": [],
        }  # fmt: skip
        self.clock = 0

    @property
    def events(self):
        return self.data["events"]

    def of(self, run):
        return [event for event in self.events if event["run"] == run]

    def head(self, run):
        return next((head for head in self.data["heads"] if head["run"] == run), None)

    def now(self):
        self.clock += 1
        at = datetime(2026, 11, 24, 2, 40, tzinfo=UTC) + timedelta(seconds=self.clock)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def write(self, run, kind, body, *, incident=None, fence=None):
        before = self.of(run)
        head = self.head(run)
        if head is None:
            head = {"run": run, "incident": incident or run, "fence": 1, "last_n": 0, "head": ""}
            self.data["heads"].append(head)
        head["fence"] = fence or head["fence"]
        event = {
            "run": run, "n": len(before) + 1, "incident": head["incident"], "fence": head["fence"], "at": self.now(),
            "type": kind, "body": twin.spell(body), "prev": before[-1]["hash"] if before else "",
        }  # fmt: skip
        event["hash"] = twin.hash_of(event)
        self.events.append(event)
        head.update(last_n=event["n"], head=event["hash"])
        return event

    def open(self, run, incident, **body):
        event = self.write(run, "opened", {"title": "Ünï ☃ \u0001", **body}, incident=incident, fence=1)
        self.write(twin.OWN, "opened", {"run": run, "incident": incident, "hash": event["hash"]})

    def close(self, run):
        head = self.head(run)
        self.write(
            twin.OWN, "closed", {"run": run, "incident": head["incident"], "n": head["last_n"], "head": head["head"]}
        )

    def take(self, run):
        fence = self.head(run)["fence"] + 1
        event = self.write(run, "leased", {"fence": fence, "owner": "process 7", "why": "resumed"}, fence=fence)
        closed = [json.loads(e["body"]) for e in self.of(twin.OWN) if e["type"] == "closed"]
        if any(body["run"] == run and body["n"] == event["n"] - 1 for body in closed):
            self.write(twin.OWN, "resumed", {"run": run, "n": event["n"], "fence": fence})

    def signed(self, run, journal=None):
        own, head = self.head(twin.OWN), self.head(run)
        public = twin.public_of(self.private)
        statement = {
            "journal": {"id": journal or self.data["journal"], "n": own["last_n"], "head": own["head"]},
            "run": {"id": run, "incident": head["incident"], "n": head["last_n"], "head": head["head"]},
            "at": self.now(), "key": twin.sha(bytes.fromhex(public))[:16],
        }  # fmt: skip
        signature = twin.signature_of(self.private, "head", statement)
        return {"statement": statement, "public": public, "signature": signature}

    def anchor(self, run, *, sink=FILE, receipt=None, why="", independent="", signed=None):
        one = signed or self.signed(run)
        statement = one["statement"]
        row = {
            "id": len(self.data["anchors"]) + 1, "run": statement["run"]["id"], "n": statement["run"]["n"],
            "hash": statement["run"]["head"], "at": statement["at"], "sink": sink, "independent": independent,
            "statement": twin.spell(statement), "public": one["public"], "signature": one["signature"],
            "receipt": receipt, "why": why,
        }  # fmt: skip
        if sink == FILE and not why:
            self.data["outside"].append(twin.spell(one))
        self.add(row)
        return row

    def add(self, row):
        """Keep an anchor, with its record."""
        self.data["anchors"].append(row)
        kept = {name: row[name] for name in ("sink", "run", "n")}
        digest = twin.digest_of(row)
        self.write(
            twin.OWN,
            "anchored",
            {"anchor": row["id"], "independent": bool(row["independent"]), "digest": digest, **kept},
        )

    def prune(self, run, private=None, **forged):
        private = private or self.private
        events, head = self.of(run), self.head(run)
        stone = {
            "run": run, "incident": head["incident"], "n": head["last_n"], "head": head["head"], "before": "2027-01-01",
            "first_at": events[0]["at"], "last_at": events[-1]["at"], "public": twin.public_of(private), **forged,
        }  # fmt: skip
        self.data["events"] = [event for event in self.events if event["run"] != run]
        self.data["heads"].remove(head)
        self.write(twin.OWN, "pruned", {**stone, "signature": twin.signature_of(private, "tombstone", stone)})

    def rechain(self, run, first):
        """Calculate a run anew from an event to its end, with its row in leases."""
        events = self.of(run)
        for index, event in enumerate(events):
            if event["n"] >= first:
                event["prev"] = events[index - 1]["hash"] if index else ""
                event["hash"] = twin.hash_of(event)
        if self.head(run) is not None:
            self.head(run).update(last_n=len(events), head=events[-1]["hash"] if events else "")

    def copy(self):
        made = Forge(private=self.private)
        made.data, made.clock = copy.deepcopy(self.data), self.clock
        return made


def whole():
    """A journal of three runs: R1 closed and anchored, R2 taken over and under way, R3 pruned."""
    forge = Forge()
    forge.open("R3", "INC-0", playbook="an_old_one")
    forge.write("R3", "ended", {"word": "contained"})
    forge.close("R3")
    forge.anchor("R3")
    forge.open("R1", "INC-1", playbook="stolen_oauth_tokens")
    forge.anchor("R1")
    forge.open("R2", "INC-2", playbook="stolen_oauth_tokens")
    for number in range(3):
        forge.write("R1", "intended", {"effect": f"tokens/{number}", "calls": ["POST /revoke"], "back": False})
        forge.write("R2", "intended", {"effect": f"tokens/{number}", "calls": ["POST /revoke"], "back": False})
        forge.write("R1", "answered", {"effect": f"tokens/{number}", "status": 200})
    forge.write("R1", "ended", {"word": "contained"})
    forge.close("R1")
    forge.anchor("R1")
    forge.take("R2")
    forge.write("R2", "answered", {"effect": "tokens/0", "status": 200})
    forge.anchor("R2")
    forge.prune("R3")
    forge.write("R2", "answered", {"effect": "tokens/1", "status": 200})
    return forge
