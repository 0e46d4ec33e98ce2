"""Whether what somebody says counts. What does not count does nothing, is journaled, and says why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.approvals.cost import highest, rank
from engine.approvals.question import GLASS, HOT, Answer, Decision, Question, target_among
from engine.approvals.standing import CODE_ROLE, asked_by, codes_count_from
from inventory.people import PersonEntry
from inventory.proof import NOBODYS, Sayer

GLASS_REASON = 20
"""Letters that the reason for breaking the glass has at least."""
_PSEUDONYM = re.compile(r"person-[0-9a-f]{8}")
HASH_LETTERS = 8
"""Letters of a scope hash that are enough to name it."""
NO_PEOPLE = (
    "The configuration names no people yet: `ringfence person token NAME` makes the first one's token, and says where it"
    " belongs. Whoever sits at the terminal of a run answers with `ringfence resume`."
)
Code = Literal[
    "", "unknown", "unproven", "no_question", "stale", "expired", "target", "requester", "decided_before",
    "unknown_code", "used_code", "early_code", "no_reason", "no_role", "not_hot", "unreadable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Say:
    """What somebody says to a question.

    Attributes:
        sayer: who; None where their token or key fits nobody.
        scope_hash: of the scope that they looked at, or its first letters, at least 8.
        code: digest of the sealed code that they gave; "" where none was given, None where it is none of ours.
        glass: whether they break the glass. hot: whether they cut alone as the attacker is at it. reason: why.
    """

    sayer: Sayer | None
    answer: Answer
    scope_hash: str
    code: str | None = ""
    glass: bool = False
    hot: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """How a say was taken.

    Attributes:
        code: why it does not count; "": it counts. why: in a sentence, with what to do.
        role: the authority under which it counts.
    """

    code: Code
    why: str = ""
    role: str = ""

    @property
    def counts(self) -> bool:
        """Whether it does."""
        return not self.code


def judge(
    question: Question | None,
    decisions: Sequence[Decision],
    say: Say,
    people: Mapping[str, PersonEntry],
    now: datetime,
    *,
    used: frozenset[str] = frozenset(),
) -> Heard:
    """Whether a say counts. `used`: digests of the sealed codes that were used in this whole journal."""
    sayer = say.sayer
    if sayer is None:
        return Heard("unknown", NOBODYS)
    if not sayer.proven:
        why = f"{sayer.os or 'The user of this machine'} alone is no proof of who sits there."
        why += " Say it with --token or --key." if people else f" {NO_PEOPLE}"
        return Heard("unproven", why)
    if question is None:
        return Heard("no_question", "Nothing is asked: there is no wall that waits for a person.")
    if question.opened:
        why = f"The wall {question.wall} is open for this scope already. `ringfence stop {question.run}` ends what is in flight."
        return Heard("no_question", why)
    if not names(say.scope_hash, question.scope_hash):
        return Heard("stale", _stale(question, say))
    if question.until is not None and now > question.until:
        why = f"The question ended at {question.until:%Y-%m-%d %H:%M} UTC. `ringfence resume {question.run}` asks anew."
        return Heard("expired", why)
    if account := target_among(sayer.accounts, question.targets):
        why = f"{sayer.name} has no say in incident {question.incident}: {account} is among what it acts on."
        return Heard("target", why)
    if say.glass:
        return _glass(say, sayer)
    if say.hot:
        return _hot(question, say, sayer, now)
    if _unreadable([*question.requesters, *(one.by for one in decisions)]):
        why = f"Who asked for run {question.run}, or answered before, cannot be read here: the key of their names is not ours."
        return Heard(
            "unreadable", f"{why} Whether this is one more person cannot be told; breaking the glass needs no such key."
        )
    if say.code != "":
        return _with_code(question, decisions, say, people, now, used)
    return _own(question, decisions, say, sayer, people)


def names(given: str, scope_hash: str) -> bool:
    """Whether what was given names this scope: the whole hash, or its first letters, at least 8."""
    text = given.strip().lower().replace(" ", "")
    return len(text) >= HASH_LETTERS and scope_hash.startswith(text)


def _unreadable(names_: Iterable[str]) -> bool:
    """Whether one of these is a pseudonym: the key of the names in this incident is gone, or not ours to open."""
    return any(_PSEUDONYM.fullmatch(name) for name in names_)


def _stale(question: Question, say: Say) -> str:
    said = say.scope_hash.strip()[:HASH_LETTERS] or "none"
    return (
        f"Scope {said} is not what is asked about: run {question.run} asks about scope {question.scope_hash[:8]}."
        f" Nothing was {'approved' if say.answer == 'yes' else 'held up'}. `ringfence approve {question.run}` shows what"
        " it is now; decide on that."
    )


def _hot(question: Question, say: Say, sayer: Sayer, now: datetime) -> Heard:
    """The hot rule: seen at it a moment ago, one responder cuts alone, and another person looks at it afterwards."""
    if say.answer == "no":
        return Heard("no_role", "The hot rule opens a wall, and never keeps it shut: object without it.")
    if not question.hot or question.hot_until is None or now > question.hot_until:
        why = (
            "Nothing shows that the attacker is at it now (a use from a strange address within 15 minutes, of one"
            f" integration that is not critical). `ringfence resume {question.run} --visit` looks again."
        )
        return Heard("not_hot", why)
    if rank(highest(sayer.roles)) < rank("responder"):
        return Heard("no_role", f"{sayer.name} is {_roles(sayer)}: the hot rule is for responders and up.")
    return Heard("", role=HOT)


def _glass(say: Say, sayer: Sayer) -> Heard:
    if say.answer == "no":
        return Heard("no_role", "The glass is broken to open a wall, never to keep it shut: object without it.")
    if len(" ".join(say.reason.split())) < GLASS_REASON:
        return Heard(
            "no_reason", f"Breaking the glass wants a reason of at least {GLASS_REASON} letters, for the review."
        )
    if rank(highest(sayer.roles)) < rank("responder"):
        return Heard("no_role", f"{sayer.name} is {_roles(sayer)}: breaking the glass is for responders and up.")
    return Heard("", role=GLASS)


def _with_code(
    question: Question, decisions: Sequence[Decision], say: Say, people: Mapping[str, PersonEntry], now: datetime,
    used: frozenset[str],
) -> Heard:  # fmt: skip
    assert say.sayer is not None
    if say.answer == "no":
        return Heard("no_role", "A sealed code opens a wall; it does not keep one shut: object without it.")
    if say.code is None:
        return Heard("unknown_code", "This is none of the sealed codes of this configuration.")
    if say.code in used:
        return Heard("used_code", "This code was used before: each opens one wall, once. Take the next one.")
    if rank(highest(say.sayer.roles)) < rank("responder"):
        return Heard("no_role", f"{say.sayer.name} is {_roles(say.sayer)}: sealed codes are for responders and up.")
    count_from = codes_count_from(question, decisions, people)
    if count_from is None:
        return Heard("unknown_code", "Sealed codes are no rung of the ladder that this question goes up.")
    if now < count_from:
        why = f"Sealed codes count from {count_from:%H:%M:%S} UTC on: until then people are asked. The code is still good."
        return Heard("early_code", why)
    return Heard("", role=CODE_ROLE)


def _own(
    question: Question, decisions: Sequence[Decision], say: Say, sayer: Sayer, people: Mapping[str, PersonEntry]
) -> Heard:
    if say.answer == "yes" and asked_by(question, sayer.person, sayer.accounts):
        return Heard("requester", f"{sayer.name} asked for this: somebody else must approve it.")
    if say.answer == "yes" and _same_seat(question, sayer, people):
        why = (
            f"{sayer.os} asked for this, and {sayer.name} says yes from {sayer.os}: whether they are two people cannot"
            f' be told. Name whose account it is under `people:` (accounts: ["{sayer.os}"]).'
        )
        return Heard("requester", why)
    if any(one.by.casefold() == sayer.by.casefold() and not one.code for one in decisions):
        return Heard("decided_before", f"{sayer.name} has answered this question already; nothing was changed.")
    authority = highest(sayer.roles)
    if rank(authority) < rank(question.role):
        why = f"{sayer.name} is {_roles(sayer)}; this takes the authority of {question.role} at least."
        return Heard("no_role", why)
    return Heard("", role=authority)


def _same_seat(question: Question, sayer: Sayer, people: Mapping[str, PersonEntry]) -> bool:
    """One user of a machine asked and answers, and nobody said whose it is. Practice is on one machine: there it may be."""
    seat = sayer.os.casefold()
    if question.drill or not seat or any(seat in map(str.casefold, person.accounts) for person in people.values()):
        return False
    return seat in {one.casefold() for one in question.requesters}


def _roles(sayer: Sayer) -> str:
    return " and ".join(sorted(sayer.roles))


def judge_review(opened_by: str, reviewed: bool, sayer: Sayer | None, targets: frozenset[str], os: str) -> Heard:
    """Whether somebody may review a wall that one person opened alone: anybody but that one.

    `opened_by`: who opened it, as the record names them. `os`: the user of this machine.
    """
    if sayer is None:
        return Heard("unknown", NOBODYS)
    if not sayer.proven:
        return Heard("unproven", f"{os} alone is no proof of who sits there. Say it with --token or --key.")
    if reviewed:
        return Heard("decided_before", "It was reviewed already; nothing was changed. `ringfence note` adds a remark.")
    if account := target_among(sayer.accounts, targets):
        return Heard("target", f"{sayer.name} has no say in this incident: {account} is among what it acts on.")
    if sayer.by.casefold() == opened_by.casefold():
        return Heard("requester", f"{sayer.name} opened it alone: somebody else must look at it.")
    if rank(highest(sayer.roles)) < rank("approver"):
        return Heard("no_role", f"{sayer.name} is {_roles(sayer)}; a review takes the authority of approver at least.")
    return Heard("", role=highest(sayer.roles))
