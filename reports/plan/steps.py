"""The steps of a plan, layer by layer: what is seen, what is wanted, the calls, and what it takes to get back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.matrix import LAYERS, noun
from reports.plan.node import Node
from reports.text import many, safe, span, whole

SHOWN = 3
"""Targets of a step that are named; the rest is counted."""

_TAGS = {"hold": "HOLD", "cut": "CUT", "manual": "BY HAND", "message": "TELL"}
_STYLES = {"hold": "green", "cut": "bold red", "manual": "bold yellow", "message": "cyan"}


def layers(planned: Mapping[str, Any], *, every: bool) -> list[Node]:
    """One node a layer, then the messages. `every` shows each recorded target, else the first few of each step."""
    rows = [row for row in planned["steps"] if row["kind"] in _TAGS]
    found = []
    said: set[str] = set()
    for layer in ("", *LAYERS):
        mine = [row for row in rows if row["kind"] != "message" and _layer(row) == layer]
        if mine:
            order = sorted(mine, key=_is_below)
            nodes = tuple(_step(row, rows, said, every=every) for row in order)
            found.append(Node((layer or "beside the layers").upper(), "bold", nodes))
    if told := [row for row in rows if row["kind"] == "message"]:
        found.append(Node("TELL", "bold", tuple(_step(row, rows, said, every=every) for row in told)))
    return found


def _is_below(row: Mapping[str, Any]) -> bool:
    return row["kind"] == "cut" or (row["kind"] == "hold" and bool(row.get("below")))


def _layer(row: Mapping[str, Any]) -> str:
    return str(row["layer"]) if row["layer"] in LAYERS else ""


def _step(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], said: set[str], *, every: bool) -> Node:
    tag = _TAGS[row["kind"]]
    if row["kind"] == "manual":
        return Node(f"{tag} · {safe(row['id'], 60)}: {_person(row)}", _STYLES["manual"], tuple(_instruction(row)))
    when = {"HOLD": ", at once", "CUT": ", after approval"}.get(tag, "")
    if tag == "HOLD" and row.get("below"):
        when = ", after approval"
    head = f"{tag}{when} · {safe(row['id'], 60)}: {safe(row['uses'], 80)}, {_count(row)}"
    return Node(head, _STYLES[row["kind"]], (*_what(row, every=every), *_costs(row, rows, said)))


def _person(row: Mapping[str, Any]) -> str:
    """When a person is asked, and how long they have."""
    within = f", within {span(whole(row.get('within_s')))}" if row.get("within_s") else ""
    if later := row.get("later") or row["why"]:
        return f"a person does it{within}, {safe(later)}"
    return f"a person does it{within}{', after approval' if row.get('below') else ''}"


def _instruction(row: Mapping[str, Any]) -> list[Node]:
    """All of it: half an instruction is none."""
    back = safe(row["irreversible"], 1000)
    return [
        Node(f"to do: {safe(row.get('wanted') or row['uses'], 2000)}"),
        *([Node(f"to undo: {back}")] if back else []),
    ]


def _count(row: Mapping[str, Any]) -> str:
    if later := row.get("later"):
        return "at the end" if row["kind"] == "message" and ", if " not in later else f"later: {safe(later)}"
    if row["why"]:
        return safe(row["why"])
    held = f", {row['held']} held already" if row["held"] else ""
    bound = f" (at most {row['at_most']})" if whole(row["at_most"]) > 1 else ""
    return f"{row['missing']} to do{bound}{held}"


def _what(row: Mapping[str, Any], *, every: bool) -> list[Node]:
    found = []
    if seen := row.get("seen"):
        found.append(Node(f"now: {safe(seen)}"))
    if wanted := row.get("wanted"):
        found.append(Node(f"wanted: {safe(wanted)}"))
    if row.get("later"):
        return found
    shown = list(row.get("shown") or [{"target": "", "calls": [call]} for call in row.get("calls", ())])
    named = shown if every else shown[:SHOWN]
    for one in named:
        calls = [safe(call) for call in one["calls"]]
        target = f"{safe(one['target'], 80)}: " if one["target"] else ""
        found.append(Node(f"{target}{'; '.join(calls)}", "dim"))
    if (more := whole(row["missing"]) - len(named)) > 0 and named:
        found.append(Node(f"and {more} more like {'these' if len(named) > 1 else 'this'}", "dim"))
    if held := row.get("held_targets"):
        rest = whole(row["held"]) - len(held[:SHOWN])
        also = f" and {rest} more" if rest > 0 else ""
        found.append(Node(f"held already: {', '.join(safe(target, 80) for target in held[:SHOWN])}{also}", "dim"))
    return found


def _costs(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], said: set[str]) -> list[Node]:
    found = []
    if alive := whole(row.get("still_in")):
        cuts = [one for one in rows if one["kind"] == "cut" and one.get("foothold") == row.get("foothold")]
        found.append(
            Node(f"stops new access only: still in by {many(alive, f'live {noun(cuts)}')} until the cut", "bold red")
        )
    if row["kind"] == "cut" and row["irreversible"]:
        found.append(Node(f"cannot be undone; to get back: {safe(row['irreversible'])}"))
    if row["residual"]:
        longest = whole(row.get("residual_s"))
        what = "as above" if row["residual"] in said else safe(row["residual"])
        said.add(row["residual"])
        found.append(Node(f"what lives on{f' for at most {span(longest)}' if longest else ''}: {what}", "yellow"))
    return found
