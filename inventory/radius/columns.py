"""Where each node of the blast radius stands in a picture: five columns, each from the top down in reading order.

No library for layered layout: which column a node belongs to is what it is, the order in a column is the order in which
people read, and what belongs to a foothold stands beside it, so that nothing is left to be found out
(docs/decisions/0015).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from connectors.core import Layer
from inventory.radius.graph import STATE_WORDS, Graph, Line, Node
from inventory.radius.text import width, wrapped

MARGIN, GAP, BETWEEN, PAD = 24.0, 44.0, 12.0, 10.0
SIZE, ROW, HEAD = 12.0, 16.0, 22.0
"""The size of ordinary text, the height of its line, and that of a box's title, in pixels."""
TITLE, TITLE_ROW = 14.0, 18.0
SHAPE = 28.0
"""What a state's shape takes, with the space around it."""
MARKED = 22.0
"""How far in a line with a mark begins."""
TOP = 96.0
"""Where the boxes begin: below the title, the headings and the lane that leads to the last column."""
INDENT = 18.0
COLUMNS: Mapping[str, int] = {
    "vendor": 0, "integration": 1, "foothold": 2, "credentials": 3, "account": 3, "data": 4, "serves": 4, "downstream": 4,
}  # fmt: skip
WIDTHS = (170.0, 215.0, 345.0, 205.0, 265.0)
HEADINGS = ("vendor", "integration", "footholds, by layer", "credentials and accounts", "data, and what stops with it")
MOST = {"warn": 4, "": 5, "soft": 3, "hold": 2, "cut": 2}
"""Lines of a box that one sentence may take; the whole of it is in the box's title."""


def left_of(column: int) -> float:
    """Where a column begins."""
    return MARGIN + sum(WIDTHS[:column]) + GAP * column


WIDTH = left_of(len(WIDTHS) - 1) + WIDTHS[-1] + MARGIN


@dataclass(frozen=True, slots=True)
class Row:
    """One printed line. `first`: the line of the node that begins here; None for what goes on."""

    text: str
    mark: str
    first: Line | None


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place, in pixels."""

    node: Node
    x: float
    y: float
    w: float
    h: float
    title: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def under_title(self) -> float:
        """Where the first line begins."""
        return self.y + PAD + HEAD + TITLE_ROW * (len(self.title) - 1)


@dataclass(frozen=True, slots=True)
class Band:
    """What is behind a group of boxes, with its name: a layer's footholds."""

    name: str
    x: float
    y: float
    w: float
    h: float


@dataclass
class Layout:
    """All boxes by their node's id, the bands, and how tall it all is."""

    boxes: dict[str, Box] = field(default_factory=dict)
    bands: list[Band] = field(default_factory=list)
    height: float = 0.0


def laid_out(of: Graph) -> Layout:
    """Place every node. Boxes do not overlap, and no text is wider than its box."""
    found = Layout()
    for node in of.nodes[:2]:
        _place(found, node, left_of(COLUMNS[node.kind]), TOP, WIDTHS[COLUMNS[node.kind]])
    bottom = max(_footholds(found, of), _ends(found, of))
    found.height = max([bottom, *(box.y + box.h for box in found.boxes.values())]) + MARGIN
    return found


def _place(found: Layout, node: Node, x: float, y: float, w: float) -> float:
    """Put a box there; give where the next one may begin."""
    rows = tuple(_rows(node.lines, w - 2 * PAD))
    room = w - 2 * PAD - (width(STATE_WORDS[node.state], SIZE, bold=True) + SHAPE if node.state else 0)
    title = tuple(wrapped(node.title, room, TITLE, 2, bold=True)) or ("",)
    h = 2 * PAD + HEAD + TITLE_ROW * (len(title) - 1) + ROW * len(rows) - (6 if not rows else 0)
    found.boxes[node.id] = Box(node, x, y, w, h, title, rows)
    return y + h + BETWEEN


def _rows(lines: Sequence[Line], room: float) -> Iterator[Row]:
    for line in lines:
        bold = line.mark in {"hold", "cut"}
        inner = room - (MARKED if bold or line.mark == "warn" else 0)
        label = {"hold": "HOLD ", "cut": "CUT "}.get(line.mark, "")
        for at, text in enumerate(wrapped(label + line.text, inner, SIZE, MOST[line.mark], bold=bold)):
            yield Row(text, line.mark, line if at == 0 else None)


def _footholds(found: Layout, of: Graph) -> float:
    """A band a layer; beside each foothold what was given out under it, and the accounts that it works as."""
    nodes = {node.id: node for node in of.nodes}
    placed: set[str] = set()
    x, beside, y = left_of(2), left_of(3), TOP
    for layer in get_args(Layer):
        here = [node for node in of.nodes if node.kind == "foothold" and node.group == layer]
        if not here:
            continue
        top = y
        y += HEAD
        for node in here:
            below = _place(found, node, x + PAD, y, WIDTHS[2] - 2 * PAD)
            other = y
            for edge in of.edges:
                if edge.of == node.id and edge.to not in placed:
                    placed.add(edge.to)
                    other = _place(found, nodes[edge.to], beside, other, WIDTHS[3])
            y = max(below, other)
        found.bands.append(Band(layer, x, top, WIDTHS[2], y - top))
        y += BETWEEN
    return y


def _ends(found: Layout, of: Graph) -> float:
    """What is read, then what stops: an integration that needs another one further in, below it."""
    x, y, last = left_of(4), TOP, ""
    for node in (node for node in of.nodes if COLUMNS[node.kind] == 4):
        if node.group != last:
            found.bands.append(Band(node.group, x, y, WIDTHS[4], HEAD))
            y, last = y + HEAD, node.group
        inwards = INDENT * (1 + min(max(node.depth - 1, 0), 4))
        y = _place(found, node, x + inwards, y, WIDTHS[4] - inwards)
    return y


def parents_of(of: Graph) -> dict[str, str]:
    """Node of the last column -> the one that it is drawn below: the first that it needs. The rest is told in words."""
    found: dict[str, str] = {}
    depth = {node.id: node.depth for node in of.nodes}
    for edge in of.edges:
        if edge.why in {"reads", "serves", "is needed by"} and depth[edge.of] < max(depth[edge.to], 1):
            found.setdefault(edge.to, edge.of)
    return found
