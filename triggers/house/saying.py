"""What people say to a run, whichever way they came: judged by the engine's rules, recorded, and told what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triggers.house.model import Became, Put, Refused, What

if TYPE_CHECKING:
    from inventory.proof import Sayer
    from inventory.read import Inventory
    from journal.event import Draft
    from journal.replay import Run
    from journal.store import Journal

NO_INCIDENT = "@start"
"""Stands for an incident where somebody was not let open one: under its key their name is sealed."""
LONGEST = 2000
"""Letters of a reason or a remark: the record is no place for what belongs into evidence."""


@dataclass(frozen=True)
class Word:
    """What somebody says. See `House.say`."""

    run: str
    what: What
    sayer: Sayer | None
    scope_hash: str = ""
    wall: str | None = None
    shown: str = ""
    reason: str = ""
    about: str = ""
    code: str = ""
    glass: bool = False
    hot: bool = False


async def take(word: Word, journal: Journal, inventory: Inventory) -> Became:
    """Take it in. Raises Refused for a run that there is not, UnknownRun, IncidentClosed, NoKey, JournalFailed."""
    reason = word.reason.strip()
    if len(reason) > LONGEST:
        raise Refused(f"A reason has at most {LONGEST} letters; this has {len(reason)}.", "bad-input")
    if word.what in {"note", "attest", "retry", "tick", "review", "object"} and not reason:
        raise Refused(f"`{word.what}` wants a reason: it stands in the record.", "bad-input")
    match word.what:
        case "approve" | "object":
            return await _decided(word, journal, inventory)
        case "review":
            return await _reviewed(word, journal)
        case "attest" | "retry" | "tick":
            return await _vouched(word, journal, people=bool(inventory.config.people))
        case _:
            return await _noted_or_stopped(word, journal)


def asked(run: Run, wall: str | None, journal: Journal, inventory: Inventory) -> Put | None:
    """The question of a wall as people are shown it. Blocks."""
    from engine.approvals import decisions_of, standing
    from engine.approvals.saying import asked_of
    from journal.clock import now
    from triggers.house import asking

    people, question = inventory.config.people, asked_of(journal, run, wall)
    if question is None:
        return None
    stands = standing(question, decisions_of(run, question), people, now())
    text = asking.shown(run, question, stands, people)
    return Put(question, stands, text, asking.digest(text), bool(question.opened))


def source_of(inventory: Inventory) -> str:
    """Where people's roles stand: the configuration, by the SHA-256 of its text, for whoever asks later."""
    import hashlib

    try:
        return f"{inventory.path.name} sha256:{hashlib.sha256(inventory.path.read_bytes()).hexdigest()}"
    except OSError:
        return inventory.path.name


async def _decided(word: Word, journal: Journal, inventory: Inventory) -> Became:
    from engine.approvals import Say
    from engine.approvals.saying import say
    from inventory.proof import known_code

    approvals = inventory.config.approvals
    code = (known_code(approvals.codes, word.code) or None) if word.code else ""
    answer: Any = "yes" if word.what == "approve" else "no"
    what = Say(word.sayer, answer, word.scope_hash, code, word.glass, word.hot, word.reason.strip())
    said = await say(
        journal, word.run, word.wall, what, inventory.config.people, shown=word.shown, os=_seat(word),
        source=await asyncio.to_thread(source_of, inventory), review_s=approvals.review_s,
    )  # fmt: skip
    n = said.events[-1].n if said.events else 0
    return Became(
        word.run, word.what, said.heard.counts, said.heard.code, said.heard.why, said.opened, n, said.question, said.stands
    )  # fmt: skip


async def _reviewed(word: Word, journal: Journal) -> Became:
    from engine.approvals.saying import review

    heard = await review(journal, word.run, word.wall, word.sayer, word.reason.strip(), os=_seat(word))
    return Became(word.run, word.what, heard.counts, heard.code, heard.why)


