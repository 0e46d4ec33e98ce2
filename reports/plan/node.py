"""A line of a plan with the lines below it: the same sentences in a pipe and on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text
    from rich.tree import Tree


@dataclass(frozen=True, slots=True)
class Node:
    """`style` is how loud it is on a terminal; "" is plain."""

    text: str
    style: str = ""
    under: Sequence[Node] = field(default=())


def plain(nodes: Sequence[Node], depth: int = 0) -> Iterator[str]:
    """Lines, two spaces further in for each level."""
    for node in nodes:
        yield f"{'  ' * depth}{node.text}"
        yield from plain(node.under, depth + 1)


def drawn(nodes: Sequence[Node]) -> RenderableType:
    """For a terminal: a tree for each node that has something below it. Markup in a name stays text."""
    from rich.console import Group
    from rich.tree import Tree

    def grown(node: Node) -> Tree:
        tree = Tree(_text(node), guide_style="dim")
        for one in node.under:
            tree.children.append(grown(one))
        return tree

    return Group(*(grown(node) if node.under else _text(node) for node in nodes))


def _text(node: Node) -> Text:
    from rich.text import Text

    return Text(node.text, style=node.style)
