"""A playbook as a graph: what waits for what, with the wall across it. As Mermaid text, and as lines for a terminal.

It knows no playbook: it draws the rows that `triggers.cli.showing` describes steps with.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.radius.mermaid import quoted

WIDTH = 80
SHAPES = {
    "approve": ("{{", "}}"), "manual": ("[/", "/]"), "message": (">", "]"), "find": ("([", "])"), "look": ("([", "])"),
    "watch": ("((", "))"),
}  # fmt: skip
"""How Mermaid draws what is neither a hold nor a cut."""


@dataclass(frozen=True)
class Node:
    """A step; `name`: its id, where one was written. `side`: "" where its phase has no wall, else `above` or `below`; the wall itself is on neither."""

    id: str
    name: str
    what: str
    uses: str
    phase: str
    side: str
    layer: str
    within: str
    if_: str

    @property
    def label(self) -> str:
        """What it is, in words that need no colour."""
        if self.what == "approve":
            return f"WALL: {self.uses}"
        return f"{self.what.upper()} {self.name}".rstrip()

    def as_json(self) -> dict[str, str]:
        """For machines."""
        return {
            "id": self.id, "name": self.name, "what": self.what, "uses": self.uses, "phase": self.phase, "side": self.side,
            "layer": self.layer, "within": self.within, "if": self.if_,
        }  # fmt: skip


@dataclass(frozen=True)
class Edge:
    """`to` waits for `of`. `wall`: by where it stands, not because it names it."""

    of: str
    to: str
    wall: bool = False

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"from": self.of, "to": self.to, "why": "wall" if self.wall else "waits"}


@dataclass(frozen=True)
class Graph:
    """All steps of a playbook, in the order of its file, and what each waits for."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"nodes": [node.as_json() for node in self.nodes], "edges": [edge.as_json() for edge in self.edges]}


