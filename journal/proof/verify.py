"""Is the record what was written? Pure checks of rows; they share no code with the writer but the spelling.

What the chains show by themselves: any change, removal, exchange or insertion that was not followed by a new
calculation of everything after it, in the run and in the journal's own chain. What they can not show: all of that
calculated anew, and a tail cut off together with the heads in `leases`. Against whoever can write the whole data base
stand the heads that were signed and carried outside before: their statements must still be true of the chains.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from journal.canonical import canonical
from journal.event import Event
from journal.proof.chains import Chains
from journal.proof.examine import Examination
from journal.proof.stored import Broken, Stored, StoredHead

__all__ = ["BROKEN_LIMIT", "Broken", "Stored", "StoredHead", "examined", "verify", "verify_url"]

BROKEN_LIMIT = 1_000
"""How many findings are listed: the first ones tell."""


def verify(rows: Iterable[Event]) -> list[Broken]:
    """Check the events of one run or of many; each run's own in order, from its first.

    An empty list means: whole. A tail that was cut off is not seen here: nothing in a chain tells its end.
    """
    return list(islice(Chains().check(_stored(event) for event in rows), BROKEN_LIMIT))


def verify_url(url: str, run: str | None = None) -> list[Broken]:
    """Check a journal, or one run in it, read-only, also while others write it.

    Beside the chains it checks the file's own order, that no trigger or view was put in, each chain's end against
    `leases`, the runs against the journal's own chain, and the anchors, by whatever key they were signed with. Damage
    is a finding. Raises JournalFailed when there is no journal or it can not be read, UnknownRun.
    """
    return examined(url, Examination(only=run))


def examined(url: str, examination: Examination) -> list[Broken]:
    """Let an examination go through a journal; the findings. Raises as `verify_url` does."""
    from journal.proof.raw import read_stored

    return list(islice(read_stored(url, examination.only, examination.check), BROKEN_LIMIT))


def _stored(event: Event) -> Stored:
    try:
        body: Any = canonical(event.body).decode()
    except (TypeError, ValueError):
        body = None
    return Stored(
        event.run, event.n, event.incident, event.fence, event.at, event.type, body, event.prev, event.hash
    )  # fmt: skip
