"""The plan as a responder reads it before anything happens: what is held now, what is cut after approval, what is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journal.replay import Run

SHOWN = 3
"""Targets of a step that are named; the rest is counted."""

LAYERS = ("identity", "application", "network", "data")


def lines(run: Run, *, whole: bool = False) -> list[str]:
    """The plan, a line each; `whole` names every recorded call, else the first few of each step."""
    planned, opened = run.planned, run.opened
    if not planned:
        return []
    said = [str(planned["first_line"])]
    said += _group(planned, "hold", "HOLD, at once; can be undone", whole=whole)
    said += _group(planned, "cut", "CUT, after approval; cannot be undone", whole=whole)
    said += _group(planned, "message", "TELL", whole=whole)
    footholds = opened.get("footholds", {})
    said += [
        f"NOT IN THIS PLAYBOOK: {name} ({footholds.get(name, {}).get('kind', '')}): no run of it can be contained"
        for name in planned["not_covered"]
    ]
    if breaks := opened.get("breaks"):
        said.append(f"Breaks: {breaks}")
    if does_not := opened.get("does_not"):
        said.append(f"Does not: {does_not}")
    said.append(f"Plan {planned['plan_hash'][:8]}, scope {planned['scope_hash'][:8]}")
    return said


def _group(planned: Mapping[str, Any], kind: str, title: str, *, whole: bool) -> list[str]:
    rows = [row for row in planned["steps"] if row["kind"] == kind]
    if not rows:
        return []
    said = [title]
    for row in sorted(rows, key=lambda row: LAYERS.index(row["layer"]) if row["layer"] in LAYERS else 9):
        said.append(f"  {row['layer']:<12} {row['id']}: {row['uses']}, {_count(row)}{_tail(row)}")
        calls = row["calls"] if whole else row["calls"][:SHOWN]
        said += [f"  {'':<12}   {call}" for call in calls]
        if (more := row["missing"] - len(calls)) > 0 and calls:
            said.append(f"  {'':<12}   and {more} more like these")
    return said


def _count(row: Mapping[str, Any]) -> str:
    if row["why"]:
        return str(row["why"])
    held = f", {row['held']} held already" if row["held"] else ""
    bound = f" (at most {row['at_most']})" if row["at_most"] > 1 else ""
    return f"{row['missing']} to do{bound}{held}"


def _tail(row: Mapping[str, Any]) -> str:
    parts = []
    if row["irreversible"] and row["kind"] == "cut":
        parts.append(f"to get back: {row['irreversible']}")
    if row["residual"]:
        parts.append(f"what lives on: {row['residual']}")
    return "".join(f"; {part}" for part in parts)
