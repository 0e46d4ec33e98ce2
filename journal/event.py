"""What the journal holds: events. One run's events form a chain; the state of a run is a fold over them.

Bodies are metadata only: ids, fingerprints, states, status codes, times. No token, no message, no customer data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
"""Strings, bools, integers below 2^53, lists and maps with ASCII keys: what RFC 8785 can hash without loss."""


JOURNAL = "@journal"
"""The chain of the journal itself, beside those of the runs: openings and closings, anchors, reads, exports, prunings.

    opened   run incident hash                    a run's first event, by its hash
    resumed  run n fence                          a run that had been closed was taken up again
    closed   run incident n head                  a run that ended, and the head of its chain
    anchored anchor sink independent run n digest a signed head was carried outside
    read     run by how                           exported  run incident by sha256
    shredded incident runs                        rekeyed   from to runs incidents
    legal_hold incident by on why                 incident_closed incident by why
    erased   incident why                         pruned    run incident n head first_at last_at before
    used     run digest                           what is good for one time (a sealed code) was used
    frozen   on until incident by why             no new automatic runs until then, or again
    knocked  at_door turned_away                  requests that were turned away unread, by why: counts alone
    subscribed, unsubscribed  at_door             SNS sends alerts to a door from now on, or no more
    passkey  mark on how                          a passkey counts from now on, or does no more; `mark` names nobody
    alerted  inbox place name source type severity title finding word why playbook? integration? run? incident count?
                              what came of an alert, and why nothing more did
    our_credential inbox place name credentials connections type title
                              an alert that names a credential of our own, and no call of ours that it fits
    upgraded from runs                            tables of an older ringfence; openings were recorded now
"""


class Private(str):
    """Text about a person (a name, a reason): the writer seals it under its incident's key before it is hashed."""

    __slots__ = ()


PEOPLE: Mapping[str, tuple[str, ...]] = {
    "opened": ("by", "reason"),
    "ordered": ("by",),
    "approved": ("by",),
    "declined": ("by",),
    "decided": ("by", "reason", "seat"),
    "objected": ("by", "reason"),
    "turned_away": ("by", "why"),
    "reviewed": ("by", "reason"),
    "attested": ("by", "reason"),
    "retried": ("by", "reason"),
    "ticked": ("by", "reason"),
    "adopted": ("by", "reason"),
    "told": ("whom",),
    "linked": ("whom", "by"),
    "frozen": ("by", "why"),
    "stopped": ("by",),
    "noted": ("by", "text"),
    "darkened": ("by", "why"),
    "read": ("by",),
    "exported": ("by",),
    "legal_hold": ("by", "why"),
    "incident_closed": ("by", "why"),
    "alerted": ("title",),
    "our_credential": ("title",),
}
"""Where a body may hold `Private` text: event type -> fields. Nowhere else is a text taken for a sealed one, so that a
name that a provider chose can not pass for one. In the journal's own chain such a body names its `incident` or `run`."""


SAYS = frozenset(
    {"decided", "approved", "declined", "objected", "attested", "retried", "ticked", "noted", "reviewed", "told", "turned_away",
     "linked", "darkened"}
)  # fmt: skip
"""Events that are added beside a run, whoever carries it out, by `Journal.say`: none of them moves it by itself."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is not yet written: the writer adds its place, its time and its hash."""

    type: str
    body: Body


@dataclass(frozen=True, slots=True)
class Event:
    """One written event.

    Attributes:
        run: id of the run that it belongs to.
        n: its place in the run, from 1, without gaps.
        incident: id of the incident that the run belongs to.
        fence: number of the lease under which it was written; it only grows.
        at: when it was written, RFC 3339 in UTC with microseconds.
        type: its kind, a verb in the past tense ("intended").
        body: its content.
        prev: hash of the event before it in the run, "" for the first.
        hash: SHA-256, hex, over the canonical JSON of all of the above.
    """

    run: str
    n: int
    incident: str
    fence: int
    at: str
    type: str
    body: Body
    prev: str
    hash: str
