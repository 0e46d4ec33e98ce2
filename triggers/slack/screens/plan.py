"""The plan, before anything happens: what is held at once, what is cut after approval, what breaks, who is not told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journal.replay import Run
from reports.matrix import noun
from reports.plan.shown import about
from reports.text import many, short, whole
from triggers.slack.screens.parts import Message, button, buttons, header, heading, lines, message, small, titled
from triggers.slack.screens.text import LINE, NAME, listed, shown

HOLD, CHANGE, CHECK = "plan_hold", "plan_change", "plan_check"
"""What its buttons are called in a payload."""


def plan(run: Run, *, drill: bool, asked_by: str = "", buttons_for: str = "", note: str = "") -> Message:
    """Show a plan that was looked at and not begun.

    `run`: the dry run. `drill`: it would be carried out on the practice company. `asked_by`: who asked. `buttons_for`:
    what its buttons carry, ids alone; without it there are none. `note`: what became of it.
    """
    planned = run.planned
    mode = "DRILL" if drill else "LIVE"
    first: Mapping[str, Any] = planned.get("first") or {}
    title = first.get("title") or run.opened.get("integration") or "no integration"
    in_all = _in_all(planned)
    parts = [
        header(f"{mode} PLAN · {shown(title, NAME)}"),
        heading("Practice company: nothing real is touched") if drill else None,
        lines(_whom(first, planned)),
        heading(in_all),
        *titled("HOLD now: can be undone", _rows(planned, "hold") + _still_in(planned)),
        *titled("BY HAND: no API can do it", _rows(planned, "manual")),
        *titled("CUT after approval: one-way", _rows(planned, "cut")),
        *titled("What it costs", _costs(run)),
        *titled("Take care", _warnings(planned)),
        buttons(
            button("Hold now", HOLD, buttons_for, style="danger", sure=(
                f"Hold {shown(title, 40)}?", f"{in_all} {'A drill: nothing real.' if drill else 'This is the real thing.'}", "Hold now",
            )),
            button("Change", CHANGE, buttons_for),
            button("Only check", CHECK, buttons_for),
        ) if buttons_for else None,
        lines([note]) if note else None,
        small("" if note else "Nothing was sent so far.", _hashes(planned), f"Asked by {shown(asked_by, NAME)}" if asked_by else ""),
    ]  # fmt: skip
    return message(f"{mode} PLAN. {shown(title, NAME)}: {in_all} {note or 'Nothing was sent so far.'}", parts, run.id)


def _in_all(planned: Mapping[str, Any]) -> str:
    count = {kind: sum(whole(row.get("missing")) for row in _of(planned, kind)) for kind in ("hold", "cut")}
    by_hand = len(_of(planned, "manual"))
    hands = f", {by_hand} by a person's hand" if by_hand else ""
    return f"{count['hold']} held at once{hands}, {count['cut']} cut after approval."


def _of(planned: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [row for row in planned.get("steps") or () if row.get("kind") == kind]


def _whom(first: Mapping[str, Any], planned: Mapping[str, Any]) -> list[str]:
    """Which client at which tenant, last used when and from where: here the wrong one is noticed."""
    if not first:
        return [shown(planned.get("first_line", "The plan names nobody."), 900)]
    found = [shown(way) for way in first.get("ways", ())] + [shown(first.get("use", ""))]
    found += [shown(first["others"])] if first.get("others") else []
    people = whole(first.get("people"))
    found += [f"{people} people" if people != 1 else "1 person"] if people else []
    if alike := first.get("alike"):
        found.append(f"ALSO EXISTS: {listed(alike)} (not touched)")
    return found


def _rows(planned: Mapping[str, Any], kind: str) -> list[str]:
    return [line for row in _of(planned, kind) for line in _row(row)]


def _row(row: Mapping[str, Any]) -> list[str]:
    name = shown(row.get("id"), NAME)
    if row.get("kind") == "manual":
        return [f"{name}: {shown(row.get('uses'), LINE)}"]
    what = shown(row.get("wanted") or row.get("uses"), 160)
    found = [f"{name}: {what}. {_count(row)}"]
    if row.get("kind") == "cut" and row.get("irreversible"):
        found.append(f"   to get back: {shown(row['irreversible'], 200)}")
    if row.get("residual"):
        span = whole(row.get("residual_s"))
        found.append(f"   lives on{f' for at most {about(span)}' if span else ''}: {shown(row['residual'], 200)}")
    return found


def _count(row: Mapping[str, Any]) -> str:
    if row.get("later"):
        return f"Later: {shown(row['later'], 200)}."
    if row.get("why"):
        return f"NOT KNOWN: {shown(row['why'], 200)}."
    targets = [str(target) for target in row.get("targets", ())]
    missing, held = whole(row.get("missing")), whole(row.get("held"))
    named = f": {listed(targets, 1)}" if missing == 1 and targets else ""
    bound = f", at most {whole(row.get('at_most'))}" if whole(row.get("at_most")) > 1 else ""
    return f"{missing} to do{named}{bound}{f', {held} held already' if held else ''}."


def _still_in(planned: Mapping[str, Any]) -> list[str]:
    """By what he is still in once everything is held: a hold stops what is new."""
    cuts = [row for row in _of(planned, "cut") if whole(row.get("missing"))]
    alive = [many(whole(row["missing"]), f"live {noun([row])}") for row in cuts]
    return [f"Until the cut he is still in by {listed(alive)}."] if alive else []


def _costs(run: Run) -> list[str]:
    opened, planned = run.opened, run.planned
    found = [
        f"{name}: {shown(said)}"
        for name, said in (
            ("Breaks", opened.get("breaks")), ("Wakes", planned.get("wakes")), ("Does not", opened.get("does_not")),
        ) if said
    ]  # fmt: skip
    rails = planned.get("guardrails") or {}
    if rails.get("asks"):
        why = "; ".join(shown(one, 120) for one in rails["asks"][:3])
        found.append(
            f"GUARDRAIL: {why}: asks {many(whole(rails.get('approvals')), shown(rails.get('needs'), 20))} first"
        )
    if time := whole((planned.get("time") or {}).get("ms")):
        found.append(f"Takes {about(time / 1000)} by rate limits")
    return found


def _warnings(planned: Mapping[str, Any]) -> list[str]:
    found = [
        f"NOT IN THIS PLAYBOOK: {shown(name, NAME)}: no run of it can be contained"
        for name in planned.get("not_covered", ())
    ]
    found += [
        f"NOT TOLD by {shown(one['step'], NAME)}: {shown(one['why'], 200)}" for one in planned.get("not_told", ())
    ]
    for one in planned.get("not_asked", ()):
        roles = " or ".join(shown(role, 20) for role in one.get("roles", ()))
        asked = f"NOT ASKED as {roles}, and not told" if roles else "NOT TOLD"
        found.append(f"{asked}: whoever has {shown(one['account'], 120)}, which is among the targets")
    return found


def _hashes(planned: Mapping[str, Any]) -> str:
    return f"Plan {short(planned.get('plan_hash', ''), 8)} · scope {short(planned.get('scope_hash', ''), 8)}"