def graph(phases: Mapping[str, Sequence[Mapping[str, Any]]]) -> Graph:
    """Make the graph of described steps. What stands above a wall is before it, and it is before all below."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    for phase, rows in phases.items():
        here = _nodes(phase, rows)
        nodes += here
        edges += [Edge(other, row["key"]) for row in rows for other in row["waits_for"]]
        edges += _walls(here, edges)
    return Graph(tuple(nodes), tuple(edges))


def _nodes(phase: str, rows: Sequence[Mapping[str, Any]]) -> list[Node]:
    walls = [at for at, row in enumerate(rows) if row["what"] == "approve"]
    here = []
    for at, row in enumerate(rows):
        side = "" if not walls or at in walls else "above" if at < walls[0] else "below"
        more = (row["layer"], row["within"], row["if"])
        here.append(Node(row["key"], row["id"], row["what"], _uses(row), phase, side, *more))
    return here


def _uses(row: Mapping[str, Any]) -> str:
    """What a step uses, or for a wall who opens it."""
    if row["what"] == "approve":
        return f"{row['uses']} approves" + (f" ({row['people']} people)" if row["people"] > 1 else "")
    return str(row["uses"]) + (f", {row['share']} of it first" if row["share"] else "")


def _walls(here: Sequence[Node], edges: Iterable[Edge]) -> list[Edge]:
    """The edges that standing above or below a wall, and a watch at the end, are."""
    waits = {(edge.of, edge.to) for edge in edges}
    found = []
    for wall in (node for node in here if node.what == "approve"):
        below = [node.id for node in here if node.side == "below"]
        above = [node for node in here if node.side == "above"]
        last = [node.id for node in above if node.what in {"hold", "manual"}] or [node.id for node in above]
        first = [one for one in below if not any((other, one) in waits for other in below)]
        found += [Edge(one, wall.id, wall=True) for one in last] + [Edge(wall.id, one, wall=True) for one in first]
    for watch in (node for node in here if node.what == "watch"):
        acting = [node.id for node in here if node.what in {"hold", "cut", "manual"}]
        found = [edge for edge in found if edge.to != watch.id]
        found += [
            Edge(one, watch.id, wall=True) for one in acting if not any((one, other) in waits for other in acting)
        ]
    return found


def mermaid(drawn: Graph) -> list[str]:
    """Give the text of a Mermaid flowchart."""
    lines = ["flowchart TD"]
    for phase in dict.fromkeys(node.phase for node in drawn.nodes):
        lines.append(f'  subgraph phase_{phase} ["{phase}"]')
        for node in (node for node in drawn.nodes if node.phase == phase):
            opens, closes = SHAPES.get(node.what, ("[", "]"))
            lines.append(f'    s_{node.id}{opens}"{_label(node)}"{closes}')
        lines.append("  end")
    lines += [f"  s_{edge.of} {'-.->' if edge.wall else '-->'} s_{edge.to}" for edge in drawn.edges]
    phases = list(dict.fromkeys(node.phase for node in drawn.nodes))
    lines += [f"  phase_{one} ==> phase_{other}" for one, other in itertools.pairwise(phases)]
    for what, style in (
        ("approve", "stroke-width:4px"),
        ("cut", "stroke-dasharray:6 3"),
        ("manual", "stroke-width:2px"),
    ):
        if named := [f"s_{node.id}" for node in drawn.nodes if node.what == what]:
            lines += [f"  classDef {what} {style}", f"  class {','.join(named)} {what}"]
    return lines


def _label(node: Node) -> str:
    parts = [quoted(node.label)]
    if node.what != "approve":
        parts.append(quoted(node.uses + (f" [{node.layer}]" if node.layer else "")))
    if node.if_:
        parts.append(quoted(f"if {node.if_}"))
    if node.within:
        parts.append(quoted(f"within {node.within}"))
    return "<br/>".join(parts)


def terminal(drawn: Graph, width: int = WIDTH) -> list[str]:
    """Draw it in plain lines: each step under what it waits for, the wall across."""
    lines: list[str] = []
    for phase in dict.fromkeys(node.phase for node in drawn.nodes):
        here = [node for node in drawn.nodes if node.phase == phase]
        lines.append(phase)
        lines += _side([node for node in here if node.side in {"", "above"} and node.what != "approve"], drawn, width)
        for wall in (node for node in here if node.what == "approve"):
            lines += _wall(wall, width)
        lines += _side([node for node in here if node.side == "below"], drawn, width)
    return lines


def _wall(wall: Node, width: int) -> list[str]:
    within = f" within {wall.within}" if wall.within else ""
    below = "below it nothing can be undone" if wall.phase == "contain" else "nothing below happens before"
    said = f" {wall.label}{within}; {below} "
    return [f"══{said}".ljust(width, "═")[:width]]


def _side(nodes: Sequence[Node], drawn: Graph, width: int) -> list[str]:
    """The steps on one side of a wall, as trees."""
    ids = {node.id: node for node in nodes}
    waits: dict[str, list[str]] = {}
    for edge in drawn.edges:
        if edge.to in ids and not edge.wall:
            waits.setdefault(edge.to, []).append(edge.of)
    depth: dict[str, int] = {}

    def deep(one: str) -> int:
        if one not in depth:
            depth[one] = 0  # a circle was refused when the playbook was checked
            depth[one] = 1 + max((deep(other) for other in waits.get(one, ()) if other in ids), default=-1)
        return depth[one]

    under: dict[str, list[Node]] = {}
    for node in nodes:
        here = [other for other in waits.get(node.id, ()) if other in ids]
        parent = max(here, key=deep) if here else ""
        under.setdefault(parent, []).append(node)
    lines: list[str] = []

    def draw(node: Node, lead: str, *, last: bool, top: bool, parent: str) -> None:
        also = sorted(set(waits.get(node.id, ())) - {parent})
        mark = "" if top else "└─ " if last else "├─ "
        below = lead if top else lead + ("   " if last else "│  ")
        follows = under.get(node.id, [])
        lines.extend(_step(node, also, f"  {lead}{mark}", f"  {below}{'│  ' if follows else '   '}", width))
        for at, child in enumerate(follows):
            draw(child, below, last=at == len(follows) - 1, top=False, parent=node.id)

    for node in under.get("", ()):
        draw(node, "", last=True, top=True, parent="")
    return lines


def _step(node: Node, also: Sequence[str], first: str, rest: str, width: int) -> list[str]:
    said = f"{node.label}: {node.uses}" if node.name else f"{node.label} {node.uses}"
    said += f" [{node.layer}]" if node.layer else ""
    said += f", if {node.if_}" if node.if_ else ""
    said += f", within {node.within}" if node.within else ""
    said += f", after {', '.join(also)}" if also else ""
    room = max(20, width - max(len(first), len(rest)))
    parts = textwrap.wrap(" ".join(said.split()), room, break_long_words=True) or [""]
    return [first + parts[0], *(rest + part for part in parts[1:])]
