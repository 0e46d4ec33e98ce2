"""The blast radius as Mermaid text, for where a picture is drawn from words: a wiki, an issue, a chat."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.radius.graph import READS, STATE_WORDS, STOPS, Graph, Line, Node

_SHAPES: Mapping[str, tuple[str, str]] = {
    "vendor": ("([", "])"), "credentials": ("[(", ")]"), "account": ("[/", "/]"), "data": ("[(", ")]"),
    "serves": (">", "]"),
}  # fmt: skip
_STYLES = {
    "hold": "stroke-width:2px", "cut": "stroke-width:4px", "in-part": "stroke-width:4px,stroke-dasharray:6 3",
    "nobody": "stroke-width:4px,stroke-dasharray:2 3",
}  # fmt: skip
_MARKS = {"hold": "HOLD ", "cut": "CUT ", "warn": "! ", "": "", "soft": ""}


def mermaid(of: Graph) -> list[str]:
    """Give the text of a flowchart, a line each. No id and no label is made of text that was not escaped."""
    ids = {node.id: f"n{at}" for at, node in enumerate(of.nodes)}
    lines = ["flowchart LR"]
    groups = dict.fromkeys(node.group for node in of.nodes)
    for at, group in enumerate(groups):
        here = [node for node in of.nodes if node.group == group]
        if group:
            lines.append(f'  subgraph g{at} ["{quoted(group if group in {READS, STOPS} else group.upper())}"]')
        lines += [f"  {'  ' if group else ''}{_node(node, ids[node.id])}" for node in here]
        lines += ["  end"] if group else []
    for edge in of.edges:
        arrow = "-->" if edge.why in {"holds", "comes in by", "gave out"} else "-.->"
        lines.append(f'  {ids[edge.of]} {arrow}|"{quoted(edge.why)}"| {ids[edge.to]}')
    for state, style in _STYLES.items():
        if named := [ids[node.id] for node in of.nodes if node.state == state]:
            name = state.replace("-", "")
            lines += [f"  classDef {name} {style}", f"  class {','.join(named)} {name}"]
    return lines


def _node(node: Node, key: str) -> str:
    opens, closes = _SHAPES.get(node.kind, ("[", "]"))
    state = [Line(STATE_WORDS[node.state].upper())] if node.state in STATE_WORDS else []
    parts = [quoted(node.title), *(_line(line) for line in (*state, *node.lines))]
    return f'{key}{opens}"{"<br/>".join(parts)}"{closes}'


def _line(line: Line) -> str:
    number = f"{line.n}. " if line.n else ""
    return quoted(f"{number}{_MARKS[line.mark]}{line.text}")


def quoted(text: str) -> str:
    """Text that ends no label and is no markup, by Mermaid's own entities."""
    flat = " ".join(text.split())
    return "".join(c if c.isalnum() or c in " .,:;-_/+*=!?()[]'" else f"#{ord(c)};" for c in flat[:200])
