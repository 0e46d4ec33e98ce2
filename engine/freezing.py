"""A freeze: no new automatic run begins until it ends. It ends by itself; runs that people start are never frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.approvals import Heard, rank
from engine.approvals.cost import highest
from inventory.proof import NOBODYS, Sayer
from journal.event import JOURNAL, Draft, Event, Private
from journal.store import Journal

LONGEST_MIN = 60
"""Minutes after which a freeze ends by itself: whoever stole one token keeps automation off for no longer."""
NOBODY = "@freeze"
"""Stands for an incident in what is recorded, for a freeze is about none: under its key the names in it are sealed."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze that is on: since and until when, by whom and why."""

    since: datetime
    until: datetime
    by: str
    why: str


def frozen(journal: Journal, now: datetime) -> Freeze | None:
    """The freeze that is on at this time; None: automatic runs may begin."""
    return frozen_by(journal.events(JOURNAL), now)


def frozen_by(events: list[Event], now: datetime) -> Freeze | None:
    """The same, of the events of the journal's own chain."""
    last = next((event for event in reversed(events) if event.type == "frozen"), None)
    if last is None or not last.body["on"]:
        return None
    since, until = datetime.fromisoformat(last.at), datetime.fromisoformat(last.body["until"])
    if not now < until <= since + timedelta(minutes=LONGEST_MIN, seconds=1):
        return None
    return Freeze(since, until, str(last.body["by"]), str(last.body["why"]))


def may_freeze(sayer: Sayer | None, os: str) -> Heard:
    """Whether somebody may freeze, or end a freeze: a proven responder or above, as for what it keeps from beginning."""
    if sayer is None:
        return Heard("unknown", NOBODYS)
    if not sayer.proven:
        return Heard("unproven", f"{os} alone is no proof of who sits there. Say it with --token or --key.")
    if rank(highest(sayer.roles)) < rank("responder"):
        return Heard(
            "no_role", f"{sayer.name} is {' and '.join(sorted(sayer.roles))}: freezing is for responders and up."
        )
    return Heard("", role=highest(sayer.roles))


def freezing(by: str, why: str, at: datetime, *, on: bool, minutes: int) -> Draft:
    """The record of a freeze, or of its end."""
    until = (at + timedelta(minutes=minutes if on else 0)).isoformat()
    return Draft("frozen", {"on": on, "until": until, "incident": NOBODY, "by": Private(by), "why": Private(why)})


def turned_away(sayer: Sayer | None, heard: Heard, os: str) -> Draft:
    """The record of somebody who wanted to freeze, or to end a freeze, and may not."""
    by = Private(sayer.by if sayer is not None else os)
    body = {
        "wall": "freeze",
        "answer": "yes",
        "incident": NOBODY,
        "by": by,
        "code": heard.code,
        "why": Private(heard.why),
    }
    return Draft("turned_away", body)
