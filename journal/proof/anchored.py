"""Signed heads against the journal: what was said of it then, here or outside, must be true of it now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import orjson

from journal.event import JOURNAL
from journal.proof.chains import Chains, Place
from journal.proof.own import Own
from journal.proof.receipts import stamped
from journal.proof.sign import key_id
from journal.proof.statement import Signed, digest, read_line, read_statement
from journal.proof.stored import Broken, StoredAnchor, is_int, name


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts.

    Attributes:
        keys: the public keys (hex) that sign; none: any key, as long as its signatures fit.
        roots: root certificates (PEM) of each time stamp authority, by sink.
    """

    keys: frozenset[str] = frozenset()
    roots: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outside:
    """A file of heads that were carried outside.

    Attributes:
        name: as people know it.
        lines: as they were before the journal was read: what was added meanwhile may be about what is not read yet.
        sink: the sink that it is; "" where it is a copy.
        again: reads it once more, after the journal.
    """

    name: str
    lines: Sequence[bytes]
    sink: str = ""
    again: Callable[[], Sequence[bytes]] | None = None


@dataclass(slots=True)
class Covered:
    """How far a kind of anchors reaches: each run's newest place, and that of the journal's own chain."""

    own_n: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    at: str = ""

    def add(self, signed: Signed) -> None:
        """Take in a signed head that arrived."""
        self.own_n = max(self.own_n, signed.own.n)
        self.runs[signed.run.run] = max(self.runs.get(signed.run.run, 0), signed.run.n)
        self.at = max(self.at, signed.at)

    def through(self, own: Own) -> dict[str, int]:
        """Each run's newest place that is covered, also by a record that a head of the journal's own chain covers."""
        reached = dict(self.runs)
        for run, told in own.runs.items():
            places = [1] if told.opened <= self.own_n else []
            places += [n for record, n, _ in told.closings if record <= self.own_n]
            reached[run] = max([reached.get(run, 0), *places])
        return reached


