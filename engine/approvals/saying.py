"""Takes what a person says into a run's record: read, judged by the rules, written; and read again if somebody was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.approvals.question import GLASS, HOT, Decision, Question, decisions_of, question_of, targets_of
from engine.approvals.rules import Heard, Say, judge, judge_review
from engine.approvals.standing import Standing, is_open, standing
from inventory.people import PersonEntry
from inventory.proof import Sayer
from journal.clock import now
from journal.errors import JournalFailed, Overtaken, UnknownRun, Used
from journal.event import JOURNAL, Draft, Event, Private
from journal.replay import Run, replay
from journal.store import Journal

TRIES = 20
"""How often a say is judged anew because others said something meanwhile."""
MATTERS = ("asked", "decided", "objected", "approved", "planned")
"""Events after which a say is judged anew."""
DOMAIN = "decision"
"""What a person's key signs: a signature of it fits nothing else (`journal.proof.sign`)."""


@dataclass(frozen=True, slots=True)
class Said:
    """What became of it.

    Attributes:
        question: what it was said to; None: nothing was asked.
        opened: whether the wall is open with it. events: what was written.
    """

    heard: Heard
    question: Question | None
    stands: Standing | None
    opened: bool
    events: tuple[Event, ...]


def run_of(journal: Journal, run_id: str) -> Run:
    """A run as the journal has it. Raises UnknownRun."""
    events = journal.events(run_id)
    if not events:
        raise UnknownRun(run_id)
    return replay(events)


def asked_of(journal: Journal, run: Run, wall: str | None = None) -> Question | None:
    """The question of a wall, with the targets of all runs of its incident."""
    return question_of(run, wall, targets_beside(journal, run))


def targets_beside(journal: Journal, run: Run) -> frozenset[str]:
    """What the other runs of an incident act on: a target of one has no say in any."""
    others = [row.run for row in journal.runs() if row.incident == run.incident and row.run != run.id]
    return frozenset().union(*(targets_of(replay(journal.events(other))) for other in others))


def used_codes(journal: Journal) -> frozenset[str]:
    """Digests of all sealed codes that were used, in any run."""
    return frozenset(
        str(event.body.get("digest")) for event in journal.events(JOURNAL, names=False) if event.type == "used"
    )


async def say(
    journal: Journal, run_id: str, wall: str | None, what: Say, people: Mapping[str, PersonEntry], *, shown: str,
    sign: Callable[[Mapping[str, Any]], str] | None = None, os: str = "", source: str = "", review_s: int = 3600,
    clock: Callable[[], datetime] = now,
) -> Said:  # fmt: skip
    """Take one say in: counted, with `approved` in the same append where it opens the wall; or turned away.

    `shown`: digest of the very text that the person was shown. `sign` signs the statement of the decision with their
    key. `os`: the machine's user, who is named where nobody is proven. `source`: where
    their role stands, as the record keeps it. `review_s`: seconds within which a broken glass is
    reviewed. Raises UnknownRun, IncidentClosed, NoKey,
    JournalFailed.
    """
    for _ in range(TRIES):
        run = run_of(journal, run_id)
        question = asked_of(journal, run, wall)
        decisions = decisions_of(run, question) if question is not None else []
        at = clock()
        heard = judge(question, decisions, what, people, at, used=used_codes(journal) if what.code else frozenset())
        if not heard.counts or question is None:
            events = await journal.say(run_id, [turned_away(what, heard, question, wall, os)])
            return Said(heard, question, _stands(question, decisions, people, at), opened=False, events=tuple(events))
        drafts, decided = _counted(question, decisions, what, heard, shown, at, run.n + 1, sign, source, review_s)
        opened = drafts[-1].type == "approved"
        try:
            once = [what.code] if what.code else []
            events = await journal.say(run_id, drafts, after=run.n, unless=MATTERS, once=once)
        except (Overtaken, Used):
            continue
        after = replace(question, opened=events[-1].n) if opened else question
        stands = standing(after, [*decisions, decided], people, at)
        return Said(heard, question, stands, opened=opened, events=tuple(events))
    raise JournalFailed(f"Others say things of run {run_id} too fast: try again.")


def _stands(
    question: Question | None, decisions: list[Decision], people: Mapping[str, PersonEntry], at: datetime
) -> Standing | None:
    return standing(question, decisions, people, at) if question is not None else None


