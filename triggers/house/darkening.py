"""Going dark: from then on nothing of a run is told in channels that others may read. It goes on on page and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triggers.house.model import Became, Refused
from triggers.house.opening import STARTERS
from triggers.house.saying import LONGEST, Word, turned_away

if TYPE_CHECKING:
    from inventory.proof import Sayer
    from journal.store import Journal


async def go_dark(journal: Journal, run: str, sayer: Sayer | None, why: str) -> Became:
    """Record that a person had a run go dark. It is never taken back: who reads along today may tomorrow.

    Whoever has no role is turned away, which is recorded. Raises Refused, UnknownRun, IncidentClosed, NoKey,
    JournalFailed.
    """
    from journal.event import Draft, Private

    reason = why.strip()
    if len(reason) > LONGEST:
        raise Refused(f"A reason has at most {LONGEST} letters; this has {len(reason)}.", "bad-input")
    if sayer is None or (sayer.proven and not sayer.roles & STARTERS):
        name = sayer.name if sayer is not None else "Whoever this is"
        said = f"{name} is no responder, approver or commander: the run is told of as before."
        return await turned_away(Word(run, "note", sayer), journal, "no_role", said)
    body = {"by": Private(sayer.by), "why": Private(reason)}
    (event,) = await journal.say(run, [Draft("darkened", body)])
    return Became(run, "note", counts=True, n=event.n)
