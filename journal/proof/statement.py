"""Signed heads: what a statement says, how it is spelled, and what of a carried one its record covers.

    {"journal": {"id", "n", "head"}, "run": {"id", "incident", "n", "head"}, "at", "key"}

`journal` is the end of the journal's own chain, `run` that of one run, both at `at`; `key` names the key that signed
(domain "head"). What is carried outside is one JSON object, on one line: {"public", "signature", "statement"}.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from journal.canonical import canonical
from journal.clock import AT_PATTERN
from journal.proof.sign import Signer, key_id, message, signed_by
from journal.proof.stored import is_int

DOMAIN = "head"
_AT = re.compile(AT_PATTERN)
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: its run, the incident, the place and the hash of its last event."""

    run: str
    incident: str
    n: int
    head: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed statement about a run's head and the journal's own.

    Attributes:
        journal: id of the journal; own: the end of its own chain; run: the end of the run's; at: when it was said.
        public: hex of the key that signed; signature: hex.
    """

    journal: str
    own: End
    run: End
    at: str
    public: str
    signature: str

    @property
    def statement(self) -> dict[str, Any]:
        """What was signed."""
        return {
            "journal": {"id": self.journal, "n": self.own.n, "head": self.own.head},
            "run": {"id": self.run.run, "incident": self.run.incident, "n": self.run.n, "head": self.run.head},
            "at": self.at,
            "key": key_id(self.public),
        }

    @property
    def message(self) -> bytes:
        """The bytes that were signed, and that a time stamp is over."""
        return message(DOMAIN, self.statement)

    @property
    def line(self) -> bytes:
        """What is carried outside: one JSON object, without a line end."""
        return canonical({"statement": self.statement, "public": self.public, "signature": self.signature})

    def fits(self) -> bool:
        """Whether the key that it names made its signature."""
        return signed_by(self.public, DOMAIN, self.statement, self.signature)


def sign(signer: Signer, journal: str, own: End, run: End, at: str) -> Signed:
    """Sign where a run and the journal's own chain end."""
    unsigned = Signed(journal, own, run, at, signer.public, "")
    return Signed(journal, own, run, at, signer.public, signer.sign(DOMAIN, unsigned.statement))


def read_statement(text: object, public: object, signature: object, own_run: str) -> Signed | None:
    """Read a statement as it was stored; None where it is not one, to the byte."""
    if not isinstance(text, str | bytes) or not isinstance(public, str) or not isinstance(signature, str):
        return None
    try:
        found = orjson.loads(text)
        signed = _read(found, public, signature, own_run)
        exact = signed is not None and canonical(signed.statement) == canonical(found)
    except (TypeError, ValueError):
        return None
    return signed if exact else None


def read_line(line: bytes, own_run: str) -> Signed | None:
    """Read what was carried outside; None where it is something else."""
    try:
        found = orjson.loads(line)
        if not isinstance(found, dict) or found.keys() != {"statement", "public", "signature"}:
            return None
        return read_statement(canonical(found["statement"]), found["public"], found["signature"], own_run)
    except (TypeError, ValueError):
        return None


def _read(found: Any, public: str, signature: str, own_run: str) -> Signed | None:
    try:
        journal, run, at = found["journal"], found["run"], found["at"]
        own = End(own_run, own_run, journal["n"], journal["head"])
        end = End(run["id"], run["incident"], run["n"], run["head"])
        signed = Signed(journal["id"], own, end, at, public, signature)
        key_id(public)
    except (KeyError, TypeError, ValueError):
        return None
    texts = all(isinstance(text, str) for text in (journal["id"], run["id"], run["incident"], at))
    places = all(is_int(one.n) and one.n > 0 and _is_hash(one.head) for one in (own, end))
    return signed if texts and places and _AT.fullmatch(at) else None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def digest(row: Mapping[str, Any]) -> str:
    """Cover a row of `anchors`, all but its id: SHA-256, hex. Its record in the journal's own chain has it.

    Raises TypeError or ValueError for what no row can hold.
    """
    receipt = row["receipt"]
    covered = {
        name: row[name]
        for name in ("run", "n", "hash", "at", "sink", "independent", "statement", "public", "signature", "why")
    }
    covered["receipt"] = hashlib.sha256(receipt).hexdigest() if receipt is not None else ""
    return hashlib.sha256(canonical(covered)).hexdigest()
