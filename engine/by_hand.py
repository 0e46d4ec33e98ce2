"""What no API can do: a person is told exactly what, and says that it is done; where a look can check it, that counts."""

from __future__ import annotations

import asyncio

from engine.bound import Bound
from engine.expecting import expected
from engine.paces import BY_HAND_WITHIN_S, PACE_S
from engine.state import Live
from engine.view import View
from journal.clock import now
from journal.event import Draft
from language import Doubt

TARGET = "by-hand"
ASKED = "asked"
"""The state of a step that waits for a person."""


async def by_hand(live: Live, bound: Bound, view: View) -> None:
    """Say what is to be done, and wait until a named person says that it is, or its `expect` shows it.

    A step without `expect` rests on that word: `attested`. One with an `expect` is closed only when that is true,
    whoever said so before.
    """
    text = await ask(live, bound)
    view.sent_once.set()
    view.state, view.why = "open", f"by hand: {text}"
    within_s = bound.step.within_s or BY_HAND_WITHIN_S
    while not live.over.is_set():
        began_s = asyncio.get_running_loop().time()
        wait_s, why = await expected(live, bound, view)
        said = live.run.attested.get(said_key(bound))
        if wait_s is None and (said is not None or bound.step.expect is not None):
            await _closed(live, bound, view, "seen" if bound.step.expect is not None else "attested")
        else:
            view.value.open, view.state = True, "open"
            view.why = f"a person says that it is done; {why}" if why and said is not None else f"by hand: {text}"
            asked = live.run.steps[bound.id]
            if view.broke or live.elapsed_s(asked["n"], asked["at"]) > within_s:
                view.gave_up = True
                view.settled.set()
        view.looked_s = began_s  # and whatever followed from it is done
        live.moved.set()
        view.poke.clear()
        await live.until(view.poke, PACE_S if bound.step.expect is None else max(wait_s or PACE_S, PACE_S))


async def ask(live: Live, bound: Bound, *, back: bool = False) -> str:
    """Put the instruction into the record, once, and say it. `back`: how it is undone."""
    found = bound.book.text(bound.step.id, live.values(bound), "undo_by" if back else "manual")
    text = f"{bound.step.manual} (in doubt: {found.why})" if isinstance(found, Doubt) else found
    known = live.run.steps.get(bound.id, {})
    if (known.get("state"), known.get("back", False), known.get("why")) != (ASKED, back, text):
        await live.note(Draft("step", {"step": bound.id, "state": ASKED, "why": text, "back": back}))
        live.desk.say(f"BY HAND, {bound.id}: {text}")
        live.desk.say(f"  then: ringfence attest {live.run.id} {bound.id} --reason '...'")
    return text


def said_key(bound: Bound, *, back: bool = False) -> str:
    """Under which name a person's word about a step lies in the fold: that it is done, or undone."""
    return f"{bound.id}!back" if back else bound.id


async def _closed(live: Live, bound: Bound, view: View, grade: str) -> None:
    effect = live.run.effects.get(f"{bound.id}/{TARGET}")
    if effect is None or (effect.word, effect.grade) != ("effective", grade):
        await live.note(settled(bound, "effective", grade))
    if view.state != "closed":
        view.state, view.why, view.value.open, view.value.effective = "closed", "", False, 1
        view.value.ended = view.value.ended or now()
    view.settled.set()


def settled(bound: Bound, word: str, grade: str, *, back: bool = False) -> Draft:
    """The event that says how a person's step came out."""
    return Draft("settled", {
        "effect": f"{bound.id}/{TARGET}", "step": bound.id, "action": "manual", "target": TARGET, "params": {},
        "word": word, "grade": grade, "why": "", "after": None, "back": back,
    })  # fmt: skip


def awaited(live: Live) -> list[Bound]:
    """The steps that wait for a person now, in the playbook's order."""
    return [
        bound for name, bound in live.bound.items()
        if bound.kind == "manual" and live.views[name].passed and not live.views[name].settled.is_set()
    ]  # fmt: skip