def statement(run_id: str, wall: str, what: str, scope_hash: str, shown: str, at: str) -> dict[str, str]:
    """What a person's key signs: the decision, and nothing that another process adds to it."""
    return {"run": run_id, "wall": wall, "answer": what, "scope_hash": scope_hash, "shown": shown, "at": at}


def _counted(
    question: Question, decisions: list[Decision], what: Say, heard: Heard, shown: str, at: datetime, n: int,
    sign: Callable[[Mapping[str, Any]], str] | None, source: str, review_s: int,
) -> tuple[list[Draft], Decision]:  # fmt: skip
    assert what.sayer is not None
    by, how = what.sayer.by, what.sayer.how
    body: dict[str, Any] = {
        "wall": question.wall, "answer": what.answer, "scope_hash": question.scope_hash, "by": Private(by),
        "how": how, "role": heard.role, "source": source, "shown": shown, "seat": Private(what.sayer.os), "reason": Private(what.reason),
    }  # fmt: skip
    if what.code:
        body["code"] = what.code
    if what.sayer.evidence:
        body["evidence"] = dict(what.sayer.evidence)
    if sign is not None:
        signed = statement(question.run, question.wall, what.answer, question.scope_hash, shown, at.isoformat())
        body |= {"signed_at": signed["at"], "public": what.sayer.public, "signature": sign(signed)}
    decided = Decision(by, what.answer, heard.role, at, n, what.code or "", what.reason)
    drafts = [Draft("decided", body)]
    scope = {"wall": question.wall, "scope_hash": question.scope_hash, "by": Private(by)}
    if what.answer == "no":
        drafts.append(Draft("objected", {**scope, "reason": Private(what.reason)}))
    elif is_open(question, [*decisions, decided]):
        by_when = (at + timedelta(seconds=review_s)).isoformat(timespec="seconds").replace("+00:00", "Z")
        alone: dict[str, Any] = {"review_by": by_when} if heard.role in {GLASS, HOT} else {}
        alone |= {"glass": True} if heard.role == GLASS else {"hot": question.hot} if heard.role == HOT else {}
        drafts.append(Draft("approved", {**scope, "how": how, "shown": shown, **alone}))
    return drafts, decided


def turned_away(what: Say, heard: Heard, question: Question | None, wall: str | None, os: str) -> Draft:
    """The event of a say that does not count. It holds no token and no code."""
    by = what.sayer.by if what.sayer is not None else os
    named = question.wall if question is not None else wall or ""
    body = {"wall": named, "answer": what.answer, "by": Private(by), "code": heard.code, "why": Private(heard.why)}
    return Draft("turned_away", body)


async def review(
    journal: Journal, run_id: str, wall: str | None, sayer: Sayer | None, reason: str, *, os: str
) -> Heard:
    """Take in that somebody looked at a wall that one person opened alone. Raises as `say` does."""
    for _ in range(TRIES):
        run = run_of(journal, run_id)
        broken = [one for one in run.approved.values() if _wants_review(one) and wall in {None, one.body["wall"]}]
        unseen = [one for one in broken if not _is_reviewed(run, one)]
        newest = max(unseen or broken, key=lambda event: event.n, default=None)
        if newest is None:
            heard = Heard(
                "no_question", f"No wall of run {run_id} was opened by one person alone: there is nothing to review."
            )
        else:
            question = asked_of(journal, run, newest.body["wall"])
            targets = question.targets if question is not None else targets_of(run)
            heard = judge_review(str(newest.body["by"]), not unseen, sayer, targets, os)
        named = str(newest.body["wall"]) if newest is not None else wall or ""
        by = sayer.by if sayer is not None else os
        if heard.counts and sayer is not None:
            body = {"wall": named, "by": Private(by), "how": sayer.how, "reason": Private(reason)}
            draft = Draft("reviewed", body)
        else:
            why = Private(heard.why)
            draft = Draft(
                "turned_away", {"wall": named, "answer": "review", "by": Private(by), "code": heard.code, "why": why}
            )
        try:
            await journal.say(run_id, [draft], after=run.n, unless=["approved", "reviewed"] if heard.counts else ())
        except Overtaken:
            continue
        return heard
    raise JournalFailed(f"Others say things of run {run_id} too fast: try again.")


def _wants_review(approved: Event) -> bool:
    """Opened by breaking the glass, or by the hot rule: somebody else looks at it afterwards."""
    return bool(approved.body.get("review_by"))


def _is_reviewed(run: Run, approved: Event) -> bool:
    found = run.reviewed.get(approved.body["wall"])
    return found is not None and found.n > approved.n
