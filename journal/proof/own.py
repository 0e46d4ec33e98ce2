"""The journal's own chain against the runs: what was opened is there or has a tombstone, what was closed ends as it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from journal.event import JOURNAL
from journal.proof.chains import Chains, Place
from journal.proof.sign import signed_by
from journal.proof.stored import Broken, Stored, is_int, key, name

_FIELDS: Mapping[str, Mapping[str, type]] = {
    "opened": {"run": str, "incident": str, "hash": str},
    "resumed": {"run": str, "n": int, "fence": int},
    "closed": {"run": str, "incident": str, "n": int, "head": str},
    "anchored": {"anchor": int, "sink": str, "run": str, "n": int, "digest": str},
    "pruned": {
        "run": str, "incident": str, "n": int, "head": str, "first_at": str, "last_at": str, "before": str,
        "public": str, "signature": str,
    },
}  # fmt: skip
"""What the records that are checked here must say. Others (read, exported, …) are checked as links of the chain alone."""


@dataclass(slots=True)
class Told:
    """What is recorded of one run.

    Attributes:
        incident: its incident.
        opened: place of its opening in the journal's own chain.
        closings: (place in the journal's own chain, the run's n, its head), in order.
        resumed: the run's n at which it was last taken up after a closing; 0: never.
        pruned: place of its tombstone; 0: none.
    """

    incident: str
    opened: int
    closings: list[tuple[int, int, str]] = field(default_factory=list)
    resumed: int = 0
    pruned: int = 0


@dataclass(slots=True)
class Own:
    """The fold. `keys`: the public keys that may sign a tombstone; none: any that fits its signature.

    Attributes:
        only: the one run that is asked about; None: all.
        runs: what is recorded of each run.
        anchored: digest of each row of `anchors` by its id, as recorded when it was added.
        n: place of the newest record; marks: places of those that are not about anchors.
    """

    keys: frozenset[str]
    only: str | None = None
    runs: dict[str, Told] = field(default_factory=dict)
    anchored: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    n: int = 0
    at: str = ""
    others: list[tuple[int, str]] = field(default_factory=list)

    def step(self, row: Stored, chains: Chains) -> Iterator[Broken]:
        """Take in the next record, and expect of the runs what it says."""
        if is_int(row.n) and row.n > self.n:
            self.n = row.n
        if row.type != "anchored" and is_int(row.n):
            self.others.append((row.n, str(row.at)))
        if row.type not in _FIELDS:
            return
        body = _body(row)
        if body is None:
            yield _finding(row, f"it is no record of something {name(row.type)}")
            return
        if row.type == "anchored":
            self.anchored[body["anchor"]] = (self.n, body["digest"], body["run"])
            return
        told = self.runs.get(body["run"])
        if row.type == "opened":
            if told is not None:
                yield _finding(row, f"run {name(body['run'])} was opened before already")
            self.runs[body["run"]] = Told(body["incident"], self.n)
            self._expect(chains, body, 1, body["hash"], f"Its opening (record {self.n})")
        elif told is None or told.pruned:
            yield _finding(row, f"run {name(body['run'])} {'was pruned before' if told else 'was never opened'}")
        elif row.type == "pruned":
            yield from self._pruned(row, body, told)
        else:
            yield from self._moved(row, body, told, chains)

    def _moved(self, row: Stored, body: Mapping[str, Any], told: Told, chains: Chains) -> Iterator[Broken]:
        last = told.closings[-1][1] if told.closings else 0
        if row.type == "resumed":
            told.resumed = body["n"]
            self._expect(chains, body, body["n"], None, f"Record {self.n} of the journal's own chain", body["fence"])
            return
        if body["incident"] != told.incident or body["n"] <= last:
            yield _finding(row, f"it closes run {name(body['run'])} in another way than it was opened or closed before")
        told.closings.append((self.n, body["n"], body["head"]))
        self._expect(chains, body, body["n"], body["head"], f"Its closing (record {self.n})")

    def _pruned(self, row: Stored, body: Mapping[str, Any], told: Told) -> Iterator[Broken]:
        told.pruned = self.n
        run = name(body["run"])
        signed = {field: value for field, value in body.items() if field != "signature"}
        if not signed_by(body["public"], "tombstone", signed, body["signature"]):
            yield _finding(row, f"the tombstone of run {run} does not bear the signature of the key that it names")
        elif self.keys and body["public"] not in self.keys:
            yield _finding(row, f"the tombstone of run {run} was signed by a foreign key")
        ended = told.closings[-1][1:] if told.closings else None
        if (body["n"], body["head"]) != ended or body["incident"] != told.incident:
            yield _finding(row, f"the tombstone of run {run} has another end than the run was closed with")

    def _expect(
        self, chains: Chains, body: Mapping[str, Any], n: int, hash_: str | None, who: str, fence: int | None = None
    ) -> None:
        if self.only is None or body["run"] == self.only:
            chains.expect(Place(body["run"], n, hash_, fence, who))

    def ends(self, chains: Chains) -> Iterator[Broken]:
        """Compare both ways: every run that is there was opened, every run that was opened is there or was pruned."""
        for run, chain in chains.runs.items():
            if run == JOURNAL:
                continue
            told = self.runs.get(run)
            if told is None:
                what = "the journal's own chain has no opening of it: the run was put in, or its record removed"
                yield Broken(name(run), 0, f"Run {name(run)}: {what}.")
            elif told.pruned:
                yield Broken(
                    name(run), 1, f"Run {name(run)} has events and a tombstone: it was put back after pruning."
                )
            else:
                yield from _beyond(run, chain.n, told)
        for run, told in self.runs.items():
            if told.pruned:
                yield from _of_pruned(run, told, chains)
            elif self.only in {None, run} and key(run) not in chains.runs and run not in chains.cut:
                chains.places.pop(run, None)
                what = f"Run {name(run)} was opened (record {told.opened} of the journal's own chain) and is not there: it was removed."
                yield Broken(name(run), 0, what)


def _of_pruned(run: str, told: Told, chains: Chains) -> Iterator[Broken]:
    """What was signed of a run that was pruned since: only its end can still be compared."""
    n, head = told.closings[-1][1:] if told.closings else (0, "")
    for place in (place for said in chains.places.pop(run, {}).values() for place in said):
        if place.n > n or (place.n == n and place.hash not in {None, head}):
            yield Broken(name(run), place.n, f"{place.who} tells of another end of run {name(run)} than its tombstone.")


def _beyond(run: str, n: int, told: Told) -> Iterator[Broken]:
    """A run that was closed goes on only after it was taken up again."""
    closed = told.closings[-1][1] if told.closings else 0
    if closed and n > closed and told.resumed != closed + 1:
        what = f"it was closed at event {closed} and never taken up again: what follows was added afterwards"
        yield Broken(name(run), closed + 1, f"Run {name(run)}: {what}.")


def _body(row: Stored) -> Mapping[str, Any] | None:
    """The record's content, if it has the fields of its type; a broken row is a finding of its chain already."""
    try:
        body = orjson.loads(row.body)
    except (TypeError, ValueError):
        return None
    wanted = _FIELDS[row.type]
    if not isinstance(body, dict) or any(
        not isinstance(body.get(field), kind) or isinstance(body.get(field), bool) for field, kind in wanted.items()
    ):
        return None
    return body


def _finding(row: Stored, why: str) -> Broken:
    n = row.n if is_int(row.n) else 0
    return Broken(JOURNAL, n, f"Run {JOURNAL}, event {n}: {why}.")
