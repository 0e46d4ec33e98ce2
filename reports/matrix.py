"""Footholds by layers: for each the state, how much of it is proven, and by how many live tokens he is still in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journal.replay import CLOSED_WORDS, Effect, Run
from reports import facts
from reports.text import many, safe, whole
from reports.words import GRADES, spoken, tone

if TYPE_CHECKING:
    from rich.console import RenderableType

LAYERS = ("identity", "application", "network", "data")
WORST_FIRST = ("contested", "failed", "in-doubt", "requested", "planned", "drifted", "undone")
STYLES = {"good": "green", "wait": "yellow", "bad": "bold red"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One layer of one foothold.

    Attributes:
        state: the worst word of its effects; "" where the playbook has nothing here.
        lines: what a person reads, the state with its counts first.
    """

    state: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One foothold, or what the playbook does beside the footholds. `found`: discovery found it, nobody declared it."""

    name: str
    state: str
    why: str
    cells: Mapping[str, Cell]
    found: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows in the order of their declaration; `total` is the line below them."""

    rows: tuple[Row, ...]
    total: str


def matrix(run: Run) -> Matrix:
    """Judge nothing: show what the journal says."""
    steps = [row for row in facts.rows(run) if row.get("kind") in {"hold", "cut"}]
    found = []
    for standing in facts.standings(run):
        mine = [row for row in steps if row.get("foothold") == standing.id]
        cells, undeclared = _cells(run, mine), standing.id in facts.discovered(run)
        found.append(Row(safe(standing.id, 60), standing.state, safe(standing.why), cells, undeclared))
    known = {standing.id for standing in facts.standings(run)}
    if beside := [row for row in steps if row.get("foothold") not in known]:
        found.append(Row("(no foothold)", "", "", _cells(run, beside)))
    return Matrix(tuple(found), total(run))


def total(run: Run) -> str:
    """The line below: footholds closed of all, effects proven of all, by which proof."""
    effects = facts.effects(run)
    proven = effects["effective"] + effects["held_already"]
    if not effects["planned"]:
        return f"{coverage(run)} · no effect yet"
    return f"{coverage(run)} · {proven} of {many(effects['planned'], 'effect')} proven: {facts.proof_text(run)}"


def coverage(run: Run) -> str:
    """`2 of 3 footholds closed, 1 not in this playbook`."""
    states = [standing.state for standing in facts.standings(run)]
    parts = [f"{states.count('closed')} of {many(len(states), 'foothold')} closed"]
    parts += [f"{states.count(state)} {spoken(state)}" for state in dict.fromkeys(states) if state != "closed"]
    return ", ".join(parts)


def _cells(run: Run, steps: list[Mapping[str, Any]]) -> dict[str, Cell]:
    return {layer: cell(run, [row for row in steps if row.get("layer") == layer]) for layer in LAYERS}


def cell(run: Run, steps: list[Mapping[str, Any]]) -> Cell:
    """How some steps stand together."""
    if not steps:
        return Cell()
    effects = [effect for row in steps for effect in run.of_step(str(row.get("id")))]
    wanted = max(sum(whole(row.get("missing")) + whole(row.get("held")) for row in steps), len(effects))
    words = [facts.word_of(effect) for effect in effects] + ["planned"] * (wanted - len(effects))
    state = next((word for word in WORST_FIRST if word in words), "")
    lines: list[str] = []
    closed = sum(1 for word in words if word in CLOSED_WORDS)
    others = [(word, words.count(word)) for word in WORST_FIRST if word in words]
    if closed:
        held = words.count("held-already")
        name = "held already" if held == closed else "effective"
        state = state or ("held-already" if held == closed else "effective")
        grade = _weakest(effects)
        lines.append(f"{closed}/{wanted} {name}{', ' + grade if grade else ''}")
        if held and held != closed:
            lines.append(f"{held} of them held already")
        lines += [f"{count} {spoken(word)}" for word, count in others if word != "planned"]
    elif wanted:
        lines += [f"{count}/{wanted} {spoken(word)}" for word, count in others]
    else:
        state, line = _without_effects(run, steps)
        lines.append(line)
    if since := sum(facts.since_approval(run, str(row.get("id"))) for row in steps):
        lines.append(f"+{since} since approval")
    if (alive := sum(facts.live(run, row) for row in steps)) and run.word != "recovered":
        lines.append(f"still in by {many(alive, 'live ' + noun(steps))}")
    return Cell(state, tuple(lines))


def _without_effects(run: Run, steps: list[Mapping[str, Any]]) -> tuple[str, str]:
    for row in steps:
        at = run.steps.get(str(row.get("id")), {})
        if at.get("state") in {"failed", "skipped", "waiting", "open"}:
            why = safe(at.get("why", ""), 80)
            return str(at["state"]), f"{spoken(str(at['state']))}{': ' + why if why else ''}"
    if why := next((row["why"] for row in steps if row.get("why")), ""):
        return "unknown", f"unknown: {safe(why, 80)}"
    if any(str(row.get("id")) in run.listings for row in steps):
        return "nothing-found", "nothing found"
    return "planned", "planned"


def _weakest(effects: list[Effect]) -> str:
    grades = [effect.grade for effect in effects if facts.word_of(effect) in CLOSED_WORDS]
    return next((grade for grade in reversed(GRADES) if grade in grades), "")


def noun(steps: list[Mapping[str, Any]]) -> str:
    """What a cut ends, as its action names it: revoke_token ends tokens."""
    names = {
        str(row.get("uses", "")).rpartition(".")[2].rpartition("_")[2] for row in steps if row.get("kind") == "cut"
    }
    name = names.pop() if len(names) == 1 else ""
    name = name.removesuffix("s")
    return name if name in {"token", "session", "key", "login", "grant"} else "target"


def plain(shown: Matrix) -> list[str]:
    """For a pipe, a file or a screen without colour."""
    lines = []
    for row in shown.rows:
        state = f": {spoken(row.state)}" if row.state else ""
        lines.append(
            f"{row.name}{' (found, not declared)' if row.found else ''}{state}{' (' + row.why + ')' if row.why else ''}"
        )
        lines += [f"  {layer:<12} {'; '.join(cell.lines)}" for layer, cell in row.cells.items() if cell.state]
    return [*lines, shown.total]


def render(shown: Matrix) -> RenderableType:
    """For a terminal. Every text is a `Text`: markup in a name stays text."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("foothold")
    for layer in LAYERS:
        table.add_column(layer)
    for row in shown.rows:
        head = Text(row.name, style="bold")
        if row.found:
            head.append("\nfound, not declared", style="yellow")
        if row.state:
            head.append(f"\n{spoken(row.state)}", style=STYLES[tone(row.state)])
        table.add_row(head, *(_text(row.cells[layer]) for layer in LAYERS))
    return Group(table, Text(shown.total))


def _text(cell: Cell) -> RenderableType:
    from rich.text import Text

    if not cell.state:
        return Text("-", style="dim")
    text = Text(cell.lines[0], style=STYLES[tone(cell.state)])
    for line in cell.lines[1:]:
        text.append(f"\n{line}", style="bold red" if line.startswith("still in") else "")
    return text
