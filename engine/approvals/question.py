"""What is asked at a wall, and what was said to it, read from the journal alone: so that any process judges alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from journal.replay import Run

Answer = Literal["yes", "no"]
GLASS = "glass"
"""Stands for an authority where somebody broke the glass."""
HOT = "hot"
"""The same where the responder cuts alone, since the attacker was seen at it: the hot rule."""
HOT_S = 15 * 60
"""For so long what was seen of the attacker lets one responder cut alone."""
_NAMING = frozenset({
    "account", "actor", "email", "login", "member", "owner", "principal", "run_as", "user", "username",
})  # fmt: skip
"""Fields of a state that name somebody. Of what an action is asked about, every text counts."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as it stands.

    Attributes:
        scope_hash: of the scope that is asked about; shown: digest of the text that people are shown.
        role, people: who must say yes, and how many.
        ladder: who is asked, one after the other; the first alone for `within_s`, each next after `rung_s` more.
        asked_at: when this scope was first asked about.
        until: when the question ends; None: never.
        requesters: who asked for the run, or for its recovery: `person:ben`, `os:ben`.
        targets: accounts that the incident acts on, SYSTEM:NAME, case folded.
        opened: n of the event that opened the wall for this scope; 0: it is shut.
        drill: on the practice company, where all sit at one machine.
        hot: what showed that the attacker is at it, in words; "" where nothing did. hot_until: so long it counts.
    """

    run: str
    incident: str
    wall: str
    scope_hash: str
    shown: str
    role: str
    people: int
    asked_at: datetime
    name: str = ""
    cost: str = ""
    ladder: tuple[str, ...] = ("approver", "commander")
    within_s: int = 600
    rung_s: int = 600
    until: datetime | None = None
    requesters: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    opened: int = 0
    drill: bool = False
    hot: str = ""
    hot_until: datetime | None = None

    def reached_at(self, index: int, since: datetime) -> datetime:
        """When the rung of this place in the ladder is asked, counted from `since`."""
        return since + timedelta(seconds=self.within_s + self.rung_s * (index - 1)) if index else since


@dataclass(frozen=True, slots=True)
class Decision:
    """One say that counts.

    Attributes:
        by: who. role: the authority under which it counts: of theirs, of a sealed code, or "glass".
        code: digest of the sealed code that it was said with; "" without one.
        n: its place in the run.
    """

    by: str
    answer: Answer
    role: str
    at: datetime
    n: int
    code: str = ""
    reason: str = field(default="", compare=False)

    @property
    def voice(self) -> str:
        """Whose voice it is: a person has one; each sealed code is another, and so is breaking the glass."""
        return self.code or f"{'glass ' if self.role == GLASS else ''}{self.by.casefold()}"


def question_of(run: Run, wall: str | None = None, targets: frozenset[str] = frozenset()) -> Question | None:
    """The question of a wall (without one, the newest that is asked), with `targets` of the incident's other runs."""
    asked = run.asked.get(wall) if wall else max(run.asked.values(), key=lambda event: event.n, default=None)
    if asked is None:
        return None
    body, first = asked.body, run.questions[asked.body["wall"]]
    approved = run.approved.get(body["wall"])
    is_open = approved is not None and approved.body["scope_hash"] == body["scope_hash"]
    until = body.get("until")
    return Question(
        run.id, run.incident, str(body["wall"]), str(body["scope_hash"]), str(body["shown"]),
        str(body["role"]), int(body.get("people", 1)), datetime.fromisoformat(first.at),
        str(body.get("class", "")), str(body.get("cost", "")),
        tuple(body.get("ladder") or ("approver", "commander")), int(body.get("within_s", 600)),
        int(body.get("rung_s", 600)), datetime.fromisoformat(until) if until else None,
        requesters_of(run), targets | targets_of(run),
        approved.n if approved is not None and is_open else 0, run.opened.get("mode") == "drill",
        str(body.get("hot", "")), datetime.fromisoformat(asked.at) + timedelta(seconds=HOT_S),
    )  # fmt: skip


def decisions_of(run: Run, question: Question) -> list[Decision]:
    """What was said to this question, of the scope that is asked about now, oldest first."""
    return [
        Decision(
            str(event.body["by"]), event.body["answer"], str(event.body["role"]), datetime.fromisoformat(event.at),
            event.n, str(event.body.get("code", "")), str(event.body.get("reason", "")),
        )
        for event in run.decisions.get(question.wall, ())
        if event.body["scope_hash"] == question.scope_hash
    ]  # fmt: skip


def requesters_of(run: Run) -> frozenset[str]:
    """Who asked for the run, and for its recovery."""
    orders = [run.opened, *run.orders.values()]
    return frozenset(str(order["by"]) for order in orders if order.get("by"))


def targets_of(run: Run) -> frozenset[str]:
    """The accounts that a run acts on, as SYSTEM:NAME and CONNECTION:NAME, case folded.

    They come from the footholds of its integration (not from those that are only likely its own: whoever can name a
    thing at a provider would take people's say away), from the plan and whom it does not ask, from every effect, and from
    what a question names beside (`targets` of an `asked` or `planned` event).
    """
    found: set[str] = set()
    connections = run.opened.get("connections") or {}

    def add(connection: str, *names: object) -> None:
        systems = {connection, str((connections.get(connection) or {}).get("system", ""))} - {""}
        found.update(f"{at}:{name}".casefold() for name in names if isinstance(name, str) and name for at in systems)

    for foothold in (run.opened.get("footholds") or {}).values():
        if foothold.get("sure", True):
            add(str(foothold.get("at", "")), *(foothold.get("names") or {}).values())
    where: dict[str, str] = {}
    for row in run.planned.get("steps") or ():
        where[str(row.get("id"))] = str(row.get("connection", ""))
        if row.get("kind") in {"hold", "cut"}:
            add(where[str(row.get("id"))], *(row.get("targets") or ()))
    for effect in run.effects.values():
        at = where.get(effect.step) or effect.action.partition(".")[0]
        add(at, effect.target, *_texts(effect.params), *_naming(effect.before), *_naming(effect.after))
    for event in [*run.asked.values()]:
        found.update(str(name).casefold() for name in event.body.get("targets") or ())
    found.update(str(name).casefold() for name in run.planned.get("targets") or ())
    found.update(str(one.get("account", "")).casefold() for one in run.planned.get("not_asked") or ())
    return frozenset(found)


def target_among(accounts: Iterable[str], targets: frozenset[str]) -> str:
    """The first of somebody's accounts that an incident acts on; "" without one."""
    return next((account for account in accounts if account.casefold() in targets), "")


def _texts(params: Mapping[str, Any]) -> list[str]:
    return [value for value in params.values() if isinstance(value, str)]


def _naming(state: Mapping[str, Any] | None) -> list[str]:
    return [value for name, value in (state or {}).items() if name in _NAMING and isinstance(value, str)]
