"""The blast radius as an SVG of its own: no script, no font from elsewhere, light and dark, told by words and shapes.

Written by the standard library's ElementTree, which escapes every text: a name at a provider is the attacker's to choose.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from inventory.radius.columns import (
    BETWEEN,
    COLUMNS,
    GAP,
    HEAD,
    HEADINGS,
    MARGIN,
    MARKED,
    PAD,
    ROW,
    SIZE,
    TITLE_ROW,
    TOP,
    WIDTH,
    Band,
    Box,
    Layout,
    Row,
    laid_out,
    left_of,
    parents_of,
)  # fmt: skip
from inventory.radius.graph import READS, STATE_WORDS, STOPS, Graph, counts, graph
from inventory.radius.model import Radius
from inventory.radius.text import cut, shown, width

STYLE = """
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 12px; fill: #16202a; }
.page { fill: #ffffff; } .h1 { font-size: 18px; font-weight: 700; } .column, .group { font-size: 11px; font-weight: 700; }
.column, .soft { fill: #55636f; } .name { font-size: 14px; font-weight: 700; } .state, .act { font-weight: 700; } .warn { fill: #8c1d18; }
.box { fill: #ffffff; stroke: #7b8a97; stroke-width: 1.2; } .edge { fill: none; stroke: #93a1ad; stroke-width: 1.4; } .tip { fill: #93a1ad; } .far { stroke-dasharray: 4 3; }
.hold { stroke: #16202a; stroke-width: 1.6; } .cut { stroke: #16202a; stroke-width: 2.6; } .in-part { stroke: #8c1d18; stroke-width: 2.6; stroke-dasharray: 9 4; }
.nobody { stroke: #8c1d18; stroke-width: 3; stroke-dasharray: 2.5 4; } .mark { fill: none; stroke: #16202a; stroke-width: 1.4; } .full { fill: #16202a; stroke: #16202a; }
.bad { fill: none; stroke: #8c1d18; stroke-width: 1.5; } .number { font-size: 10px; font-weight: 700; text-anchor: middle; } .inverse { fill: #ffffff; }
.identity { fill: #e8eefb; } .application { fill: #e6f4ec; } .network { fill: #fbf1dc; } .data { fill: #f2e9f8; }
.t-identity { fill: #274b9b; } .t-application { fill: #17653a; } .t-network { fill: #7a5200; } .t-data { fill: #6a2d8a; }
@media (prefers-color-scheme: dark) {
text { fill: #e6ebf0; } .page { fill: #12181e; } .column, .soft { fill: #a3b1bd; } .warn { fill: #ff9d97; } .box { fill: #1a2229; stroke: #7b8a97; }
.edge { stroke: #667582; } .tip { fill: #667582; } .hold, .cut { stroke: #e6ebf0; } .in-part, .nobody, .bad { stroke: #ff9d97; } .mark { stroke: #e6ebf0; }
.full { fill: #e6ebf0; stroke: #e6ebf0; } .inverse { fill: #12181e; } .identity { fill: #1b2740; } .application { fill: #16301f; } .network { fill: #33270d; } .data { fill: #2d1d38; }
.t-identity { fill: #9db8f5; } .t-application { fill: #7fd6a2; } .t-network { fill: #f0c060; } .t-data { fill: #d3a5ec; }
}
"""
LEGEND = 40.0


def svg(of: Radius) -> str:
    """The picture, as the text of a file."""
    drawn = graph(of)
    found = laid_out(drawn)
    height = found.height + LEGEND
    root = Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_n(WIDTH)} {_n(height)}", "width": _n(WIDTH),
        "height": _n(height), "role": "img", "aria-labelledby": "title desc",
    })  # fmt: skip
    SubElement(root, "title", {"id": "title"}).text = f"What {shown(of.title)} reaches"
    SubElement(root, "desc", {"id": "desc"}).text = described(of)
    SubElement(root, "style").text = STYLE
    _rect(root, 0, 0, WIDTH, height, "page")
    head = f"{shown(of.title)}: {counts(of)}"
    _text(root, MARGIN, 34, cut(head, WIDTH - 2 * MARGIN, 18, bold=True), "h1")
    for column, heading in enumerate(HEADINGS):
        _text(root, left_of(column), 62, heading.upper(), "column")
    for band in found.bands:
        _band(root, band)
    _edges(root, drawn, found)
    for box in found.boxes.values():
        _box(root, box)
    _legend(root, found.height)
    indent(root, " ")
    return tostring(root, encoding="unicode") + "\n"


def described(of: Radius) -> str:
    """What the picture shows, for who cannot see it."""
    ways = "; ".join(f"{shown(each.id)}: {STATE_WORDS[each.state]}" for each in of.footholds)
    stops = ", ".join(shown(each.title) for each in of.downstream) or "no other integration"
    data = ", ".join(map(shown, of.data)) or "nobody wrote down what"
    return f"{counts(of)}. Footholds: {ways}. It can read: {data}. With it stops: {stops}."


def _edges(root: Element, of: Graph, found: Layout) -> None:
    """Elbows in the gaps between columns, and one lane above them for what is read and what stops: over no text."""
    parents = parents_of(of)
    lane, bus = TOP - 16, left_of(4) - GAP / 4
    here = found.boxes["integration"]
    for edge in of.edges:
        if edge.to not in found.boxes or edge.why == "is":
            continue
        one, other = found.boxes[edge.of], found.boxes[edge.to]
        y = other.y + PAD + HEAD / 2
        if COLUMNS[other.node.kind] < 4:
            start = one.y + PAD + HEAD / 2
            turn = one.x + one.w + (GAP / 2 if COLUMNS[one.node.kind] < 2 else GAP / 2 + PAD)
            shared = COLUMNS[one.node.kind] == 2 and other.y < one.y  # it stands beside another foothold
            turn += PAD if shared else 0
            _path(root, f"M{_n(one.x + one.w)} {_n(start)}H{_n(turn)}V{_n(y)}H{_n(other.x)}", other.x, y, far=shared)
        elif parents.get(edge.to) == edge.of and edge.of == "integration":
            up = here.x + here.w - PAD
            _path(root, f"M{_n(up)} {_n(here.y)}V{_n(lane)}H{_n(bus)}V{_n(y)}H{_n(other.x)}", other.x, y)
        elif parents.get(edge.to) == edge.of:
            down = one.x + PAD / 2
            _path(root, f"M{_n(down)} {_n(one.y + one.h)}V{_n(y)}H{_n(other.x)}", other.x, y)


def _path(root: Element, way: str, x: float, y: float, *, far: bool = False) -> None:
    SubElement(root, "path", {"class": "edge far" if far else "edge", "d": way})
    SubElement(root, "path", {"class": "tip", "d": f"M{_n(x)} {_n(y)}l-7 -4v8z"})


def _band(root: Element, band: Band) -> None:
    if band.name in {READS, STOPS}:
        _text(root, band.x + PAD, band.y + 14, band.name.upper(), "group soft")
        return
    _rect(root, band.x, band.y, band.w, band.h - BETWEEN / 2, band.name, radius=8)
    _text(root, band.x + PAD, band.y + 15, band.name.upper(), f"group t-{band.name}")


def _box(root: Element, box: Box) -> None:
    node = box.node
    group = SubElement(root, "g", {"class": node.kind})
    SubElement(group, "title").text = "\n".join([node.title, *(line.text for line in node.lines)])
    round_by = {"hold": 10.0, "vendor": 14.0, "account": 14.0, "cut": 0.0}.get(node.state or node.kind, 3.0)
    _rect(group, box.x, box.y, box.w, box.h, f"box {node.state}".rstrip(), radius=round_by)
    at = box.y + PAD + 13
    for number, part in enumerate(box.title):
        _text(group, box.x + PAD, at + TITLE_ROW * number, part, "name")
    if node.state:
        said = STATE_WORDS[node.state]
        _shape(group, node.state, box.x + box.w - PAD - width(said, SIZE, bold=True) - 12, at - 4.5)
        _text(
            group, box.x + box.w - PAD, at, said, "state" if node.state in {"hold", "cut"} else "state warn", end=True
        )
    for number, row in enumerate(box.rows):
        _row(group, row, box.x + PAD, box.under_title + ROW * number + 11)


def _row(group: Element, row: Row, x: float, y: float) -> None:
    marked = row.mark in {"hold", "cut", "warn"}
    if marked and row.first is not None:
        _shape(group, row.mark, x + 8, y - 4)
        if row.mark == "warn":
            _text(group, x + 8, y - 0.5, "!", "number warn")
        else:
            number = str(row.first.n) if row.first.n else "-"
            _text(group, x + 8, y - 0.5, number, "number inverse" if row.mark == "cut" else "number")
    style = {"hold": "act", "cut": "act"}.get(row.mark, row.mark) if row.mark else ""
    _text(group, x + (MARKED if marked else 0), y, row.text, style)


def _shape(root: Element, what: str, x: float, y: float) -> None:
    """A ring: can be undone. A full square: cannot. A square struck through: in part. A cross in an octagon: nobody. A triangle: mind it."""
    if what == "hold":
        SubElement(root, "circle", {"class": "mark", "cx": _n(x), "cy": _n(y), "r": "7"})
    elif what == "cut":
        _rect(root, x - 7, y - 7, 14, 14, "full")
    elif what == "in-part":
        SubElement(root, "path", {"class": "bad", "d": f"M{_n(x - 6)} {_n(y - 6)}h12v12h-12zm0 12l12 -12"})
    elif what == "nobody":
        octagon = f"M{_n(x - 3)} {_n(y - 7)}h6l4 4v6l-4 4h-6l-4 -4v-6z"
        cross = f"M{_n(x - 3)} {_n(y - 3)}l6 6m0 -6l-6 6"
        SubElement(root, "path", {"class": "bad", "d": octagon + cross})
    else:
        SubElement(root, "path", {"class": "bad", "d": f"M{_n(x)} {_n(y - 7)}l7.5 13h-15z"})


def _legend(root: Element, y: float) -> None:
    """What shapes and numbers mean."""
    x = MARGIN
    for what, said in (
        ("hold", "HOLD: at once, can be undone"), ("cut", "CUT: one-way, after approval"),
        ("in-part", "closes in part"), ("nobody", "nobody can close it"), ("warn", "stays open or in doubt"),
    ):  # fmt: skip
        _shape(root, what, x + 8, y + 8)
        if what == "warn":
            _text(root, x + 8, y + 11.5, "!", "number warn")
        _text(root, x + MARKED, y + 12, said, "soft")
        x += MARKED + width(said, SIZE) + 20
    _text(root, x, y + 12, "Numbers: the order of revocation", "soft")


def _text(root: Element, x: float, y: float, said: str, style: str = "", *, end: bool = False) -> None:
    more = {"class": style} if style else {}
    if end:
        more["text-anchor"] = "end"
    SubElement(root, "text", {"x": _n(x), "y": _n(y), **more}).text = said


def _rect(root: Element, x: float, y: float, w: float, h: float, style: str, *, radius: float = 0) -> None:
    more = {"rx": _n(radius)} if radius else {}
    SubElement(root, "rect", {"class": style, "x": _n(x), "y": _n(y), "width": _n(w), "height": _n(h), **more})


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
