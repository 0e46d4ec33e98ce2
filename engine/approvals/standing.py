"""How a question stands: open, or waiting for whom, since when, and who is asked next.

The ladder widens: when nobody answered in time the next rung is asked too, and who was asked before may still answer.
An objection does not end it: it wants a yes of more authority than the one who objected, or one more yes than before
with at least that authority. No clock ever says yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.approvals.cost import highest, rank
from engine.approvals.question import GLASS, HOT, Decision, Question, target_among
from inventory.people import PersonEntry

CODES = "codes"
CODE_ROLE = "commander"
"""The authority of a sealed code."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one question stands.

    Attributes:
        state: open; waiting; objected: waiting, and somebody said no.
        yes, no: the says that count.
        people: how many yes it wants now, objections counted. role: of which authority at least.
        over: authority that one more yes must have at least, for it answers an objection; "" without one.
        rung: who is asked now: approver, commander, codes; "" where nobody is left to ask.
        since: when that rung was reached. until: when the next is asked too; None: there is none.
        asked: ids of the people who are asked now and have not answered.
        barred: ids of people who would be asked, and why they are not.
    """

    state: Literal["open", "waiting", "objected"]
    yes: tuple[Decision, ...]
    no: tuple[Decision, ...]
    people: int
    role: str
    over: str
    rung: str
    since: datetime
    until: datetime | None
    asked: tuple[str, ...]
    barred: Mapping[str, str]

    @property
    def missing(self) -> int:
        """How many more must say yes at least."""
        return 0 if self.state == "open" else max(1, self.people - len(self.yes))


def is_open(question: Question, decisions: Sequence[Decision]) -> bool:
    """Whether what was said opens the wall."""
    yes, no = _sides(decisions)
    if any(one.role in {GLASS, HOT} for one in yes):
        return True
    enough = [one for one in yes if _rank(one) >= rank(question.role)]
    if len(enough) < question.people:
        return False
    if not no:
        return True
    top, last = max(_rank(one) for one in no), max(one.n for one in no)
    answers = [one for one in enough if one.n > last]
    if any(_rank(one) > top for one in answers):
        return True
    return len(enough) >= question.people + len(no) and any(_rank(one) >= top for one in answers)


def standing(
    question: Question, decisions: Sequence[Decision], people: Mapping[str, PersonEntry], now: datetime
) -> Standing:
    """How it stands at this time. `people`: whom the configuration names, to say who is asked."""
    yes, no = _sides(decisions)
    over = max((one.role for one in no), key=rank, default="")
    since = max([question.asked_at, *(one.at for one in no)])
    able, barred = _able(question, decisions, people)
    rungs = _rungs(question, over, able)
    at = [question.reached_at(index, since) for index in range(len(rungs))]
    reached = sum(time <= now for time in at)
    rung = rungs[reached - 1] if reached else ""
    asked = [name for name, authority in able.items() if rung and rank(authority) <= _top(rung)]
    opened = bool(question.opened) or is_open(question, decisions)
    return Standing(
        "open" if opened else "objected" if no else "waiting", tuple(yes), tuple(no),
        question.people + len(no), question.role, over, "" if opened else rung,
        at[reached - 1] if reached else since, at[reached] if not opened and reached < len(at) else None,
        () if opened else tuple(asked), barred,
    )  # fmt: skip


def codes_count_from(
    question: Question, decisions: Sequence[Decision], people: Mapping[str, PersonEntry]
) -> datetime | None:
    """When sealed codes begin to count: once everybody before them in the ladder had their time. None: never."""
    _, no = _sides(decisions)
    over = max((one.role for one in no), key=rank, default="")
    rungs = _rungs(question, over, _able(question, decisions, people)[0])
    since = max([question.asked_at, *(one.at for one in no)])
    return question.reached_at(rungs.index(CODES), since) if CODES in rungs else None


def _sides(decisions: Sequence[Decision]) -> tuple[list[Decision], list[Decision]]:
    """Yes and no, one a voice: the first that it said."""
    first: dict[str, Decision] = {}
    for one in decisions:
        first.setdefault(one.voice, one)
    said = list(first.values())
    return [one for one in said if one.answer == "yes"], [one for one in said if one.answer == "no"]


def _rank(decision: Decision) -> int:
    return rank(decision.role)


def _top(rung: str) -> int:
    """The most authority that is asked at a rung: an approver's question does not wake the commander."""
    return rank(CODE_ROLE if rung == CODES else rung)


def _rungs(question: Question, over: str, able: Mapping[str, str]) -> list[str]:
    """The rungs that somebody can answer, from the authority on that is wanted now.

    A rung without anybody is left out: to wait for nobody is what an attacker would wish. Where the ladder names nobody
    who could answer and there is somebody, they are asked.
    """
    least = max(rank(question.role), rank(over))
    able_ranks = [rank(authority) for authority in able.values()]
    found = [
        rung for rung in question.ladder
        if rung == CODES or (rank(rung) >= least and any(least <= one <= rank(rung) for one in able_ranks))
    ]  # fmt: skip
    if set(found) <= {CODES} and (enough := [one for one in able_ranks if one >= least]):
        found.insert(0, "approver" if min(enough) <= rank("approver") else "commander")
    above = [rung for rung in found if _top(rung) > rank(over)]
    return above if over and above else found


def _able(
    question: Question, decisions: Sequence[Decision], people: Mapping[str, PersonEntry]
) -> tuple[dict[str, str], dict[str, str]]:
    """Who can still answer with which authority, and who cannot, and why."""
    said = {one.by.casefold() for one in decisions if not one.code}
    able: dict[str, str] = {}
    barred: dict[str, str] = {}
    for name, person in people.items():
        authority = highest(person.roles)
        if rank(authority) < rank(question.role):
            continue
        if account := target_among(person.accounts, question.targets):
            barred[name] = f"a target of this incident ({account})"
        elif asked_by(question, name, person.accounts):
            barred[name] = "asked for it"
        elif f"person:{name}" in said:
            barred[name] = "has answered"
        elif person.token is None and person.key is None and person.totp is None:
            barred[name] = "has neither token nor key"
        else:
            able[name] = authority
    return able, barred


def asked_by(question: Question, person: str, accounts: Sequence[str]) -> bool:
    """Whether the question is about somebody's own request: asked for by them, or by their user on a machine."""
    mine = {f"person:{person}", *(account for account in accounts if account.startswith("os:"))}
    return bool({one.casefold() for one in mine} & {one.casefold() for one in question.requesters})
