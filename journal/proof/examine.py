"""One pass over a journal: chains, the journal's own chain against the runs, and signed heads against both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from journal.errors import UnknownRun
from journal.event import JOURNAL
from journal.proof.anchored import Anchored, Covered, Outside, Trust
from journal.proof.chains import Chains
from journal.proof.own import Own
from journal.proof.stored import Broken, Found, Stored


@dataclass(frozen=True, slots=True)
class Gap:
    """What no anchor covers: how many events, and the time of the first; 0 and "" where all is covered."""

    events: int = 0
    since: str = ""


@dataclass
class Examination:
    """What is asked, and what was found besides findings.

    Attributes:
        only: the one run that is asked about; None: all.
        trust: whose signatures and time stamps count.
        files: heads that lie outside.
        events, runs: how many went by, without the journal's own chain; own: records of that.
        anchored: the signed heads.
        unanchored, dependent: what no anchor covers; what none covers that is out of our hands.
    """

    only: str | None = None
    trust: Trust = field(default_factory=Trust)
    files: Sequence[Outside] = ()
    events: int = 0
    runs: int = 0
    own: int = 0
    anchored: Anchored = field(init=False)
    unanchored: Gap = Gap()
    dependent: Gap = Gap()
    _chains: Chains = field(default_factory=Chains)

    def check(self, found: Found) -> Iterator[Broken]:
        """Go through it and give the findings. Raises UnknownRun where the one run never was."""
        own, chains = Own(self.trust.keys, self.only), self._chains
        self.anchored = Anchored(found.journal, self.trust, self.only)
        yield from self.anchored.rows(found.anchors, chains)
        yield from self.anchored.outside(self.files, chains)
        for row in found.own:
            self.own += 1
            yield from chains.check((row,))
            yield from own.step(row, chains)
        kinds = self.anchored.carried, self.anchored.independent
        reached = [covered.through(own) for covered in kinds]
        for run in own.runs:
            chains.marks[run] = {through.get(run, 0) + 1 for through in reached}
        yield from chains.check(self._counted(found.rows))
        heads = list(found.heads)
        known = self.runs or self.only in own.runs or any(head.run == self.only for head in heads)
        if self.only is not None and not known:
            raise UnknownRun(self.only)
        yield from chains.ends(heads)
        yield from own.ends(chains)
        yield from chains.missed()
        yield from self.anchored.records(own, self.files)
        self.unanchored, self.dependent = (self._gap(own, *pair) for pair in zip(kinds, reached, strict=True))

    def _counted(self, rows: Iterable[Stored]) -> Iterator[Stored]:
        for row in rows:
            self.events += 1
            yield row
        self.runs = len(self._chains.runs.keys() - {JOURNAL})

    def _gap(self, own: Own, covered: Covered, reached: dict[str, int]) -> Gap:
        """Count what lies behind the anchors. Records about anchors themselves are not waited for: each has one."""
        events, times = 0, []
        for run, chain in self._chains.runs.items():
            first = reached.get(run, 0) + 1
            if run != JOURNAL and chain.n >= first:
                events += chain.n - first + 1
                times.append(self._chains.times.get((run, first), chain.at))
        open_records = [at for n, at in own.others if n > covered.own_n] if self.only is None else []
        times += open_records
        return Gap(events + len(open_records), min(times, default=""))