async def _vouched(word: Word, journal: Journal, *, people: bool) -> Became:
    """Attest, retry and tick: written, or written that it does not count."""
    from functools import partial

    from engine.approvals.saying import run_of, targets_beside
    from engine.words_of_people import NotTaken, attested, retried, ticked

    if word.sayer is None:
        return await turned_away(word, journal, "unknown", _nobodys())
    if not word.sayer.roles and word.sayer.proven:
        return await turned_away(word, journal, "no_role", f"{word.sayer.name} has no role here.")
    run = await asyncio.to_thread(run_of, journal, word.run)
    targets = await asyncio.to_thread(targets_beside, journal, run)
    try:
        kinds: dict[str, Callable[..., Draft]] = {
            "attest": attested,
            "retry": retried,
            "tick": partial(ticked, people=people),
        }
        draft = kinds[word.what](run, word.about, word.sayer, word.reason.strip(), targets)
    except NotTaken as refused:
        if refused.code:
            return await turned_away(word, journal, refused.code, str(refused), wall=word.about)
        return Became(word.run, word.what, counts=False, code="not_taken", why=str(refused))
    (event,) = await journal.say(word.run, [draft])
    return Became(word.run, word.what, counts=True, n=event.n)


async def _noted_or_stopped(word: Word, journal: Journal) -> Became:
    from journal.event import Draft, Private

    if word.sayer is None:
        return await turned_away(word, journal, "unknown", _nobodys())
    if word.what == "note":
        body = {"by": Private(word.sayer.by), "text": Private(word.reason.strip())}
        (event,) = await journal.say(word.run, [Draft("noted", body)])
        return Became(word.run, "note", counts=True, n=event.n)
    return await _stopped(word, word.sayer, journal)


async def _stopped(word: Word, sayer: Sayer, journal: Journal) -> Became:
    from engine.supervise import stop_gone
    from journal.event import Private

    rows = await asyncio.to_thread(journal.runs)
    row = next((row for row in rows if row.run == word.run), None)
    if row is None:
        raise Refused(f"There is no run {word.run} in this journal.", "unknown-run")
    if row.alive:
        await asyncio.to_thread(journal.ask, word.run, "stop", Private(sayer.by))
        return Became(word.run, "stop", counts=True, more={"stop": "asked to stop"})
    if row.latest == "ended" and row.lock is None:
        return Became(
            word.run, "stop", counts=False, code="ended", why=f"Run {word.run} has ended: nothing is in flight."
        )
    await stop_gone(journal, word.run, sayer.by)
    return Became(word.run, "stop", counts=True, more={"stop": "stopped; no process was at it"})


async def not_theirs(journal: Journal, by: str, what: str, why: str, run: str = "") -> None:
    """Record that somebody asked for what their role does not reach to: of a run in its record, else in the journal's own."""
    from journal.event import Draft, Private

    body = {"wall": "", "answer": what, "by": Private(by), "code": "no_role", "why": Private(why)}
    if run:
        await journal.say(run, [Draft("turned_away", body)])
    else:
        await journal.record(Draft("turned_away", {**body, "incident": NO_INCIDENT}))


async def turned_away(word: Word, journal: Journal, code: str, why: str, *, wall: str = "") -> Became:
    """Record that what somebody said does not count."""
    from journal.event import Draft, Private

    by = word.sayer.by if word.sayer is not None else _seat(word)
    answer = {"approve": "yes", "object": "no"}.get(word.what, word.what)
    body = {"wall": wall or word.wall or "", "answer": answer, "by": Private(by), "code": code, "why": Private(why)}
    (event,) = await journal.say(word.run, [Draft("turned_away", body)])
    return Became(word.run, word.what, counts=False, code=code, why=why, n=event.n)


def _seat(word: Word) -> str:
    """The machine's user who carried it here; none where it came over the network."""
    return word.sayer.os if word.sayer is not None else ""


def _nobodys() -> str:
    from inventory.proof import NOBODYS

    return NOBODYS
