"""One pass over a journal: chains, the journal's own chain against the runs, and the anchors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from journal.errors import UnknownRun
from journal.event import JOURNAL
from journal.proof.chains import Chains
from journal.proof.own import Own
from journal.proof.stored import Broken, Found, Stored


@dataclass
class Examination:
    """What is asked, and what was counted on the way.

    Attributes:
        only: the one run that is asked about; None: all.
        keys: the public keys (hex) whose signatures count; none: any key, as long as its signatures fit.
        events, runs: how many went by, without the journal's own chain.
        own: how many records of the journal's own chain went by.
    """

    only: str | None = None
    keys: frozenset[str] = frozenset()
    events: int = 0
    own: int = 0
    runs: int = 0
    chains: Chains = field(default_factory=Chains)

    def check(self, found: Found) -> Iterator[Broken]:
        """Go through it and give the findings. Raises UnknownRun where the one run never was."""
        own = Own(self.keys, self.only)
        for row in found.own:
            self.own += 1
            yield from self.chains.check((row,))
            yield from own.step(row, self.chains)
        yield from self.chains.check(self._counted(found.rows))
        heads = list(found.heads)
        known = self.runs or self.only in own.runs or any(head.run == self.only for head in heads)
        if self.only is not None and not known:
            raise UnknownRun(self.only)
        yield from self.chains.ends(heads)
        yield from own.ends(self.chains)
        yield from self.chains.missed()

    def _counted(self, rows: Iterable[Stored]) -> Iterator[Stored]:
        for row in rows:
            self.events += 1
            yield row
        self.runs = len(self.chains.runs.keys() - {JOURNAL})