@dataclass(slots=True)
class Anchored:
    """The signed heads of one examination.

    Attributes:
        count: rows whose head arrived; keys: the keys that signed them.
        carried: what arrived anywhere; independent: what arrived where it is out of our hands.
        unchecked: time stamps for which no roots are known: they prove nothing here.
        remarks: what is no finding, and must be said.
    """

    journal: object
    trust: Trust
    only: str | None = None
    count: int = 0
    keys: set[str] = field(default_factory=set)
    carried: Covered = field(default_factory=Covered)
    independent: Covered = field(default_factory=Covered)
    unchecked: int = 0
    remarks: list[str] = field(default_factory=list)
    _digests: dict[int, str] = field(default_factory=dict)
    _lines: dict[str, set[str]] = field(default_factory=dict)
    _said: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)

    def rows(self, rows: Iterable[StoredAnchor], chains: Chains) -> Iterator[Broken]:
        """Check the rows of `anchors`; the chains will be compared with what they say."""
        for row in rows:
            who = f"Anchor {name(row.id)} ({name(row.sink)})"
            run, n = name(row.run), row.n if is_int(row.n) else 0
            try:
                self._digests[int(row.id)] = digest(asdict(row))
            except (TypeError, ValueError, OverflowError):
                yield Broken(run, n, f"{who}: one of its columns has another type than it was written with.")
                continue
            signed = read_statement(row.statement, row.public, row.signature, JOURNAL)
            if fault := self._fault(signed):
                yield Broken(run, n, f"{who}: {fault}.")
                continue
            assert signed is not None
            if (row.run, row.n, row.hash, row.at) != (signed.run.run, signed.run.n, signed.run.head, signed.at):
                yield Broken(run, n, f"{who}: its statement is about another head: it was moved.")
                continue
            yield from self._expect(signed, f"{who}, signed at {signed.at},", chains)
            if not row.why:
                yield from self._arrived(row, signed, who)

    def outside(self, files: Iterable[Outside], chains: Chains) -> Iterator[Broken]:
        """Check heads that lie outside; the chains will be compared with what they say."""
        for file in files:
            for number, line in enumerate(file.lines, 1):
                who = f"{file.name}, line {number}"
                if not line.strip():
                    continue
                if not _is_json(line):
                    self.remarks.append(f"{who}: it is torn or no JSON: it proves nothing.")
                    continue
                signed = read_line(line, JOURNAL)
                if fault := self._fault(signed):
                    yield Broken("", 0, f"{who}: {fault}.")
                    continue
                assert signed is not None
                self.carried.add(signed)
                yield from self._expect(signed, f"{who}, signed at {signed.at},", chains)

    def records(self, own: Own, files: Iterable[Outside]) -> Iterator[Broken]:
        """Compare both ways: each row with its record in the journal's own chain, and with the file that it went to."""
        for anchor, (n, said, run) in own.anchored.items():
            if anchor not in self._digests:
                yield Broken(JOURNAL, n, f"Run {JOURNAL}, event {n}: anchor {anchor} of run {name(run)} was removed.")
            elif self._digests[anchor] != said:
                yield Broken(JOURNAL, n, f"Run {JOURNAL}, event {n}: anchor {anchor} of run {name(run)} was altered.")
        for anchor in self._digests.keys() - own.anchored.keys():
            what = (
                f"Anchor {name(anchor)} has no record in the journal's own chain: it was put in, or that was removed."
            )
            yield Broken("", 0, what)
        for file in files:
            missing = self._lines.get(file.sink, set()) - _signatures(file.lines)
            if missing and file.again is not None:
                missing -= _signatures(file.again())
            if missing:
                many = f"{len(missing)} heads that were" if len(missing) > 1 else "a head that was"
                yield Broken(
                    "",
                    0,
                    f"{file.name}: {many} carried there {'are' if len(missing) > 1 else 'is'} not there any more.",
                )

    def _fault(self, signed: Signed | None) -> str:
        """Say why a statement does not count; "" when it does."""
        if signed is None:
            return "it is no statement about a head: it was altered"
        if not signed.fits():
            return "it does not bear the signature of the key that it names: it was altered"
        if self.trust.keys and signed.public not in self.trust.keys:
            return f"it was signed by a foreign key ({key_id(signed.public)})"
        if signed.journal != self.journal:
            return f"it is about another journal ({name(signed.journal)}): it was put here, or this one was exchanged"
        return ""

    def _expect(self, signed: Signed, who: str, chains: Chains) -> Iterator[Broken]:
        self.keys.add(signed.public)
        for end in {signed.own, signed.run}:
            if end.run not in {JOURNAL, self.only or end.run}:
                continue
            head, before = self._said.setdefault((end.run, end.n), (end.head, who))
            if head != end.head:
                what = (
                    f"{before} and {who} give two heads of the same event {end.n} of run {name(end.run)}: it was forked"
                )
                yield Broken(name(end.run), end.n, f"{what}.")
                continue
            chains.expect(Place(end.run, end.n, end.head, None, who.removesuffix(",")))

    def _arrived(self, row: StoredAnchor, signed: Signed, who: str) -> Iterator[Broken]:
        self.count += 1
        independent = bool(row.independent)
        if str(row.sink).startswith("timestamp:"):
            roots = self.trust.roots.get(row.sink)
            independent = roots is not None
            if roots is None:
                self.unchecked += 1
            elif (stamp := stamped(row.receipt or b"", signed.message, roots)).fault:
                yield Broken(signed.run.run, signed.run.n, f"{who}: its time stamp proves nothing: {stamp.fault}.")
                return
        self.carried.add(signed)
        if independent:
            self.independent.add(signed)
        self._lines.setdefault(str(row.sink), set()).add(signed.signature)


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return False
    return True


def _signatures(lines: Iterable[bytes]) -> set[str]:
    read = (read_line(line, JOURNAL) for line in lines)
    return {signed.signature for signed in read if signed is not None}
