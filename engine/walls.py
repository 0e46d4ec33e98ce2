"""The wall: when it is asked, what is asked, what opens it, and why a run rests before it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from engine.approvals import decisions_of, question_of, standing
from engine.approvals.question import HOT_S
from engine.bound import Bound
from engine.needs import hot, needs_of_holds, needs_of_wall
from engine.state import Around, Live
from journal.clock import now
from journal.errors import JournalError
from journal.event import Draft, Event, Private

PROOF_WAIT_S = 3.0
"""For so long at most the wall waits for holds that were sent to be proven: a cut before its block is in force is
undone by the next refresh. It is no barrier: an admin attacker who undoes holds dies only in the cut."""
HASH_LETTERS = 8


async def stand_at_the_wall(live: Live, around: Around) -> None:
    """Ask once each hold has been sent, not once it is proven: an admin attacker dies only in the cut."""
    if (gate := needs_of_holds(live)) is None:
        live.hold_open.set()
    elif not await _opened(live, around, HOLD, gate):
        return
    live.hold_open.set()
    if live.hold_only:
        return
    wall = next((step for step in live.checked.playbook.contain if step.kind == "approve"), None)
    if wall is None:
        live.wall_open.set()
        return
    await _opened(live, around, wall, needs_of_wall(live, wall))


class _Hold:
    """The wall before what can be undone: of a critical integration, or beyond a guardrail."""

    id, approve, within_s = "hold", "approver", None


HOLD = _Hold()


async def _opened(live: Live, around: Around, wall: Any, needs: Any) -> bool:
    gate = live.hold_open if wall is HOLD else live.wall_open
    if covered(live, wall.id):
        gate.set()
        return True
    await around(wall.id, partial(_ask, live, wall, needs, gate))
    return gate.is_set()


def covered(live: Live, wall: str) -> bool:
    """Whether what is planned now was approved: the same scope, or no more than that."""
    approved = live.run.approved.get(wall)
    if approved is None:
        return False
    if approved.body["scope_hash"] == live.run.planned["scope_hash"]:
        return True
    then = live.run.scopes.get(wall, {})
    before = {(*entry[:4],): entry[4] for entry in then.get("scope", ())}
    within = all((*entry[:4],) in before and entry[4] <= before[(*entry[:4],)] for entry in live.run.planned["scope"])
    bounds = [_bounds(planned) for planned in (then, live.run.planned)]
    return bool(before) and within and bounds[0] == bounds[1]


def _bounds(planned: Mapping[str, Any]) -> list[Any]:
    """The guardrails of a plan, and which of them it passes: what was approved within others is asked anew."""
    found = planned.get("guardrails") or {}
    return [found.get(name) for name in ("max_people", "max_services", "asks", "asks_before_holds")]


async def _ask(live: Live, wall: Any, needs: Any, gate: asyncio.Event) -> None:
    if wall is not HOLD:
        for bound in live.bound.values():
            if not bound.below and bound.kind == "hold" and not await live.until(live.views[bound.id].sent_once):
                return
        # Without a hold there is nothing to wait for.
        holds = any(bound.kind == "hold" and not bound.below for bound in live.bound.values())
        loop = asyncio.get_running_loop()
        end = loop.time() + (PROOF_WAIT_S if holds else 0.0)
        while not holds_closed(live) and (left_s := end - loop.time()) > 0 and not live.over.is_set():  # noqa: ASYNC110
            await asyncio.sleep(min(left_s, 0.02))
    try:
        await _question(live, wall, needs, gate)
    except JournalError as error:
        live.break_off(error)


async def _question(live: Live, wall: Any, needs: Mapping[str, Any], gate: asyncio.Event) -> None:
    scope = live.run.planned["scope_hash"]
    evidence = hot(live) if wall is not HOLD else ""
    body = {"wall": wall.id, "scope_hash": scope, **needs, **({"hot": evidence} if evidence else {})}
    shown = shown_text(live, one_way=wall is not HOLD)
    if await put(live, body, shown, wall.within_s, lambda: covered(live, wall.id)):
        gate.set()
    live.moved.set()


async def put(
    live: Live, body: Mapping[str, Any], shown: str, within_s: float | None, is_open: Callable[[], bool]
) -> bool:
    """Ask for an approval, here and of whoever answers elsewhere. False: the run is to rest until somebody does.

    `body`: of the `asked` event, its wall and scope_hash among the rest. `is_open`: whether the record has the approval.
    """
    digest = hashlib.sha256(shown.encode()).hexdigest()
    wall, scope, evidence = body["wall"], body["scope_hash"], str(body.get("hot", ""))
    if _is_news(live.run.asked.get(wall), body):
        await live.note(Draft("asked", {**body, "shown": digest}))
    answer, by, how = await _answer(live, wall, str(body["role"]), shown, within_s, is_open)
    if live.over.is_set():
        return False
    if is_open():
        return True
    said = {"wall": wall, "scope_hash": scope, "by": Private(by), "how": how, "shown": digest}
    if answer == "yes" and (refused := _not_theirs(live, scope, evidence)) is not None:
        code, why = refused
        live.desk.say(why)
        away = {"wall": wall, "answer": "yes", "by": Private(by), "code": code, "why": Private(why)}
        await live.note(Draft("turned_away", away))
    elif answer == "yes":
        await live.note(Draft("approved", said))
        return True
    elif answer == "no":
        await live.note(Draft("declined", said))
        live.desk.say("Not approved: everything stays as it is; nothing one-way was done.")
    live.parked = "waiting"
    return False


def _is_news(known: Event | None, body: Mapping[str, Any]) -> bool:
    """Whether a question is another than the one that stands, or shows the attacker at it where that one did not."""
    if known is None or any(
        known.body.get(name) != body.get(name) for name in ("scope_hash", "role", "people", "class")
    ):
        return True
    age_s = (now() - datetime.fromisoformat(known.at)).total_seconds()
    return bool(body.get("hot")) and (not known.body.get("hot") or age_s > HOT_S)


async def _answer(
    live: Live, wall: str, role: str, shown: str, within_s: float | None, is_open: Callable[[], bool]
) -> tuple[str, str, str]:
    """Whichever comes first: what is said here, an answer from another process, or the end of the time."""
    asked = asyncio.ensure_future(_elsewhere(live, shown) if _theirs_alone(live) else live.desk.ask(wall, role, shown))
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s if within_s else None
    try:
        while not asked.done() and not live.over.is_set() and not is_open():
            left_s = 0.25 if end is None else min(0.25, end - loop.time())
            if left_s <= 0:
                break
            await asyncio.wait({asked}, timeout=left_s)
        return asked.result() if asked.done() else ("nobody", "", "")
    finally:
        if not asked.done():
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asked


async def _elsewhere(live: Live, shown: str) -> tuple[str, str, str]:
    """Ask nobody here, where whoever asked for the run sits: others answer by their own commands."""
    live.desk.say(shown)
    live.desk.say(
        f"Waits for an approval{_whom(live, question_of(live.run), by_name=True)}: `ringfence approve {live.run.id} --as NAME`."
    )
    await live.over.wait()
    return "nobody", "", ""


def _theirs_alone(live: Live) -> bool:
    """Whether somebody sits here whose own request it is, known by name, and there are others who could approve it."""
    people = live.config is not None and bool(live.config.people)
    known = live.run.opened["mode"] == "live" or live.run.opened.get("by_how") in {"token", "key"}
    return live.attended and people and known and not live.run.opened.get("yes")


def _others(live: Live) -> bool:
    """Whether there are people who could approve: then whoever started a live run does not do so alone."""
    return live.run.opened["mode"] == "live" and live.config is not None and bool(live.config.people)


def _not_theirs(live: Live, scope: str, evidence: str) -> tuple[str, str] | None:
    """Why a yes that was given here, by whoever carries the run out, does not open the wall; None: it does."""
    if live.yes_scope and not scope.startswith(live.yes_scope):
        return "stale", (
            f"The scope is {scope[:HASH_LETTERS]} now, not the {live.yes_scope[:HASH_LETTERS]} that was approved beforehand:"
            " nothing was approved. Look at the plan again."
        )  # fmt: skip
    if not _others(live):
        return None
    hot_rule = (
        ", or, as he is reading now, they do with --hot and another looks at it within the hour" if evidence else ""
    )
    return "requester", (
        f"{live.run.opened['by']} asked for this run, and approves no request of their own: another person does"
        f" (`ringfence approve {live.run.id}`){hot_rule}."
    )


def shown_text(live: Live, *, one_way: bool = True) -> str:
    """What an approver is shown: the scope, in words, with its hash."""
    planned = live.run.planned
    kinds, title = ({"cut"}, "what cannot be undone") if one_way else ({"hold"}, "what can be undone")
    lines = [planned["first_line"], f"Scope {planned['scope_hash'][:HASH_LETTERS]}: {title}"]
    for row in planned["steps"]:
        if row["kind"] in kinds:
            many = f"{row['missing']} now, at most {row['at_most']}" if row["at_most"] != 1 else "1"
            filed = live.allowed.steps.get(row["id"]) if live.allowed is not None else None
            many = f"the {len(filed)} of the plan file and no other" if filed is not None else many
            back = f"; to get back: {row['irreversible']}" if one_way else ""
            lines.append(f"  {row['id']}: {row['uses']}, {many}{back}")
    return "\n".join(lines)


def holds_closed(live: Live) -> bool:
    """Every hold is proven, or was not needed."""
    holds = [bound for bound in live.bound.values() if bound.kind == "hold" and not bound.below]
    return bool(holds) and all(live.views[bound.id].state in {"closed", "skipped"} for bound in holds)


def parked_word(live: Live) -> str:
    """Under which word a run rests before its wall: waiting, objected, or expired where the whole ladder had its time."""
    question = question_of(live.run) if live.config is not None else None
    if question is None or question.opened or live.config is None:
        return "waiting"
    stands = standing(question, decisions_of(live.run, question), live.config.people, now())
    if stands.state == "objected":
        return "objected"
    over = question.reached_at(len(question.ladder), question.asked_at) <= now()
    return "expired" if over and stands.until is None else "waiting"


def why_parked(live: Live, hands: Sequence[Bound]) -> str:
    """For whom a run waits, and for what."""
    parts = []
    question = question_of(live.run)
    if question is not None and not question.opened and not live.hold_only:
        what = "what can be undone" if question.wall == HOLD.id else "the cut"
        parts.append(f"{what} waits for an approval{_whom(live, question)}")
    parts += [f"{bound.id} waits for a person: {live.views[bound.id].why.removeprefix('by hand: ')}" for bound in hands]
    if live.hold_only:
        parts.append("only what can be undone was ordered")
    return "; ".join(parts)


def _whom(live: Live, question: Any, *, by_name: bool = False) -> str:
    """Who is asked, and until when before others are too. By name for the terminal alone: the record seals names."""
    if live.config is None or not live.config.people:
        return ""
    stands = standing(question, decisions_of(live.run, question), live.config.people, now())
    names = ", ".join(stands.asked) if by_name else ""
    whom = names or (f"the {stands.rung}" if stands.rung else "nobody who could")
    more = f", {stands.missing} of {stands.people} missing" if stands.people > 1 else ""
    until = f"; the next are asked too from {stands.until:%H:%M} UTC on" if stands.until else ""
    return f" of {whom}{more}{until}"
