"""What the events say of a run, and of each of its effects. Filled by `journal.replay` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from journal.event import Event

CLOSED_WORDS = frozenset({"effective", "held-already"})
RESTS = frozenset({"waiting", "objected", "expired", "stopped", "running", "held", "closing", "recovering"})
"""Words of a run that goes on later: its integration stays locked."""


@dataclass(slots=True)
class Effect:
    """One action on one target: the unit of checkpoint.

    Attributes:
        came: what the newest send gave back; None: sent for all we know, no answer is recorded.
        tries: sends since it was last proven; sends: all of them; rounds: intents since it was last proven.
        sent_at, sent_n: journal time and position of the newest intent.
        got: how many calls of the newest intent were answered.
        adrift: its unanswered send is of an owner that was not known to be dead when the run was taken from it.
        before: the state at the first intent of all; that of a later one is the attacker's.
        word: effective, held-already, requested, failed, contested, in-doubt, undone, drifted, or "" so far.
        n: journal position of its newest settlement.
        back: its newest intent was an undo.
        held: it was closed before we sent anything: opening it is not giving back.
    """

    id: str
    step: str
    action: str
    target: str
    params: Mapping[str, Any]
    calls: tuple[str, ...] = ()
    once: bool = False
    came: str | None = None
    answered: bool = False
    wait_ms: int = 0
    status: int = 0
    why: str = ""
    tries: int = 0
    sends: int = 0
    rounds: int = 0
    sent_at: str = ""
    sent_n: int = 0
    got: int = 0
    adrift: bool = False
    answered_at: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    word: str = ""
    grade: str = ""
    settled_at: str = ""
    n: int = 0
    contested: int = 0
    back: bool = False
    held: bool = False

    @property
    def closed(self) -> bool:
        """Proven: the goal holds."""
        return self.word in CLOSED_WORDS


@dataclass(slots=True)
class Listing:
    """The newest whole listing of a step: where in the journal it began, how many it had, how many were open."""

    after: int
    count: int
    open: int
    n: int


@dataclass
class Run:
    """What the events say of a run. Fields are filled by `step`; nothing else changes them."""

    id: str = ""
    incident: str = ""
    n: int = 0
    head: str = ""
    opened: Mapping[str, Any] = field(default_factory=dict)
    opened_at: str = ""
    leased_why: str = ""
    at: str = ""
    planned: Mapping[str, Any] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    seen_counts: dict[str, int] = field(default_factory=dict)
    asked: dict[str, Event] = field(default_factory=dict)
    approved: dict[str, Event] = field(default_factory=dict)
    scopes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By wall, scope and guardrails as they were approved: what is no more than that is not asked again."""
    declined: dict[str, Event] = field(default_factory=dict)
    questions: dict[str, Event] = field(default_factory=dict)
    """By wall, the question as it was first asked of the scope that is asked about now: its time runs from there."""
    decisions: dict[str, list[Event]] = field(default_factory=dict)
    """By wall, what people said of any scope, oldest first."""
    turned_away: list[Event] = field(default_factory=list)
    reviewed: dict[str, Event] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    notes: list[Event] = field(default_factory=list)
    lapsed: list[Event] = field(default_factory=list)
    darkened: Event | None = None
    """A person had nothing more of it told in channels that others may read: it goes on on page and command line."""
    attested: dict[str, Event] = field(default_factory=dict)
    """What a named person said was done: step -> event; of its undo under `STEP!back`."""
    preserved: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Evidence by step: how many, SHA-256, where."""
    tainted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Effects whose before-state is not what it was before the attacker came, and how it differs."""
    ticked: dict[str, Event] = field(default_factory=dict)
    """Those of them that a person has given back all the same."""
    went_on: bool = False
    """A person went on with it after it had come to rest, so that `hold` holds it back no more."""
    orders: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    rotated: dict[str, str] = field(default_factory=dict)
    awaiting: dict[str, Mapping[str, str]] = field(default_factory=dict)
    words: list[Event] = field(default_factory=list)
    left: bool = False
    """Its process let it go before its end: whoever has room goes on with it."""

    @property
    def word(self) -> str:
        """The newest word; `running` before the first."""
        return str(self.words[-1].body["word"]) if self.words else "running"

    @property
    def recovers(self) -> bool:
        """A recovery was begun: from its very lease on, whoever goes on with the run goes on with that."""
        return "recover" in self.orders or self.leased_why.startswith("recover")

    @property
    def approved_beforehand(self) -> bool:
        """Whoever ordered what is under way approved the scope that is printed."""
        if self.recovers:
            return bool(self.orders.get("recover", {}).get("yes")) or self.leased_why == "recover --yes"
        return bool(self.opened.get("yes"))

    def of_step(self, step: str) -> list[Effect]:
        """The effects of one step, oldest first."""
        return [effect for effect in self.effects.values() if effect.step == step]
