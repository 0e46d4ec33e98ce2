"""What each screen shows, as plain values for its template: made of the journal's fold by `reports`, and judging nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from engine.approvals import Answer, Question, Say, Standing, decisions_of, judge
from inventory.proof import Sayer
from journal.event import Event
from journal.replay import Run
from reports.asked import scope
from reports.facts import residual_until, since_word
from reports.lists import meaning_of, mode_line, residual
from reports.matrix import matrix
from reports.plan import lines as plan_lines
from reports.text import clock, day, safe
from reports.words import spoken, tone
from triggers.house.asking import waits_for
from triggers.page.sheet import People, mode_word

UNPROVEN = "page:"
"""Before a person's id: whoever holds their session here, and has proven nothing."""


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may answer now.

    Attributes:
        yes, no: "" where they may; else why not.
    """

    yes: str
    no: str


def may(run: Run, question: Question | None, sayer: Sayer, people: People, now: datetime) -> May:
    """What an answer would come to, by the very rules that will judge it."""
    said = decisions_of(run, question) if question is not None else []

    def why(answer: Answer) -> str:
        hash_ = question.scope_hash if question is not None else ""
        return judge(question, said, Say(sayer, answer, hash_), people, now).why

    return May(why("yes"), why("no"))


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of what somebody said last."""

    tone: Literal["good", "wait", "bad"]
    title: str
    lines: tuple[str, ...]


def last_said(
    run: Run, question: Question | None, stands: Standing | None, person: str, people: People
) -> Notice | None:
    """What this person said last of the run, and what became of it; None where they said nothing."""
    mine = {f"person:{person}", f"{UNPROVEN}{person}"}
    events = [event for said in run.decisions.values() for event in said] + run.turned_away
    newest = max((event for event in events if event.body.get("by") in mine), key=lambda event: event.n, default=None)
    if newest is None:
        return None
    at = f"{clock(newest.at)[:8]} UTC"
    if newest.type == "turned_away":
        why = safe(newest.body.get("why", ""), 400)
        return Notice(
            "bad", f"Turned away at {at}", (why, "Nothing was changed by it. That you tried is in the record.")
        )
    return _counted(run, newest, question, stands, people, at)


def _counted(
    run: Run, event: Event, question: Question | None, stands: Standing | None, people: People, at: str
) -> Notice:
    body = event.body
    what = f"scope {scope(body.get('scope_hash'))}"
    proof = f"Proven by {PROOFS.get(str(body.get('how')), safe(body.get('how'), 20))}, event {event.n} of the record."
    approved = run.approved.get(str(body.get("wall")))
    opened = approved is not None and approved.body.get("scope_hash") == body.get("scope_hash")
    same = question is not None and question.scope_hash == body.get("scope_hash")
    if body.get("answer") == "no":
        rest = "The wall was opened by others since." if opened else "What is held stays held."
        waits = (f"It waits for {waits_for(stands, people)}.",) if same and stands is not None and not opened else ()
        return Notice("wait", f"Recorded at {at}: you object to {what}", (rest, *waits, proof))
    if opened:
        since = "Whoever carries the run out goes on within a second: see below."
        return Notice("good", f"Recorded at {at}: the wall is open", (f"You approved {what}. {since}", proof))
    if not same or stands is None:
        return Notice("wait", f"Recorded at {at}: you approved {what}", ("Something else is asked by now.", proof))
    return Notice(
        "wait", f"Recorded at {at}: the wall is not open yet", (f"You approved {what}. It waits for {waits_for(stands, people)}.", proof)
    )  # fmt: skip


PROOFS: Mapping[str, str] = {
    "passkey": "your passkey, which signed just this answer", "totp": "a code of your app", "token": "your token",
    "key": "your key", "slack": "Slack",
}  # fmt: skip


def banner(run: Run) -> dict[str, str]:
    """What stands on top of every screen of a run: DRILL is unmistakable."""
    mode = mode_word(run)
    return {
        "mode": mode, "kind": "drill" if mode == "DRILL" else "live" if mode == "LIVE" else "dry",
        "line": mode_line(run) or "LIVE: what is cut here is cut in production.",
    }  # fmt: skip


def asked_now(run: Run) -> str:
    """The wall and the scope that are asked about now, for a screen to see that it is out of date; `nothing` where none is."""
    asked = max(run.asked.values(), key=lambda event: event.n, default=None)
    if asked is None:
        return "nothing"
    wall, scope_hash = str(asked.body["wall"]), str(asked.body["scope_hash"])
    approved = run.approved.get(wall)
    return "nothing" if approved is not None and approved.body["scope_hash"] == scope_hash else f"{wall} {scope_hash}"


def live(run: Run) -> dict[str, Any]:
    """The part that moves: the word and its sentence, the matrix, what lives on."""
    shown = matrix(run)
    until = residual_until(run)
    return {
        "word": safe(spoken(run.word), 60).upper(), "tone": tone(run.word), "meaning": meaning_of(run),
        "why": safe(run.words[-1].body.get("why", ""), 400) if run.words and not since_word(run) else "",
        "rows": [
            {
                "name": row.name, "state": spoken(row.state), "tone": tone(row.state) if row.state else "wait", "why": row.why,
                "cells": [
                    {"layer": layer, "tone": tone(cell.state), "lines": cell.lines}
                    for layer, cell in row.cells.items() if cell.state
                ],
            }
            for row in shown.rows
        ],
        "total": shown.total, "at": clock(run.at)[:8], "events": run.n,
        "residual": [*([f"Until {day(until)}"] if until else []), *residual(run)],
    }  # fmt: skip


def plan(run: Run) -> list[str]:
    """The whole plan, as the terminal prints it."""
    return [safe(line, 2000) for line in plan_lines(run)]


def row(run: Run, question: Question | None, why: str) -> dict[str, Any]:
    """A run in the list. `why`: why it cannot be answered by whoever looks; "": it can."""
    return {
        **banner(run), "id": safe(run.id, 60), "what": safe(run.opened.get("integration_title") or run.opened.get("playbook", ""), 120),
        "word": safe(spoken(run.word), 60).upper(), "tone": tone(run.word),
        "scope": scope(question.scope_hash) if question is not None else "", "why": why,
    }  # fmt: skip
