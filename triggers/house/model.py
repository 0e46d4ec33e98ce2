"""What is asked of the house, and what it answers: plain values that every way in shows in its own manner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from engine.approvals import Question, Standing
    from inventory.proof import Sayer
    from journal.replay import Run
    from language import Checked

What = Literal["approve", "object", "review", "attest", "retry", "tick", "note", "stop"]
"""What a person may say to a run."""
SAYS: frozenset[str] = frozenset(get_args(What))


class Refused(Exception):
    """Nothing was done. The text says why, and what to do; it is for whoever asked.

    Attributes:
        code: a word for programs: `unknown-run`, `no-role`, `bad-input`, `bad-playbook`, `not-now`, `no-room`.
    """

    def __init__(self, why: str, code: str) -> None:
        """Keep the code beside the sentence."""
        super().__init__(why)
        self.code = code


class Differs(Refused):
    """What would be done now is not what was shown. Nothing was done but looking.

    Attributes:
        run: the run that only looked. was, now: the scope that was shown, and the scope as it is.
    """

    def __init__(self, why: str, run: str, was: str, now: str) -> None:
        """Keep both scopes."""
        super().__init__(why, "scope-differs")
        self.run, self.was, self.now = run, was, now


@dataclass(frozen=True)
class Asked:
    """A run as somebody asks for it.

    Attributes:
        playbook: its name, as `ringfence playbook list` shows it.
        inputs: name -> text, or list of texts. No secrets: those are given at the command line alone.
        by: who asks, proven by whatever the way in proves people with.
        incident: the incident that it is widened to; "" opens one of its own.
        hold_only: only what can be undone; the rest once a person goes on with it.
        since: when the attacker was first seen; None: from now on.
        run: the id that it gets, where it had to be known beforehand; "" for one of its own.
        checked: the playbook as it was read and judged already: it is this text that is carried out.
    """

    playbook: str
    inputs: Mapping[str, str | Sequence[str]]
    by: Sayer
    reason: str = ""
    incident: str = ""
    hold_only: bool = False
    since: datetime | None = None
    run: str = ""
    checked: Checked | None = field(default=None, repr=False)

    @property
    def by_alert(self) -> bool:
        """Nobody asks: an alert does. What it may is what `triggers.house.alone` lets it."""
        return self.by.how == "alert"


@dataclass(frozen=True)
class Shown:
    """What would be done, as it was seen just now; nothing was sent.

    Attributes:
        run: the run that looked, folded: plan, first line, matrix and footholds are in it, for `reports`.
        text: the plan in lines, as the command line shows it. digest: its SHA-256, or of what you show instead.
        scope_hash: what an approver approves; `start` compares it. plan_hash: over the very calls.
    """

    run: Run
    first_line: str
    text: str
    digest: str
    scope_hash: str
    plan_hash: str

    def as_shown(self, digest: str) -> Shown:
        """The same, where you showed a text of your own: its digest instead."""
        return Shown(self.run, self.first_line, self.text, digest, self.scope_hash, self.plan_hash)


@dataclass(frozen=True)
class Started:
    """A run that was opened, or the one that is at this integration already.

    Attributes:
        run: its id; "" where nothing was opened.
        busy: the run that is at it; "" where one was opened.
    """

    run: str
    incident: str = ""
    mode: str = ""
    busy: str = ""


@dataclass(frozen=True)
class Put:
    """A question that a run asks people, as they are shown it.

    Attributes:
        text: the very text. digest: its SHA-256: give it back as `shown` with what somebody says to it.
        open: whether the wall is open already.
    """

    question: Question
    stands: Standing
    text: str
    digest: str
    open: bool


@dataclass(frozen=True)
class Became:
    """What became of what somebody said.

    Attributes:
        counts: whether it does. code: why not, for programs: the engine's (`engine.approvals.rules.Code`), or
            `no_role`, `not_taken`. why: in a sentence, with what to do.
        opened: whether a wall is open with it. n: place in the record of what was written; 0: nothing was.
    """

    run: str
    what: What
    counts: bool
    code: str = ""
    why: str = ""
    opened: bool = False
    n: int = 0
    question: Question | None = None
    stands: Standing | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
