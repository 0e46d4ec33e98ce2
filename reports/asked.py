"""What somebody who is asked must know, in the order in which they need it: on a phone, in a message, on a terminal.

for part in parts(run, "approve"):
part.title, part.lines
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from journal.replay import CLOSED_WORDS, Run
from reports import facts
from reports.lists import still_in
from reports.matrix import cell
from reports.text import many, safe, short, whole
from reports.words import spoken

Kind = Literal["about", "in", "cut", "held", "hand", "back", "breaks", "left-out", "asked"]
SHOWN = 30
"""Lines of one part; how many more there are stands below them."""
SCOPE_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines under a title, which may say all by itself. `loud`: not to be read over."""

    kind: Kind
    title: str
    lines: tuple[str, ...]
    loud: bool = False


def parts(run: Run, wall: str | None = None) -> list[Part]:
    """What is asked at a wall (without one, the newest), in parts; none where there is no plan."""
    if not run.planned:
        return []
    holds = _wanted_holds(run) if wall == "hold" else _held(run)
    middle = [_back(run)] if run.recovers else [_cut(run), holds]
    alive = [Part("in", one, (), loud=True) for one in still_in(run)]
    found = [part for part in [*middle, _by_hand(run), _breaks(run), _left_out(run)] if part.lines]
    return [_about(run), *alive, *found]


def scope(scope_hash: object) -> str:
    """A scope as people compare it: `7c1e 90ab`."""
    return short(scope_hash, SCOPE_LETTERS)


def _capped(lines: list[str]) -> tuple[str, ...]:
    return (*lines[:SHOWN], f"and {len(lines) - SHOWN} more") if len(lines) > SHOWN else tuple(lines)


def _about(run: Run) -> Part:
    first: Mapping[str, Any] = run.planned.get("first") or {}
    if not first:
        return Part("about", "Whom it is about", (safe(run.planned.get("first_line", ""), 2000),))
    lines = [*(safe(way) for way in first["ways"]), safe(first["use"])]
    lines += [safe(first["others"])] if first["others"] else []
    lines += (
        [f"Also exists: {', '.join(safe(one, 60) for one in first['alike'])} (not touched)"] if first["alike"] else []
    )
    strange = first["unused"] or first["used_from"] in first["strange_addresses"]
    return Part("about", safe(first["title"]), _capped(lines), loud=bool(strange or first["alike"]))


def _rows(run: Run, kind: str) -> list[Mapping[str, Any]]:
    return [row for row in facts.rows(run) if row.get("kind") == kind]


def _cut(run: Run) -> Part:
    lines = []
    for row in _rows(run, "cut"):
        since = run.seen_counts.get(str(row.get("id")), 0) - whole(row.get("count"))
        grown = f", +{since} since the plan" if since > 0 else ""
        back = safe(row.get("irreversible") or "the playbook does not say")
        lines.append(f"{_line(row)}{grown}; to get back: {back}")
        if row.get("residual"):
            lines.append(f"{safe(row['id'], 40)}: what lives on: {safe(row['residual'])}")
    return Part("cut", "Cut after a yes, and cannot be undone", _capped(lines), loud=True)


def _line(row: Mapping[str, Any]) -> str:
    """`tokens: practice_idp.revoke_token, 50 now, at most 500`."""
    name, uses = safe(row.get("id"), 40), safe(row.get("uses"), 80)
    if row.get("later"):
        return f"{name}: {uses}, later: {safe(row['later'])}"
    if row.get("why"):
        return f"{name}: {uses}, {safe(row['why'])}"
    count = f"{whole(row.get('missing'))} now"
    return (
        f"{name}: {uses}, {count}, at most {row['at_most']}"
        if whole(row.get("at_most")) > 1
        else f"{name}: {uses}, {count}"
    )


def _held(run: Run) -> Part:
    """Each hold with how it stands, by the very words of the matrix."""
    lines = [
        f"{safe(row.get('id'), 40)}: {_wanted(row)}: {'; '.join(cell(run, [row]).lines)}" for row in _rows(run, "hold")
    ]
    return Part("held", "Held now, and can be undone", _capped(lines))


def _wanted_holds(run: Run) -> Part:
    lines = [f"{_line(row)}: {_wanted(row)}" for row in _rows(run, "hold")]
    return Part("held", "Held after a yes, and can be undone", _capped(lines))


def _wanted(row: Mapping[str, Any]) -> str:
    return safe(row.get("wanted") or row.get("uses"), 200)


def _back(run: Run) -> Part:
    lines = []
    for row in _rows(run, "hold"):
        mine = [effect for effect in run.of_step(str(row.get("id"))) if not effect.held]
        left = [effect for effect in mine if facts.word_of(effect) in CLOSED_WORDS]
        if mine:
            names = ", ".join(safe(effect.target, 80) for effect in left[:3])
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""
            gone = len(mine) - len(left)
            said = f": {names}{more}" if left else ""
            also = f"; {gone} given back or {spoken('in-doubt')} already" if gone else ""
            lines.append(
                f"{safe(row.get('id'), 40)}: undoes {safe(row.get('uses'), 80)} on {many(len(left), 'target')}{said}{also}"
            )
    return Part("back", "Given back after a yes", _capped(lines), loud=True)


def _by_hand(run: Run) -> Part:
    lines = [f"{safe(step, 40)}: {safe(what, 300)}" for step, what in facts.by_hand(run).items()]
    return Part("hand", "Waits for a person to do it by hand", _capped(lines))


def _breaks(run: Run) -> Part:
    opened, rails = run.opened, run.planned.get("guardrails") or {}
    lines = [safe(opened["breaks"], 1000)] if opened.get("breaks") else []
    if rails:
        cut = [f"{whole(rails['people'])} people" if whole(rails["people"]) != 1 else "1 person"]
        cut.append(many(whole(rails["services"]), "service"))
        lines.append(f"Cuts off {' and '.join(cut)}")
        lines += [f"Beyond a guardrail: {safe(why)}" for why in rails.get("asks") or ()]
    return Part("breaks", "Whom it breaks", _capped(lines), loud=bool(rails.get("asks")))


def _left_out(run: Run) -> Part:
    planned = run.planned
    lines = [f"Not told by step {safe(one['step'], 60)}: {safe(one['why'])}" for one in planned.get("not_told") or ()]
    for one in planned.get("not_asked") or ():
        asked = "Not asked and not told" if one["roles"] else "Not told"
        lines.append(f"{asked}: whoever has {safe(one['account'], 120)}, which is among the targets")
    lines += [
        f"Not in this playbook: {safe(name, 60)}: no run of it can be contained"
        for name in planned.get("not_covered") or ()
    ]
    if run.opened.get("does_not"):
        lines.append(f"Does not: {safe(run.opened['does_not'], 1000)}")
    return Part("left-out", "What it leaves out", _capped(lines), loud=bool(planned.get("not_covered")))
